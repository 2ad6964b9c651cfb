"""Patience: end a trial that has stopped getting better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.trials.jitter import jitter
from tunesmith.trials.spec import Objective
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class Patience:
    """Stop a trial whose last `2 * reports` reports have no trend to the better.

    Jitter neither ends a trial nor keeps it alive. The trend is Kendall's (Mann 1945): of all pairs of these reports,
    the later one is better in no more than it is worse. The last `reports` of them must moreover hold no new best value
    that stands out from the curve's own noise, which is estimated from its second differences. With several objectives
    none of them may improve.
    """

    def __init__(self, reports: int = 10) -> None:
        if reports < 2:
            raise InvalidStudy(f"Patience(reports={reports}): it takes at least 2 reports to see a trend.")
        self.reports = reports
        self._pairs = np.triu(np.ones((2 * reports, 2 * reports), bool), 1)

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        if trial.reports < 2 * self.reports:
            return CONTINUE
        reasons = [self._stalled(view, trial, objective) for objective in view.spec.objectives]
        if not all(reasons):
            return CONTINUE
        return Stop(f"no improvement by step {report.step}: {'; '.join(filter(None, reasons))}")

    def _stalled(self, view: View, trial: Trial, objective: Objective) -> str | None:
        _, values = view.curve(trial.number, objective.metric)
        losses = objective.sign * values[np.isfinite(values)]
        if len(losses) < 2 * self.reports:
            return None
        recent = losses[-2 * self.reports :]
        worse = np.count_nonzero((recent[:, None] < recent) & self._pairs)
        better = np.count_nonzero((recent[:, None] > recent) & self._pairs)
        best_before, best_since = float(losses[: -self.reports].min()), float(losses[-self.reports :].min())
        if better > worse or best_since < best_before - jitter(losses):
            return None
        return (
            f"of all pairs of its last {2 * self.reports} reports of {objective.metric} "
            f"the later one is better in {better} and worse in {worse}"
        )

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)
