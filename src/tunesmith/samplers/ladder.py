"""Ladder: the default search. A Gaussian process while trials are few; once they are many, others take turns with it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final, final

from numpy.random import Generator

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.cmaes import CMAES
from tunesmith.samplers.gp.price import Price
from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.samplers.nsga2 import NSGA2
from tunesmith.samplers.tpe.sampler import TPE
from tunesmith.space.params import Choice
from tunesmith.space.space import Space
from tunesmith.surrogates.rows import ALL
from tunesmith.trials.changes import Changes
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_WIDEST: Final = 200
"""More parameters than this leave a Gaussian process without neighbours to learn from."""
_MOST_OBJECTIVES: Final = 4
_APART: Final = 3
"""A smaller ratio of dear trials to cheap ones is not worth a thought."""


@final
class Ladder:
    """Chooses for each trial who proposes it, by the space, the objectives, and how many trials there are.

    Up to `ALL` trials a Gaussian process is best by far (bench/README.md). Beyond, it models a part of them only; what it
    overlooks, TPE and an evolution strategy find, at a fraction of its time, and it sees what they found. `price` is the process's.
    """

    def __init__(self, *, price: Price | None = None) -> None:
        self._gp, self._tpe, self._cmaes, self._nsga2 = GaussianProcess(price=price), TPE(), CMAES(), NSGA2()

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        turns = [self._turn(view.asking(view.next + i)) for i in range(n)]
        proposals: list[Proposal] = []
        for sampler, turn in groupby(turns):
            seen = _with_under_way(view, proposals) if proposals else view
            proposals += sampler.ask(seen.asking(view.next + len(proposals)), len(list(turn)), rng)
        return proposals

    def _turn(self, view: View) -> Sampler:
        objectives = len(view.spec.objectives)
        first = self._nsga2 if objectives > _MOST_OBJECTIVES else self._gp if _is_modelled(view.space) else self._tpe
        if view.next < ALL:
            return first
        evolving = self._nsga2 if objectives > 1 else self._cmaes if _is_numeric(view.space) else first
        return (first, self._tpe, evolving)[view.next % 3]


def _with_under_way(view: View, proposals: Sequence[Proposal]) -> View:
    """A view in which these proposals are trials under way, so that one sampler knows what others have just proposed."""
    trials = [
        Trial(number, State.READY, config=proposal.config, by=proposal.by)
        for number, proposal in enumerate(proposals, len(view.trials))
    ]
    return View(view.spec).advance(Changes(0, view.seq, [*view.trials, *trials]))


def ladder_for(spec: StudySpec) -> Ladder:
    """The ladder of a study: costs count where dear trials take more of the budget than cheap ones."""
    return Ladder(price=Price(apart=_APART) if _limited(spec) else None)


def _limited(spec: StudySpec) -> str:
    """What trials take of the budget, besides their number; empty if nothing."""
    return "time" if spec.budget.time is not None else "cost" if spec.budget.cost is not None else ""


def reason(spec: StudySpec) -> str:
    """What a ladder does in a study, and why, in one sentence."""
    space, trials = spec.space, spec.budget.trials
    width = "parameters that trials ask for as they run" if space.grows else _counted(space.codec().width, "parameter")
    if len(spec.objectives) > _MOST_OBJECTIVES:
        return f"NSGA-II, because {len(spec.objectives)} objectives leave a model little to choose by"
    if not _is_modelled(space):
        return f"TPE, because a Gaussian process learns too little of {width}"
    goal = "" if len(spec.objectives) == 1 else f" for the hypervolume of {len(spec.objectives)} objectives"
    said = f"Gaussian process{goal}, because it learns most from each trial of {width}"
    if _limited(spec):
        said += (
            f"; as the {_limited(spec)} is limited, it asks more of dear trials, where some cost {_APART} times as much"
        )
    if trials is not None and trials <= ALL:
        return said
    other = "NSGA-II" if len(spec.objectives) > 1 else "CMA-ES" if _is_numeric(space) else None
    return f"{said}; from trial {ALL} on in turns with TPE{f' and {other}' if other else ''}, which see all of many"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _is_modelled(space: Space) -> bool:
    return space.codec().width <= _WIDEST


def _is_numeric(space: Space) -> bool:
    """Whether a covariance means something: all parameters always take part, and few are without an order."""
    options = sum(isinstance(param, Choice) for param in space.params.values())
    return not space.conditions and not space.grows and 2 * options <= space.codec().width
