"""Extrapolation: stop a trial whose learning curve will not reach the best value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Order, Stop, fresh
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import STATES, View

Floats = NDArray[np.float64]

_DONE: Final = STATES.index(State.DONE)
_POWERS: Final = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Of the step; 0 stands for a curve that stays where it is."""
_WIDER: Final = 1.5
"""Real curves bend where none of the models does: predicted deviations are taken so many times as large."""
_FRESH: Final = 0.5
"""What counts is the later part of a curve, from this part of its steps on."""


class Forecast(NamedTuple):
    """Where a learning curve goes: a mixture of Student distributions."""

    weights: Floats
    means: Floats
    deviations: Floats
    freedom: int

    def chance_below(self, value: float) -> float:
        """Probability that the curve ends below a value."""
        scores = (value - self.means) / self.deviations
        return float(self.weights @ stdtr(self.freedom, scores))


def forecast(steps: Floats, losses: Floats, at: float) -> Forecast | None:
    """Where a curve that falls as a power of the step will be at step `at`; None for fewer than four finite values.

    y(t) = c + a t^-p with a >= 0, by least squares for each power p, weighted by exp(-n/2 log RSS) (the families pow2
    and pow3 of Mohr et al. 2022, "LCDB 1.0"; the weights are those of BIC with equally many parameters).
    """
    known = np.isfinite(losses)
    steps, losses = steps[known], losses[known]
    late = steps >= _FRESH * steps[-1] if len(steps) else known[known]
    if np.count_nonzero(late) < 4:
        late[:] = True
    steps, losses = steps[late], losses[late]
    n = len(losses)
    if n < 4:
        return None
    fits = [_fit(steps, losses, at, power) for power in _POWERS]
    # A curve that repeats itself exactly may still move by what is between its values.
    least = (1e-3 * max(float(np.ptp(losses)), 1e-12 * float(np.abs(losses).max()), 1e-300)) ** 2
    rss = np.array([fit[1] for fit in fits]) + n * least
    logs = -0.5 * n * np.log(rss)
    weights = np.exp(logs - logs.max())
    deviations = _WIDER * np.sqrt(rss / (n - 2) * np.array([fit[2] for fit in fits]))
    return Forecast(weights / weights.sum(), np.array([fit[0] for fit in fits]), deviations, n - 2)


def _fit(steps: Floats, losses: Floats, at: float, power: float) -> tuple[float, float, float]:
    """Prediction, sum of squared residuals, and the prediction's variance in units of the residuals'."""
    n, mean = len(losses), float(losses.mean())
    x, target = (steps / steps[-1]) ** -power, (at / steps[-1]) ** -power
    centred = x - x.mean()
    spread = float(centred @ centred)
    slope = max(0.0, float(centred @ (losses - mean)) / spread) if power and spread > 0 else 0.0
    residuals = losses - mean - slope * centred
    leverage = 1.0 + 1.0 / n + ((target - x.mean()) ** 2 / spread if slope else 0.0)
    return mean + slope * (target - x.mean()), float(residuals @ residuals), leverage


@final
class Extrapolation:
    """Stop a trial that reaches the best finished trial's value with a probability below `chance`, by its own curve.

    A rule to stop by, never to rank by. It needs to know how long a full training is, at least four reports, and a
    finished trial. With several objectives a trial must be without hope in all of them.
    """

    def __init__(self, *, chance: float = 0.05, warmup: int = 4) -> None:
        if not 0 < chance < 1 or warmup < 4:
            raise InvalidStudy(f"Extrapolation(chance={chance}, warmup={warmup}): give 0 < chance < 1 and warmup >= 4.")
        self.chance = chance
        self.warmup = warmup

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        if view.full_steps is None or trial.reports < self.warmup or report.step >= view.full_steps:
            return CONTINUE
        finished = view.losses[view.columns.state == _DONE]
        reasons: list[str] = []
        for objective, losses in zip(view.spec.objectives, finished.T, strict=True):
            best = float(losses[np.isfinite(losses)].min(initial=np.inf))
            steps, curve = view.curve(trial.number, objective.metric)
            found = forecast(steps.astype(float), objective.sign * curve, float(view.full_steps))
            if np.isinf(best) or found is None:
                return CONTINUE
            chance = found.chance_below(best)
            if chance >= self.chance:
                return CONTINUE
            reasons.append(
                f"{objective.metric} reaches the best value {objective.sign * best:.4g} by step {view.full_steps} with a "
                f"probability of {chance:.2g}, by its curve so far"
            )
        return Stop("; ".join(reasons))

    def next(self, view: View, slots: int) -> Sequence[Order]:  # noqa: ARG002
        return fresh(slots)
