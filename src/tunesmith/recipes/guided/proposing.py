"""Proposing: the sampler of a guided search. In each stage it tries what the stage is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from numpy.random import Generator

from tunesmith.recipes.guided.findings import Findings
from tunesmith.recipes.guided.plan import Plan
from tunesmith.recipes.guided.stages import Name
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.ladder import Ladder
from tunesmith.space.space import Space
from tunesmith.trials.view import View


@final
class Staged:
    """Learning rates along a line, batches with the rate that goes with them, and elsewhere the inner sampler in a part of the space."""

    def __init__(self, inner: Sampler | None = None) -> None:
        self.inner = inner or Ladder()
        self._part: Space | None = None

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        proposals: list[Proposal] = []
        for number in range(view.next, view.next + n):
            proposals.append(self._one(view.asking(number), proposals, rng))
        return proposals

    def _one(self, view: View, before: Sequence[Proposal], rng: Generator) -> Proposal:
        plan = Plan(view)
        stage = plan.now
        for proposal in self._planned(plan.findings, stage):
            if all(proposal.config != other.config for other in before):
                return proposal
        part = self._kept(plan.findings.part(stage))
        inside = view if part is view.space else view.restricted(part)
        found = self.inner.ask(inside, 1, rng)[0]
        return Proposal(found.config, f"{stage}/{found.by}", found.why)

    def _planned(self, known: Findings, stage: Name) -> list[Proposal]:
        if stage == "learning rate":
            why = "other learning rates, with all else as in the best configuration so far"
            return [Proposal(config, f"{stage}/line", why) for config in known.next_rates()]
        if stage == "batch and schedule":
            planned = [*known.next_schedules(), *known.next_batches()]
        elif stage == "architecture and regularization":
            planned = known.next_lines()
        else:
            planned = []
        return [Proposal(config, f"{stage}/line", why) for config, why in planned]

    def _kept(self, part: Space) -> Space:
        """The same object for the same part, since what samplers have learned hangs on it."""
        if self._part is None or part != self._part:
            self._part = part
        return self._part
