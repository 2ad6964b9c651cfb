"""Any: several schedulers at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Pause, Scheduler, Stop
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class Any:
    """A trial stops as soon as any of the schedulers says so, else pauses if any says so. The first one says what starts."""

    def __init__(self, *schedulers: Scheduler) -> None:
        if not schedulers:
            raise InvalidStudy(
                "Any() combines nothing; give at least one scheduler, such as Any(Divergence(), Median())."
            )
        self.schedulers = schedulers

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        decisions = [scheduler.decide(view, trial, report) for scheduler in self.schedulers]
        for kind in (Stop, Pause):
            for decision in decisions:
                if isinstance(decision, kind):
                    return decision
        return CONTINUE

    def next(self, view: View, slots: int) -> Sequence[Order]:
        return self.schedulers[0].next(view, slots)
