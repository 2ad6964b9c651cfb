"""Proposing: the sampler of a guided search. Each stage asks its questions; then everything is searched, with all that is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from numpy.random import Generator

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.ladder import ladder_for
from tunesmith.samplers.probed import Probed
from tunesmith.space.space import Space
from tunesmith.stages.order import GUIDED
from tunesmith.stages.plan import Plan
from tunesmith.trials.spec import Budget
from tunesmith.trials.view import View


@final
class Staged:
    """The questions of each stage, and then the search that `auto` makes, which learns from the trials of all stages alike."""

    name: Final = GUIDED
    why: Final = "one question after the other, and then the search of auto, which learns from all of them"

    def __init__(self) -> None:
        self._search: tuple[Budget, Sampler] | None = None
        self._part: Space | None = None

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        proposals: list[Proposal] = []
        for number in range(view.next, view.next + n):
            proposals.append(self._one(view.asking(number), proposals, rng))
        return proposals

    def _one(self, view: View, before: Sequence[Proposal], rng: Generator) -> Proposal:
        plan = Plan(view)
        stage = plan.now
        for question in plan.findings.questions(stage):
            if all(question.config != other.config for other in before):
                return Proposal(question.config, f"{stage}/line", question.why)
        part = self._kept(plan.findings.searched_space)
        (found,) = self._searching(view).ask(view if part is view.space else view.restricted(part), 1, rng)
        return Proposal(found.config, f"{stage}/{found.by}", found.why)

    def _searching(self, view: View) -> Sampler:
        if self._search is None or self._search[0] != view.spec.budget:
            self._search = view.spec.budget, Probed(ladder_for(view.spec))
        return self._search[1]

    def _kept(self, part: Space) -> Space:
        """The same object for the same part, since what samplers have learned hangs on it."""
        if self._part is None or part != self._part:
            self._part = part
        return self._part
