"""Columns: what kinds of parameter the unit cube of a space has, as kernels see them."""

from __future__ import annotations

from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.samplers.branches import Listed
from tunesmith.samplers.opening import branches
from tunesmith.space.params import Choice, Int, Param
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

_CELLS: Final = 32
"""Numbers with more values than this are modelled as a continuum: their cells are narrower than most kernels."""


@final
class Columns:
    """The d columns of one space by kind: `options` without an order, `cells` with one, and the continuum `numbers`.

    Logarithms of product kernels are linear in q features: for each number its square, itself and 1, for each listed
    value an indicator. Features of inactive columns are 0, so that a density is one of the active columns alone.
    """

    def __init__(self, space: Space) -> None:
        params = space.codec().params
        listed = [Listed(j, _edges(param)) for j, param in enumerate(params) if _is_listed(param)]
        self.options = [one for one in listed if isinstance(params[one.column], Choice)]
        self.cells = [one for one in listed if not isinstance(params[one.column], Choice)]
        self.parents = [one for one in listed if one.column in branches(space)]
        """Those that decide which others take part."""
        self.numbers = np.array([j for j, param in enumerate(params) if not _is_listed(param)], np.intp)
        self.ordered = np.array([j for j, param in enumerate(params) if not isinstance(param, Choice)], np.intp)

    def features(self, points: Points) -> Floats:
        """Features of points, shape (n, q): squares, numbers, ones, then the indicators of cells and of options."""
        X, taking_part = points.X[:, self.numbers], points.active[:, self.numbers].astype(float)
        parts = [X * X * taking_part, X * taking_part, taking_part]
        for one in (*self.cells, *self.options):
            here = one.codes(points.X)[:, None] == np.arange(one.size)
            parts.append((here & points.active[:, one.column, None]).astype(float))
        return np.concatenate(parts, axis=1)


def _is_listed(param: Param) -> bool:
    return isinstance(param, Choice) or (param.size is not None and param.size <= _CELLS)


def _edges(param: Param) -> Floats:
    """Ends of the cells of all values; a whole number on a log scale reaches half of the way to its neighbours."""
    size = param.size or 1
    if isinstance(param, Int) and param.log:
        ends = np.log(param.low - 0.5 + np.arange(size + 1))
        edges: Floats = (ends - ends[0]) / (ends[-1] - ends[0])
        return edges
    return np.linspace(0.0, 1.0, size + 1)
