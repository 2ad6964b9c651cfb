"""A prior mean that is learned: a sum of what earlier studies expect, each with a coefficient that may become zero."""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import nnls

from tunesmith.surrogates.earlier import Expectations
from tunesmith.surrogates.fit import default_hyper, matern
from tunesmith.surrogates.posterior import Posterior

Floats = NDArray[np.float64]

_HOPED: Final = 0.5
"""What the coefficients of all studies add up to, as far as nothing is known."""
_DOUBT: Final = 0.5
"""Standard deviation of that belief."""
_SHARED: Final = 0.3
"""The part of an error that neighbours share. With more, any smooth error would be excused."""


class PriorMean(NamedTuple):
    """What earlier studies lead to expect of one objective, on the scale of the model of this one."""

    expected: Expectations
    objective: int
    centre: Floats
    """(s,) what is subtracted from the expectations of each study."""
    coefficients: Floats
    """(s,) none below 0; a study that is found to be wrong has 0."""

    def at(self, features: Floats) -> Floats:
        """(m,) at features (m, q)."""
        mean: Floats = (self.expected.of(self.objective, features) - self.centre) @ self.coefficients
        return mean


@final
class WithPrior:
    """A process of what a prior mean does not explain, and that mean."""

    def __init__(self, inner: Posterior, prior: PriorMean) -> None:
        self._inner = inner
        self._prior = prior
        self.noise = inner.noise

    def mean(self, features: Floats) -> Floats:
        return self._inner.mean(features) + self._prior.at(features)

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        mean, deviation = self._inner.predict(features)
        return mean + self._prior.at(features), deviation


def learned_prior(
    expected: Expectations, objective: int, features: Floats, distances: Floats, y: Floats, noise: Floats
) -> PriorMean | None:
    """The most probable prior mean, given observations; None if earlier studies know nothing of the objective.

    Coefficients are those of the regression of `y` (n,) on what studies expect, none below 0; what they leave is taken to be
    alike among neighbours in part. `distances` are squared, (d, n(n-1)/2), `noise` (n,) relative variances.
    """
    M = expected.of(objective, features)
    n, studies = M.shape
    if not studies:
        return None
    centre = M.mean(axis=0) if n else np.zeros(studies)
    whitened = independent(distances, noise, np.column_stack([M - centre, y]))
    A = np.concatenate([whitened[:, :-1], np.eye(studies) / _DOUBT])
    b = np.concatenate([whitened[:, -1], np.full(studies, _HOPED / studies / _DOUBT)])
    return PriorMean(expected, objective, centre, nnls(A, b)[0])


def independent(distances: Floats, noise: Floats, columns: Floats) -> Floats:
    """Columns (n, k) whose errors neighbours share in part, as ones whose errors are independent; arguments as above."""
    n = len(columns)
    C = np.zeros((n, n))
    C[np.triu_indices(n, 1)] = matern(default_hyper(len(distances)).weights @ distances, _SHARED)
    C += C.T
    C[np.diag_indices(n)] = _SHARED + (1.0 - _SHARED) * noise
    whitened: Floats = solve_triangular(np.linalg.cholesky(C), columns, lower=True)
    return whitened
