"""Folds: stop a trial that is behind the best one on the same folds, or the same instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.trials.order import best_trial
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
class Folds:
    """For trainings whose steps are folds or instances: each report is the value of one, and their mean is what counts.

    Use it with `pick="mean"`. A trial stops when the mean of its folds, two or more, is worse than the best trial's worst
    fold (the forgiving rule of Bergman et al. 2024, "Don't Waste Your Time: Early Stopping Cross-Validation"); or when,
    on at least `least` folds that both have seen, it is worse by Wilcoxon's signed-rank test, one-sided, with p below `p`.
    """

    def __init__(self, *, p: float = 0.1, least: int = 5) -> None:
        if not 0 < p < 0.5 or least < 2:
            raise InvalidStudy(f"Folds(p={p}, least={least}): give 0 < p < 0.5 and least >= 2.")
        self.p = p
        self.least = least

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        best = best_trial(view.spec, [other for other in view.trials if other.state.ended])
        if best is None or best.number == trial.number:
            return CONTINUE
        objective = view.spec.objectives[0]
        ours, theirs = self._paired(view, trial.number, best.number)
        if len(ours) < 2:
            return CONTINUE
        worst = float(np.nanmax(objective.sign * view.curve(best.number, objective.metric)[1]))
        if ours.mean() > worst:
            return Stop(
                f"mean {objective.metric} {objective.sign * ours.mean():.4g} of {len(ours)} folds is worse than the worst "
                f"fold of the best trial {best.number}, {objective.sign * worst:.4g}, at step {report.step}"
            )
        if len(ours) < self.least or np.all(ours == theirs):
            return CONTINUE
        chance = float(wilcoxon(ours, theirs, alternative="greater").pvalue)
        if chance >= self.p:
            return CONTINUE
        return Stop(
            f"{objective.metric} is worse than that of the best trial {best.number} on the same {len(ours)} folds (p = {chance:.2g})"
        )

    def _paired(self, view: View, one: int, other: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Losses of two trials on the folds that both have finite values of, shape (f,)."""
        objective = view.spec.objectives[0]
        (steps, ours), (known, theirs) = view.curve(one, objective.metric), view.curve(other, objective.metric)
        _, where, which = np.intersect1d(steps, known, return_indices=True)
        pairs = objective.sign * np.stack([ours[where], theirs[which]])
        pairs = pairs[:, np.isfinite(pairs).all(axis=0)]
        return pairs[0], pairs[1]

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)
