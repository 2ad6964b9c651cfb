"""Asynchronous successive halving, the rule that stops (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning")."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.trials.spec import Objective
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class Halving:
    """At steps first, first * eta, first * eta^2, ... only the best 1/eta of all trials that came so far go on.

    A trial that does not report at such a step is looked at when it next reports. It is compared with every value that
    was ever reported at its step, its own included; nothing is stopped while there are fewer than `least` of them
    (never fewer than eta). Equal values share the better rank, and NaN has the worst. With several objectives a trial
    goes on if it is among the best in any of them.
    """

    def __init__(self, *, eta: int = 3, first: int = 1, least: int = 4) -> None:
        if eta < 2 or first < 1:
            raise InvalidStudy(f"Halving(eta={eta}, first={first}): give eta >= 2 and a first rung of at least step 1.")
        self.eta = eta
        self.first = first
        self.least = max(least, eta)

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        rung = self.rung(report.step)
        if rung is None:
            return CONTINUE
        reasons: list[str] = []
        for objective in view.spec.objectives:
            reason = self._behind(view, trial, report, objective, rung)
            if reason is None:
                return CONTINUE
            reasons.append(reason)
        return Stop("; ".join(reasons))

    def rung(self, step: int) -> int | None:
        """The last rung that a trial at this step has reached; None before the first."""
        if step < self.first:
            return None
        rung = self.first
        while rung * self.eta <= step:
            rung *= self.eta
        return rung

    def _behind(self, view: View, trial: Trial, report: Report, objective: Objective, rung: int) -> str | None:
        value = report.metrics.get(objective.metric)
        if value is None or (report.step > rung and self._was_there(view, trial, report, objective, rung)):
            return None
        _, values = view.at_step(objective.metric, report.step)
        count = len(values)
        if count < self.least:
            return None
        if math.isnan(value):
            rank = 1 + count - np.count_nonzero(np.isnan(values))
        else:
            ahead = values < value if objective.sign > 0 else values > value
            rank = 1 + np.count_nonzero(ahead)
        keep = max(1, count // self.eta)
        if rank <= keep:
            return None
        return (
            f"{objective.metric} {value:.4g} at step {report.step} is number {rank} of {count}; the best {keep} go on"
        )

    def _was_there(self, view: View, trial: Trial, report: Report, objective: Objective, rung: int) -> bool:
        """Whether an earlier report of the trial was at the rung or beyond it, so that it has been looked at."""
        steps, _ = view.curve(trial.number, objective.metric)
        earlier = steps[steps < report.step]
        return len(earlier) > 0 and int(earlier[-1]) >= rung

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)
