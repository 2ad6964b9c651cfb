"""The fitted process: mean and deviation anywhere."""

from __future__ import annotations

from typing import Final, Protocol, final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from tunesmith.surrogates.fit import JITTER, Hyper, matern

Floats = NDArray[np.float64]

_TRIES: Final = 6


class Process(Protocol):
    """What is believed of one outcome anywhere."""

    @property
    def noise(self) -> float:
        """Variance of one observation of relative variance 1."""

    def mean(self, features: Floats) -> Floats:
        """Mean at features (m, q), shape (m,)."""

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean, and deviation given what is under way too; both (m,)."""


@final
class Posterior:
    """A Gaussian process given observations; points under way narrow its deviation and leave its mean.

    A point under way is believed to turn out as the model predicts (a "Kriging believer", Ginsbourger et al. 2010),
    which changes no mean; that there will be an observation is known, and so is what it takes from the deviation.
    """

    def __init__(self, features: Floats, y: Floats, noise: Floats, hyper: Hyper, columns: NDArray[np.int64]) -> None:
        """`features` (n, q), of which the first len(y) are observed; `noise` (n,) relative variances."""
        self._hyper = hyper
        self.noise = hyper.noise
        """Variance of one observation of relative variance 1."""
        self._scales = np.sqrt(hyper.weights[columns])
        self._rows = features * self._scales
        self._norms = np.einsum("ij,ij->i", self._rows, self._rows)
        covariance = matern(self._squared(self._rows, self._norms), hyper.signal)
        covariance[np.diag_indices(len(covariance))] = hyper.signal + hyper.noise * noise + JITTER
        self._inverse = _inverse_factor(covariance)
        observed = self._inverse[: len(y), : len(y)]
        self._alpha = observed.T @ (observed @ y)

    def _squared(self, rows: Floats, norms: Floats) -> Floats:
        squared: Floats = rows @ (-2.0 * self._rows.T)
        squared += norms[:, None]
        squared += self._norms
        return squared

    def mean(self, features: Floats) -> Floats:
        """Mean given what was observed, (m,); much cheaper than `predict`."""
        return self._mean(self._covariance(features))

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Mean given what was observed, and deviation given what is under way too; both (m,)."""
        covariance = self._covariance(features)
        mean = self._mean(covariance)
        explained = covariance @ self._inverse.T
        variance = self._hyper.signal - np.einsum("ij,ij->i", explained, explained)
        return mean, np.sqrt(np.maximum(variance, 1e-12 * self._hyper.signal))

    def _covariance(self, features: Floats) -> Floats:
        rows = features * self._scales
        return matern(self._squared(rows, np.einsum("ij,ij->i", rows, rows)), self._hyper.signal)

    def _mean(self, covariance: Floats) -> Floats:
        mean: Floats = covariance[:, : len(self._alpha)] @ self._alpha
        return mean


def _inverse_factor(covariance: Floats) -> Floats:
    """Inverse of the lower Cholesky factor; a little is added to the diagonal where rounding makes that necessary."""
    jitter = 0.0
    for attempt in range(_TRIES):
        L, failed = lapack.dpotrf(covariance + jitter * np.eye(len(covariance)), lower=1, clean=1)
        if not failed:
            inverse, _ = lapack.dtrtri(L, lower=1)
            return np.asarray(inverse)
        jitter = 1e-8 * float(covariance.diagonal().max()) * 100.0**attempt
    raise AssertionError("a covariance with a heavy diagonal is positive definite")
