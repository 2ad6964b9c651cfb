"""Moves: random points of a space, and neighbours of given ones, many at a time."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.listed import Same
from tunesmith.space.codec import Varying, level_units
from tunesmith.space.params import Choice
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

_FEW: Final = 2_000
_GAP: Final = 0.2
_LISTED: Final = 1_000
"""Parameters with more values than this have a neighbour at any distance, as good as a continuum."""


@final
class Moves:
    """What can be done to rows of one space. All results are snapped to valid values; limits are not looked at."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.codec = space.codec()
        params = self.codec.params
        self.unordered = np.array([isinstance(param, Choice) for param in params], bool)
        """(d,) columns of options without an order."""
        self._options = [(j, param.size) for j, param in enumerate(params) if isinstance(param, Choice)]
        self._levels = [(j, units) for j, param in enumerate(params) if (units := _levels(param)) is not None]

    @cached_property
    def dense(self) -> NDArray[np.bool_]:
        """(d,) columns of numbers whose values are at most `_GAP` from one to the next."""
        dense = ~self.unordered
        dense[[j for j, units in self._levels if np.diff(units).max() > _GAP]] = False
        return dense

    @cached_property
    def everything(self) -> Points | None:
        """All points of a space that has few of them, within its limits; else None."""
        if self.space.grows or self.space.count(_FEW) is None:
            return None
        return Points(*self.codec.encode(list(self.space.configs())))

    def uniform(self, count: int, rng: Generator) -> Points:
        """Independent points, even on each parameter's own scale."""
        return Points(*self.codec.snap(rng.random((count, self.codec.width))))

    def mutated(self, points: Points, step: float | Floats, share: float, rng: Generator) -> Points:
        """A neighbour of each point: some of its active parameters, at least one, have another value.

        `step` is the standard deviation in the unit cube, one number or one per point; `share` the probability of each
        parameter to change. Numbers go at least to the next value, options to any other one, and parameters that
        become active begin anywhere.
        """
        X, active = points
        count, width = X.shape
        if not count or not width:
            return points
        changed = active & (rng.random(X.shape) < share)
        # Of each point one parameter is sure to change; the random keys choose it among the active ones.
        sure = np.argmax(np.where(active, rng.random(X.shape), -1.0), axis=1)
        changed[np.arange(count), sure] = active[np.arange(count), sure]
        steps = np.broadcast_to(np.asarray(step, float), (count,))[:, None] * rng.standard_normal(X.shape)
        U = np.where(changed, _reflected(X + steps), np.where(active, X, rng.random(X.shape)))
        for j, size in self._options:
            rows = changed[:, j]
            codes = (X[rows, j] * size).astype(int) + rng.integers(1, max(size, 2), int(rows.sum()))
            U[rows, j] = (codes % size + 0.5) / size
        for j, units in self._levels:
            U[:, j] = _at_least_next(X[:, j], U[:, j], changed[:, j], steps[:, j], units)
        return Points(*self.codec.snap(U))


def moves_of(space: Space) -> Moves:
    """The moves of a space; made once, as all samplers of a study ask for the same."""
    return _moves(Same(space))


@lru_cache(maxsize=4)
def _moves(same: Same) -> Moves:
    return Moves(same.space)


def _levels(param: Varying) -> Floats | None:
    """The numbers of all values of a parameter in order, if they are few."""
    if isinstance(param, Choice) or param.size is None or not 1 < param.size <= _LISTED:
        return None
    return level_units(param)


def _reflected(U: Floats) -> Floats:
    """Numbers beyond [0, 1] come back from the wall that they hit."""
    folded = np.abs(U) % 2.0
    return np.minimum(folded, 2.0 - folded)


def _at_least_next(before: Floats, after: Floats, changed: NDArray[np.bool_], steps: Floats, units: Floats) -> Floats:
    between = (units[1:] + units[:-1]) / 2
    here, there = np.searchsorted(between, before), np.searchsorted(between, after)
    side = np.where(steps < 0, -1, 1)
    last = len(units) - 1
    side = np.where((here + side < 0) | (here + side > last), -side, side)
    return np.where(changed & (here == there), units[np.clip(here + side, 0, last)], after)
