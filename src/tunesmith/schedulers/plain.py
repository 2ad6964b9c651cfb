"""None: every trial trains to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from tunesmith.schedulers.base import CONTINUE, Decision, Order, fresh
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class NoStopping:
    """Never stops anything."""

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:  # noqa: ARG002
        return CONTINUE

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)
