"""Rows of the unit cube as the kernel sees them: numbers as they are, options without an order as indicators."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.params import Choice
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

_HALF: Final = np.sqrt(0.5)


@final
class Features:
    """One space's map from points to features, so that squared distances in features are those of the kernel.

    Two different options of a `Choice` are at squared distance 1, an inactive one is 1/2 from each; an inactive number
    sits in the middle of its range. What separates a branch from others is the parameter that it depends on.
    """

    def __init__(self, space: Space) -> None:
        params = space.codec().params
        self.width = len(params)
        self.sizes = np.array([param.size if isinstance(param, Choice) else 0 for param in params], np.int64)
        """(d,) the number of options of columns without an order, 0 for the others."""
        self.column = np.concatenate(
            [np.full(max(size, 1), j) for j, size in enumerate(self.sizes)] or [np.zeros(0)]
        ).astype(int)
        """(q,) which column each feature belongs to."""

    def of(self, points: Points) -> Floats:
        """Features of points, shape (n, q)."""
        parts = [
            self._indicators(points, j) if size else points.X[:, j : j + 1]
            for j, size in enumerate(self.sizes.tolist())
        ]
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(points), 0))

    def rows(self, points: Points, progress: Floats) -> Floats:  # noqa: ARG002
        """Features of what was observed at points, shape (n, q); how far they were trained does not matter."""
        return self.of(points)

    def _indicators(self, points: Points, j: int) -> Floats:
        size = int(self.sizes[j])
        codes = (points.X[:, j] * size).astype(int)
        indicators: Floats = _HALF * ((codes[:, None] == np.arange(size)) & points.active[:, j : j + 1])
        return indicators

    def distances(self, features: Floats) -> Floats:
        """Squared distances of all pairs i < j, separately for each column, shape (d, n(n-1)/2)."""
        return distances(features, self.column)


@final
class WithProgress:
    """Features with one more: how far a trial was trained. Without being told, a point is looked at as if to its end."""

    def __init__(self, inner: Features) -> None:
        self._inner = inner
        self.width = inner.width + 1
        self.column = np.append(inner.column, inner.width)

    def of(self, points: Points) -> Floats:
        """Features of points as they will be at the end of their trainings, shape (n, q + 1)."""
        return self.rows(points, np.ones(len(points)))

    def rows(self, points: Points, progress: Floats) -> Floats:
        """Features of what was observed at points after some progress, shape (n,) in [0, 1]."""
        return np.column_stack([self._inner.of(points), progress])

    def distances(self, features: Floats) -> Floats:
        """As those of `Features`, with progress as the last column."""
        return distances(features, self.column)


def distances(features: Floats, columns: NDArray[np.int64]) -> Floats:
    """Squared distances of all pairs i < j of rows (n, q), added up by the column of each feature: (d, n(n-1)/2)."""
    upper = np.triu_indices(len(features), 1)
    squared = np.zeros((int(columns.max(initial=-1)) + 1, len(upper[0])))
    for feature, column in zip(features.T, columns.tolist(), strict=True):
        squared[column] += (feature[upper[0]] - feature[upper[1]]) ** 2
    return squared
