"""Evolution: populations that are read from the trials, so that there is nothing to keep from one question to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.samplers.base import Proposal
from tunesmith.samplers.fresh import fresh_proposal
from tunesmith.samplers.moves import Moves, moves_of
from tunesmith.samplers.opening import opening_length, opening_proposal
from tunesmith.samplers.standing import Ended, best_first, ended_of
from tunesmith.surrogates.evidence import Evidence, Points, evidence_of
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_CHILDREN: Final = 24
"""Candidates of which the first that is new is proposed."""
_FEWEST: Final = 8
"""Places of a population, besides one for each parameter."""
_MOST: Final = 30
_LEAST: Final = 4
_PBEST: Final = 0.2
"""Which part of the population is good enough to move towards (JADE, p)."""
_SCALE: Final = (0.4, 0.9)
_CROSSOVER: Final = (0.3, 0.6, 0.9)
_SHORTEST: Final = 0.02
_LONGEST: Final = 0.4
"""How far a number mutates, even on a log scale."""


@final
class DifferentialEvolution:
    """current-to-pbest/1/bin (JADE: Zhang & Sanderson 2009, eqs. 6-7, with archive), for numbers at many trials.

    Trial number i competes for place i mod P, and the best that has ended holds the place: that is the greedy
    replacement of DE, and needs neither generations nor memory. What ended last serves as the archive.

    `evidence` says which outcomes count: last values, or with `evidence_at_rung` those of one rung, after DEHB (Awad et al.
    2021), whose mutants have parents of a fidelity that is well known.
    """

    def __init__(self, *, evidence: Callable[[View], Evidence] = evidence_of) -> None:
        self._evidence = evidence

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        moves = moves_of(view.space)
        width = moves.codec.width
        size = min(_FEWEST + width, _MOST)
        ended = ended_of(view, self._evidence)
        ended = ended.at(~ended.failed)
        if not width or len(ended) < max(opening_length(view.space), _LEAST):
            return [opening_proposal(view.asking(view.next + i), rng) for i in range(n)]
        members = _holders(ended, size)
        proposals: list[Proposal] = []
        for number in range(view.next, view.next + n):
            if number < size:
                proposals.append(opening_proposal(view.asking(number), rng))
                continue
            target = members[number % size] if members[number % size] >= 0 else rng.choice(members[members >= 0])
            children = self._children(moves, ended, members[members >= 0], int(target), rng)
            why = f"trial {ended.numbers[target]} moved towards a good one"
            proposals.append(fresh_proposal(view, moves, children, ("differential evolution", why), proposals, rng))
        return proposals

    def _children(self, moves: Moves, ended: Ended, members: NDArray[np.intp], target: int, rng: Generator) -> Points:
        """Trial vectors for one place, shape (_CHILDREN, d)."""
        X, active = ended.points
        shape = (_CHILDREN, X.shape[1])
        order = best_first(ended.at(members))
        top = members[order[: max(2, round(_PBEST * len(members)))]]

        def chosen(rows: NDArray[np.intp]) -> Floats:
            picked = rng.choice(rows, _CHILDREN)
            # What takes no part in a parent may take part in its child, and begins anywhere.
            return np.where(active[picked], X[picked], rng.random(shape))

        base, best, one = chosen(np.array([target])), chosen(top), chosen(members)
        other = chosen(np.union1d(members, np.arange(len(ended))[-len(members) :]))
        scale = rng.uniform(*_SCALE, (_CHILDREN, 1))
        mutants = _between(base, base + scale * (best - base) + scale * (one - other))
        for j in np.flatnonzero(moves.unordered):
            mutants[:, j] = np.where(rng.random(_CHILDREN) < 0.5, best[:, j], one[:, j])
        crossed = rng.random(shape) < rng.choice(_CROSSOVER, (_CHILDREN, 1))
        crossed[np.arange(_CHILDREN), rng.integers(shape[1], size=_CHILDREN)] = True
        return Points(*moves.codec.snap(np.where(crossed, mutants, base)))


def _holders(ended: Ended, size: int) -> NDArray[np.intp]:
    """The best row of each place, shape (size,), -1 where there is none."""
    order = best_first(ended)[::-1]
    holders = np.full(size, -1, np.intp)
    holders[ended.numbers[order] % size] = order
    return holders


def _between(base: Floats, mutants: Floats) -> Floats:
    """Numbers beyond [0, 1] go half way from the base to the wall (JADE, III.E)."""
    return np.where(mutants < 0.0, base / 2.0, np.where(mutants > 1.0, (1.0 + base) / 2.0, mutants))


@final
class RegularizedEvolution:
    """Ageing evolution (Real et al. 2019, alg. 1): for architectures, options and conditional spaces at many trials.

    The last `population` outcomes are alive; the best of `tournament` of them gets a child that differs in one place.
    """

    def __init__(self, population: int = 40, tournament: int = 10) -> None:
        if population < 2 or not 1 <= tournament <= population:
            raise InvalidStudy(
                f"RegularizedEvolution(population={population}, tournament={tournament}): a population needs 2 or more, "
                "and a tournament at least 1 and at most all of them."
            )
        self.population = population
        self.tournament = tournament

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        moves = moves_of(view.space)
        ended = ended_of(view)
        ended = ended.at(~ended.failed)
        alive = ended.at(slice(-self.population, None))
        needed = max(opening_length(view.space), self.tournament)
        proposals: list[Proposal] = []
        for i in range(n):
            asking = view.asking(view.next + i)
            if not moves.codec.width or len(ended) < needed or asking.next < needed:
                proposals.append(opening_proposal(asking, rng))
                continue
            rivals = np.sort(rng.choice(len(alive), min(self.tournament, len(alive)), replace=False))
            parent = rivals[best_first(alive.at(rivals), 1)[0]]
            steps = _SHORTEST * (_LONGEST / _SHORTEST) ** rng.random(_CHILDREN)
            children = moves.mutated(alive.points.at(np.full(_CHILDREN, parent)), steps, 0.0, rng)
            why = f"trial {alive.numbers[parent]}, the best of {len(rivals)} that live, with one change"
            proposals.append(fresh_proposal(view, moves, children, ("evolution", why), proposals, rng))
        return proposals
