"""How much a trial at a point is worth, from the model's mean and deviation there. Larger is better."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

Floats = NDArray[np.float64]

_C1 = 0.5 * np.log(2.0 * np.pi)


def log_expected_improvement(mean: Floats, deviation: Floats, best: float | Floats) -> Floats:
    """Log of the expected improvement below `best`, exact far from it too (Ament et al. 2023, eq. 9)."""
    z = (best - mean) / deviation
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near * near - _C1) + near * np.exp(log_ndtr(near)))
    far = np.minimum(z, -1.0)
    # h(z) = phi(z) (1 + z sqrt(pi/2) erfcx(-z/sqrt 2)); far out the bracket is 1/z^2, where it would cancel.
    bracket = np.log(-far * erfcx(-far / np.sqrt(2.0)) * np.sqrt(0.5 * np.pi))
    tail = -0.5 * far * far - _C1 + np.where(far > -1e3, _log1mexp(np.minimum(bracket, -1e-16)), -2.0 * np.log(-far))
    logs: Floats = np.log(deviation) + np.where(z > -1.0, direct, tail)
    return logs


def _log1mexp(x: Floats) -> Floats:
    """log(1 - exp(x)) for x < 0."""
    return np.where(x > -0.6931, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


def confidence_bound(mean: Floats, deviation: Floats, width: float = 1.8) -> Floats:
    """How good a point may be: its mean, bettered by `width` deviations (GP-UCB; 1.8 as in Vizier's default)."""
    return width * deviation - mean


def log_probability_below(mean: Floats, deviation: Floats, bound: float) -> Floats:
    """Log of the probability that a value is at most `bound`."""
    logs: Floats = log_ndtr((bound - mean) / deviation)
    return logs


def expected_below(mean: Floats, deviation: Floats, bound: Floats) -> Floats:
    """Expected amount by which a normal value is below `bound`; 0 where that is minus infinity. Shapes broadcast."""
    finite = np.where(np.isfinite(bound), bound, mean)
    expected = np.exp(log_expected_improvement(mean, deviation, finite))
    return np.where(np.isfinite(bound), expected, 0.0)
