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

    def _indicators(self, points: Points, j: int) -> Floats:
        size = int(self.sizes[j])
        codes = (points.X[:, j] * size).astype(int)
        indicators: Floats = _HALF * ((codes[:, None] == np.arange(size)) & points.active[:, j : j + 1])
        return indicators

    def distances(self, features: Floats) -> Floats:
        """Squared distances of all pairs i < j, separately for each column, shape (d, n(n-1)/2)."""
        upper = np.triu_indices(len(features), 1)
        squared = np.zeros((self.width, len(upper[0])))
        for feature, column in zip(features.T, self.column.tolist(), strict=True):
            squared[column] += (feature[upper[0]] - feature[upper[1]]) ** 2
        return squared
