"""Median rule (Golovin et al. 2017, Google Vizier, section 3.2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.trials.spec import Objective
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class Median:
    """Stop a trial whose best value so far is worse than the median of what others had at the same step.

    What the others had is the running average of their values up to that step, as in the paper: one lucky epoch of
    theirs does not count. Nothing is stopped before `warmup` steps, or before `trials` others got so far. With several
    objectives a trial must be behind in all of them.
    """

    def __init__(self, *, warmup: int = 1, trials: int = 5) -> None:
        if warmup < 0 or trials < 1:
            raise InvalidStudy(f"Median(warmup={warmup}, trials={trials}): give warmup >= 0 and trials >= 1.")
        self.warmup = warmup
        self.trials = trials

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        if report.step <= self.warmup:
            return CONTINUE
        reasons: list[str] = []
        for objective in view.spec.objectives:
            reason = self._behind(view, trial, report.step, objective)
            if reason is None:
                return CONTINUE
            reasons.append(reason)
        return Stop("; ".join(reasons))

    def _behind(self, view: View, trial: Trial, step: int, objective: Objective) -> str | None:
        numbers, means = view.means_at_step(objective.metric, step)
        others = means[(numbers != trial.number) & np.isfinite(means)]
        if len(others) < self.trials:
            return None
        _, values = view.curve(trial.number, objective.metric)
        losses = objective.sign * values[np.isfinite(values)]
        if not len(losses):
            return None
        median, best = middle(others), float(losses.min())
        if best <= objective.sign * median:
            return None
        return (
            f"best {objective.metric} {objective.sign * best:.4g} by step {step} is worse than {median:.4g}, "
            f"the median of {len(others)} trials at that step"
        )

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)


def middle(values: NDArray[np.float64]) -> float:
    """The median of finite numbers; `np.median` takes several times as long on the few hundred that there are here."""
    half = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, half)[half])
    low, high = np.partition(values, (half - 1, half))[half - 1 : half + 1].tolist()
    return float(low + (high - low) / 2)
