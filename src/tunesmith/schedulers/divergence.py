"""Divergence: end a training that has blown up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.schedulers.median import middle
from tunesmith.trials.spec import Objective
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class Divergence:
    """Stop a trial whose objective is NaN or infinite, or has exploded relative to where the trial was before.

    Exploded: it is worse than its first value by more than `factor` times the usual size of its values, which is the
    greatest of that first value's size, of how far the trial had improved, and of the middle one of all sizes before.
    It takes two earlier values to know what is usual, and a first value other than zero: growth from nothing has no
    size. A maximized metric that is never negative, such as accuracy, cannot explode; NaN it can be.
    """

    def __init__(self, factor: float = 10.0) -> None:
        if not factor > 0:
            raise InvalidStudy(f"Divergence(factor={factor}): give a positive number, such as 10.")
        self.factor = factor

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        for objective in view.spec.objectives:
            reason = self._reason(view, trial, report, objective)
            if reason:
                return Stop(reason)
        return CONTINUE

    def _reason(self, view: View, trial: Trial, report: Report, objective: Objective) -> str | None:
        value = report.metrics.get(objective.metric)
        if value is None:
            return None
        if not math.isfinite(value):
            shown = "NaN" if math.isnan(value) else "infinite"
            return f"{objective.metric} is {shown} at step {report.step}"
        _, values = view.curve(trial.number, objective.metric)
        losses = objective.sign * values[np.isfinite(values)]
        if len(losses) < 3:
            return None
        first, earlier, loss = float(losses[0]), losses[:-1], objective.sign * value
        usual = max(abs(first), first - float(earlier.min()))
        if not (usual > 0 and loss - first > self.factor * usual):
            return None
        # Rewards and the like cross zero, so that a first value may be small by chance.
        if not loss - first > self.factor * middle(np.abs(earlier)):
            return None
        return f"{objective.metric} exploded from {objective.sign * first:.4g} at its start to {value:.4g} at step {report.step}"

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)
