"""Branches: values of a parameter that others depend on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]


class Listed(NamedTuple):
    """A column with few values: its index, and the edges of the cells of its values in [0, 1], shape (size + 1,)."""

    column: int
    edges: Floats

    @property
    def size(self) -> int:
        return len(self.edges) - 1

    def unit(self, code: int) -> float:
        """The middle of a cell."""
        return float(self.edges[code] + self.edges[code + 1]) / 2.0

    def codes(self, X: Floats) -> NDArray[np.intp]:
        """Which value each row of `X` has, shape (n,)."""
        return np.searchsorted(self.edges[1:-1], X[:, self.column], side="right")


class Branch(NamedTuple):
    """One of the values of a parameter."""

    parent: Listed
    code: int

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """Which points are in this branch, shape (n,)."""
        inside: NDArray[np.bool_] = self.parent.codes(points.X) == self.code
        return inside

    def entered(self, U: Floats) -> Floats:
        """Rows of the unit cube, moved into this branch."""
        moved = U.copy()
        moved[:, self.parent.column] = self.parent.unit(self.code)
        return moved
