"""Kernel and its fit: maximum a posteriori length scales, signal and noise, with analytic gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize

Floats = NDArray[np.float64]

JITTER: Final = 1e-6
_WEIGHT: Final = 0.01
"""Strength of the priors; weak, so that they decide only where the data do not."""
_LENGTH: Final = 0.5
"""Squared length scale that the prior prefers, in a space of up to `_WIDE` columns; more columns, longer scales."""
_WIDE: Final = 12
_SIGNAL: Final = 1.0
_NOISE: Final = 0.1
_BOUNDS: Final = ((-9.0, 7.0), (-5.0, 4.0), (-14.0, 1.0))
_WORST: Final = 1e10
_STEPS: Final = 40


class Hyper(NamedTuple):
    """Parameters of a Matérn-5/2 kernel with its own length scale for each column."""

    weights: Floats
    """(d,) inverse squared length scales."""
    signal: float
    """Variance of the function."""
    noise: float
    """Variance of one observation."""


def default_hyper(width: int) -> Hyper:
    """Where a fit begins, and what is used before there is anything to fit."""
    return Hyper(np.full(width, 1.0 / _preferred(width)), 1.0, 1e-2)


def matern(squared: Floats, signal: float) -> Floats:
    """Matérn-5/2 covariance at squared scaled distances (Rasmussen & Williams 2006, eq. 4.17), of the same shape."""
    r = np.maximum(squared, 0.0)
    r *= 5.0
    np.sqrt(r, out=r)
    # (1 + r + r^2 / 3) exp(-r), without an array for each step: most of the time of an ask is spent here.
    covariance = r / 3.0
    covariance += 1.0
    covariance *= r
    covariance += 1.0
    covariance *= np.exp(-r)
    covariance *= signal
    return covariance


def fit(distances: Floats, y: Floats, noise: Floats) -> Hyper:
    """The most probable hyperparameters.

    `distances` are squared, packed and by column, shape (d, n(n-1)/2); `y` (n,) has mean 0 and deviation 1; `noise` (n,)
    are the relative variances of the observations, 1 for a single one.
    """
    width = len(distances)
    first = default_hyper(width)
    start = np.log([*first.weights, first.signal, first.noise])
    bounds = [_BOUNDS[0]] * width + [_BOUNDS[1], _BOUNDS[2]]
    found = minimize(
        _objective(distances, y, noise),
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _STEPS, "gtol": 1e-2, "ftol": 1e-6},
    )
    theta = found.x if np.all(np.isfinite(found.x)) else start
    return Hyper(np.exp(theta[:-2]), float(np.exp(theta[-2])), float(np.exp(theta[-1])))


def _preferred(width: int) -> float:
    return _LENGTH * max(width / _WIDE, 1.0)


def _objective(distances: Floats, y: Floats, relative: Floats) -> Callable[[Floats], tuple[float, Floats]]:
    """Negative log posterior and its gradient in the logarithms of all hyperparameters."""
    n, width = len(y), len(distances)
    upper = np.triu_indices(n, 1)
    middle = np.log([*np.full(width, 1.0 / _preferred(width)), _SIGNAL, _NOISE])

    def objective(theta: Floats) -> tuple[float, Floats]:
        weights, signal, noise = np.exp(theta[:-2]), np.exp(theta[-2]), np.exp(theta[-1])
        r = np.sqrt(5.0 * (weights @ distances))
        decay = signal * np.exp(-r)
        covariance = (1.0 + r + r * r / 3.0) * decay
        C = np.zeros((n, n))
        C[upper] = covariance
        C[np.diag_indices(n)] = signal + noise * relative + JITTER
        L, failed = lapack.dpotrf(C, lower=0, clean=1)
        if failed:
            return _WORST, np.zeros_like(theta)
        alpha, _ = lapack.dpotrs(L, y, lower=0)
        inverse, _ = lapack.dpotri(L, lower=0)
        diagonal = np.diag(inverse)
        # Half the derivative of the log likelihood by each entry of C; off the diagonal there are two of each.
        G = alpha[upper[0]] * alpha[upper[1]] - inverse[upper]
        spot = 0.5 * (alpha * alpha - diagonal)
        gradient = np.empty_like(theta)
        gradient[:-2] = weights * (distances @ (G * (-5.0 / 6.0) * (1.0 + r) * decay))
        gradient[-2] = G @ covariance + spot.sum() * signal
        gradient[-1] = spot @ relative * noise
        away = theta - middle
        value = 0.5 * y @ alpha + np.log(np.diag(L)).sum() + _prior_strength(width) @ (away * away)
        return float(value), -gradient + 2.0 * _prior_strength(width) * away

    return objective


def _prior_strength(width: int) -> Floats:
    return np.full(width + 2, _WEIGHT)
