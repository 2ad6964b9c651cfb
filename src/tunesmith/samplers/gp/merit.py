"""What makes one point a better trial than another: merit by the objectives, chances of success, and trust."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.samplers.gp.acquisition import confidence_bound, log_expected_improvement, log_probability_below
from tunesmith.samplers.gp.hypervolume import Uncovered, reference_point
from tunesmith.surrogates.dominance import front_ranks
from tunesmith.surrogates.models import Models, is_noisy
from tunesmith.surrogates.posterior import Process

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Score = Callable[[Floats], Floats]


_STEEPNESS: Final = 10.0
_NEVER: Final = 1e-300


class Merit(NamedTuple):
    """A score of features, shape (n, q) -> (n,), larger is better, and its name."""

    score: Score
    name: str
    logarithmic: bool = True
    """Whether the score is a logarithm, so that to add to it is to multiply what a trial is worth."""


def expected_gain(models: Models, feasible: Flags) -> Merit:
    """Expected improvement on the best feasible trial, or of the volume that the feasible front covers; in logarithms."""
    Y = models.y[feasible]
    if len(models.objectives) > 1:
        uncovered = _uncovered(Y, models.y)

        def volume(features: Floats) -> Floats:
            mean, deviation = _predicted(models.objectives, features)
            return np.log(np.maximum(uncovered.expected_improvement(mean, deviation), 1e-300))

        return Merit(volume, "expected hypervolume improvement")
    process = models.objectives[0]
    best = float(Y.min())
    if is_noisy(process.noise, len(Y)):
        # The best value may be luck: what is believed of the best one takes its place (Vazquez et al. 2008).
        best = float(process.mean(models.features[feasible]).min())
    return Merit(lambda features: log_expected_improvement(*process.predict(features), best), "expected improvement")


def optimistic_gain(models: Models, feasible: Flags, width: float) -> Merit:
    """How good a point may turn out: its mean bettered by `width` deviations, or the volume that this would add."""
    if len(models.objectives) > 1:
        Y = models.y[feasible]
        uncovered = _uncovered(Y, models.y)
        front = Y[front_ranks(Y) == 0]

        def volume(features: Floats) -> Floats:
            mean, deviation = _predicted(models.objectives, features)
            hoped = mean - width * deviation
            gain = uncovered.improvement(hoped)
            # Where even the hope is dominated, by how much (Ponweiser et al. 2008, SMS-EGO, eq. 6).
            short = np.maximum((hoped[:, None, :] - front[None]).min(axis=2).max(axis=1), 0.0)
            return np.where(gain > 0, np.log1p(gain), -short)

        return Merit(volume, "optimistic hypervolume", logarithmic=False)
    process = models.objectives[0]
    return Merit(
        lambda features: confidence_bound(*process.predict(features), width), "confidence bound", logarithmic=False
    )


def chance_of_success(models: Models, features: Floats) -> Floats:
    """Log of the probability that a trial does not fail and keeps all limits, shape (n,); steeper below what is worth it.

    Without the steepness, a search whose best trials border on failures would go on failing: nowhere else is there
    anything to gain.
    """
    total = np.zeros(len(features))
    for process, bound, least in models.chances:
        logs = log_probability_below(*process.predict(features), bound)
        total += logs + _STEEPNESS * np.minimum(logs - np.log(max(least, _NEVER)), 0.0)
    return total


def _uncovered(Y: Floats, everything: Floats) -> Uncovered:
    front = Y[front_ranks(Y) == 0]
    return Uncovered(front, reference_point(front, everything))


def _predicted(processes: tuple[Process, ...], features: Floats) -> tuple[Floats, Floats]:
    means, deviations = zip(*(process.predict(features) for process in processes), strict=True)
    return np.column_stack(means), np.column_stack(deviations)
