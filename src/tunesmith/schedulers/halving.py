"""Asynchronous successive halving, the rule that stops (Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.schedulers.rungs import Rungs, check_rungs, first_at, standing
from tunesmith.trials.jitter import jitter
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View

_RECENT: Final = 20


@final
class Halving:
    """At steps first, first * eta, first * eta^2, ... only the best 1/eta of all trials that came so far go on.

    A trial that does not report at such a step is looked at when it next reports. It is compared with every value that
    was ever reported at its step, its own included; nothing is stopped while there are fewer than `least` of them
    (never fewer than eta). Equal values share the better rank, and NaN has the worst; several objectives are ordered
    front by front. A trial that is behind by no more than its own curve wobbles has the benefit of the doubt. At the
    end of a training, if its length is known, nothing is stopped.
    """

    def __init__(self, *, eta: int = 3, first: int = 1, least: int = 4) -> None:
        check_rungs("Halving", eta, first)
        self.eta = eta
        self.first = first
        self.least = max(least, eta)

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        rungs = Rungs(self.first, self.eta, view.full_steps)
        rung = rungs.reached(report.step)
        if rung is None or report.step == view.full_steps:
            return CONTINUE
        if not first_at(view, trial.number, rung, report.step):
            return CONTINUE
        found = standing(view, report.step)
        rank, count = found.rank(trial.number), len(found)
        keep = max(1, count // self.eta)
        if rank is None or count < self.least or rank <= keep:
            return CONTINUE
        if len(view.spec.objectives) == 1:
            objective = view.spec.objectives[0]
            threshold = float(np.partition(found.badness, keep - 1)[keep - 1])
            losses = objective.sign * view.curve(trial.number, objective.metric)[1]
            if losses[-1] <= threshold + wobble(losses):
                return CONTINUE
        values = ", ".join(f"{o.metric} {report.metrics[o.metric]:.4g}" for o in view.spec.objectives)
        return Stop(f"{values} at step {report.step} is number {rank} of {count}; the best {keep} go on")

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)


def wobble(values: NDArray[np.float64]) -> float:
    """Standard deviation of a curve about its trend, from the middle one of its second differences; 0 for less than five."""
    recent = values[-_RECENT:]
    return jitter(recent[np.isfinite(recent)], least=5)
