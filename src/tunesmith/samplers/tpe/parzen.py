"""Parzen: a density over a conditional, mixed space, as a mixture of product kernels.

p(x) = w_0 + sum_i w_i prod_j k_ij(x_j), relative to the even density (the multivariate form of Watanabe 2023,
arXiv:2304.11127, section 3; the even component is the prior of Bergstra et al. 2011, section 4). The kernel of a number is
a normal one, cut off at the walls of the unit cube; that of a number with few values is integrated over their cells;
that of options is Aitchison and Aitken's. Where an observation has no value, its kernel is even: each kernel is then a
density of all columns, parents among them, and to integrate it over inactive columns is to leave them out.
"""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.branches import Listed
from tunesmith.samplers.tpe.columns import Columns
from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

_NARROWEST: Final = 0.03
"""The least standard deviation of a kernel (Watanabe 2023: the minimum bandwidth factor)."""
_SCALE: Final = 0.7
"""Scott's rule has 1.06 for one normal cluster; good trials often form several, and narrower kernels did better."""
_PRIOR: Final = 1.0
"""Weight of the even component, in observations."""
_LEAST: Final = 1e-12
"""No kernel takes the density of a cell to be less; what is computed of smaller ones is rounding."""


@final
class Parzen:
    """The density of k weighted points. `weights` are numbers of observations, shape (k,)."""

    def __init__(self, columns: Columns, points: Points, weights: Floats) -> None:
        self.columns = columns
        self.points = points
        total = float(weights.sum()) + _PRIOR
        self._shares = np.append(weights, _PRIOR) / total
        self._widths = _widths(points)
        self._others = {one.column: _others(one, float(weights.sum())) for one in columns.options}

    def log_ratio(self, features: Floats) -> Floats:
        """Logarithm of the density relative to the even one, of points with these features (n, q), shape (n,)."""
        logs = features @ self._coefficients().T + np.log(self._shares[:-1])
        even = np.log(self._shares[-1])
        top = np.maximum(logs.max(axis=1, initial=even), even)
        ratio: Floats = np.log(np.exp(logs - top[:, None]).sum(axis=1) + np.exp(even - top)) + top
        return ratio

    def _coefficients(self) -> Floats:
        """Logarithms of the k kernels, relative to the even density, as linear functions of the features, (k, q)."""
        tables = [(one, self._cells(one)) for one in self.columns.cells]
        tables += [(one, self._options(one)) for one in self.columns.options]
        active = self.points.active
        listed = [np.where(active[:, one.column, None], table, 0.0) for one, table in tables]
        return np.concatenate([self._numbers(), *listed], axis=1)

    def _numbers(self) -> Floats:
        """-(x - c)^2 / 2s^2 - log(mass within the walls), multiplied out: coefficients of x^2, x and 1."""
        from scipy.special import ndtr  # noqa: PLC0415  a third of a second to import

        numbers = self.columns.numbers
        centres, widths = self.points.X[:, numbers], self._widths[numbers]
        inside = ndtr((1.0 - centres) / widths) - ndtr(-centres / widths)
        constant = -0.5 * (centres / widths) ** 2 - np.log(np.sqrt(2.0 * np.pi) * widths * inside)
        square = np.broadcast_to(-0.5 / widths**2, centres.shape)
        coefficients = np.concatenate([square, centres / widths**2, constant], axis=1)
        return coefficients * np.tile(self.points.active[:, numbers], 3)

    def _cells(self, one: Listed) -> Floats:
        """For each kernel the mean density within each cell, shape (k, size)."""
        from scipy.special import ndtr  # noqa: PLC0415

        centres = (one.edges[1:] + one.edges[:-1]) / 2.0
        below = ndtr((one.edges - centres[:, None]) / self._widths[one.column])
        masses = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
        table = np.log(np.maximum(masses / np.diff(one.edges), _LEAST))
        rows: Floats = table[one.codes(self.points.X)]
        return rows

    def _options(self, one: Listed) -> Floats:
        others = self._others[one.column]
        same = one.codes(self.points.X)[:, None] == np.arange(one.size)
        return np.log(np.where(same, (1.0 - others) * one.size + others, others))

    def drawn(self, count: int, rng: Generator) -> Floats:
        """Independent rows of the unit cube, all columns filled and none snapped, shape (count, d)."""
        from scipy.special import ndtr, ndtri  # noqa: PLC0415

        U = rng.random((count, self.points.X.shape[1]))
        kernels = np.searchsorted(np.cumsum(self._shares), rng.random(count), side="right")
        rows = np.flatnonzero(kernels < len(self.points))
        centres, active = self.points.at(kernels[rows])
        moved = U[rows]
        for one in self.columns.options:
            stays = rng.random(len(rows)) >= self._others[one.column]
            moved[:, one.column] = np.where(stays, centres[:, one.column], moved[:, one.column])
        ordered = self.columns.ordered
        at, widths = centres[:, ordered], self._widths[ordered]
        low, high = ndtr(-at / widths), ndtr((1.0 - at) / widths)
        moved[:, ordered] = np.clip(at + widths * ndtri(low + moved[:, ordered] * (high - low)), 0.0, 1.0)
        U[rows] = np.where(active, moved, U[rows])
        return U


def _widths(points: Points) -> Floats:
    """Standard deviation of the kernels of each column, shape (d,); not used for options.

    Scott's rule, the even component counting as one more observation, whose variance is 1/12.
    """
    X, active = points
    count = active.sum(axis=0)
    some = np.maximum(count, 1)
    mean = np.where(active, X, 0.0).sum(axis=0) / some
    squares = (np.where(active, X - mean, 0.0) ** 2).sum(axis=0)
    deviation = np.sqrt((squares + 1.0 / 12.0) / (count + 1.0))
    widths: Floats = _SCALE * deviation * some ** (-1.0 / (X.shape[1] + 4.0))
    return np.clip(widths, np.maximum(_NARROWEST, 1.0 / some**2), 1.0)


def _others(one: Listed, count: float) -> float:
    """Probability that a kernel forgets its option and takes any of them: as if each was seen once more."""
    return one.size / (one.size + max(count, 1.0))
