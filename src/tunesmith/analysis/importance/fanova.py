"""Functional ANOVA: how the variance of an objective over the whole space divides among parameters (Hutter et al. 2014).

Hutter et al. divide the variance of a random forest, whose marginals are exact. Here it is the mean of a Gaussian
process, which learns more from as many trials, and its Sobol' indices are computed at points of a low discrepancy.

A configuration is a function of d independent uniform numbers; where a parameter is inactive, its number changes
nothing. So conditional parameters need no special case: their effects are weighted by how often they take part.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import qmc

from tunesmith.analysis.importance.surface import Model
from tunesmith.space.codec import Varying
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.surrogates.features import Features

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_POINTS: Final = 4096
_SWAPPED: Final = 512
"""Points of which each parameter's number is exchanged in turn."""
_CELLS: Final = 16
_LEAST_PART: Final = 0.1
"""A region is at least so much of the space; of less, too few points would tell its variance."""
_NOTHING: Final = 1e-12


class Indices(NamedTuple):
    """Sobol' indices: shares of the variance."""

    total: Floats
    """(d,) effects of each parameter, alone and with others."""
    alone: Floats | None
    """(d,) effects of each parameter alone; None within a region, where parameters are not independent."""
    pairs: Floats | None
    """(d, d) effects of pairs beyond those of both; symmetric, with zeros on the diagonal. None within a region."""


@final
class Cube:
    """The points at which one space's surfaces are divided; the same for all of them."""

    def __init__(self, space: Space, features: Features, rng: Generator) -> None:
        self._codec = space.codec()
        self._map = features
        both = qmc.Sobol(2 * self._codec.width, rng=rng).random(_POINTS)
        self._here, self._other = both[:, : self._codec.width], both[:, self._codec.width :]
        self._features = self._features_of(self._here)
        self._cells = [_cells(param, self._here[:, j]) for j, param in enumerate(self._codec.params)]

    def _features_of(self, units: Floats) -> Floats:
        return self._map.of(Points(*self._codec.snap(units)))

    def indices(self, model: Model, bound: float | None = None) -> Indices:
        """The indices of what a model expects; with a bound, within the region in which that is no worse."""
        here = model.losses(self._features)
        within = np.inf if bound is None else max(bound, float(np.quantile(here, _LEAST_PART)))
        inside = np.flatnonzero(here <= within)
        variance = float(here[inside].var())
        nothing = variance <= _NOTHING * (1.0 + float(np.abs(here).max()) ** 2)
        unit = np.inf if nothing else variance
        total = self._total(model, here, inside[:_SWAPPED], within) / unit
        if bound is not None:
            return Indices(np.minimum(total, 1.0), None, None)
        alone = np.array([_between(here, cells) for cells in self._cells]) / unit
        return Indices(np.clip(total, alone, 1.0), alone, self._pairs(here) / unit)

    def _total(self, model: Model, here: Floats, rows: NDArray[np.intp], within: float) -> Floats:
        """Half the mean squared change when only one number changes and the region is not left (Jansen 1999, eq. 8)."""
        d = self._codec.width
        units = np.repeat(self._here[rows][None], d, axis=0)
        for j in range(d):
            units[j, :, j] = self._other[rows, j]
        there = model.losses(self._features_of(units.reshape(-1, d))).reshape(d, -1)
        squared = (there - here[rows]) ** 2
        stays = there <= within
        halves: Floats = (squared * stays).sum(axis=1) / np.maximum(2 * stays.sum(axis=1), 1)
        return halves

    def _pairs(self, here: Floats) -> Floats:
        d = self._codec.width
        alone = [_between(here, cells) for cells in self._cells]
        pairs = np.zeros((d, d))
        for i in range(d):
            for j in range(i):
                together = _between(here, self._cells[i] * _CELLS + self._cells[j])
                pairs[i, j] = pairs[j, i] = max(together - alone[i] - alone[j], 0.0)
        return pairs


def _cells(param: Varying, units: Floats) -> Ints:
    """Which of some equal parts of its range a number is in; parameters of few values have a part for each."""
    count = min(param.size or _CELLS, _CELLS)
    return np.minimum((units * count).astype(np.int64), count - 1)


def _between(values: Floats, cells: Ints) -> float:
    """The variance of the means of cells, less what chance alone would give (analysis of variance, random effects)."""
    counts = np.bincount(cells)
    used = counts > 0
    sums, counts = np.bincount(cells, weights=values)[used], counts[used]
    n, groups = len(values), int(used.sum())
    middle = values.mean()
    between = float((counts * (sums / counts - middle) ** 2).sum())
    within = float(((values - middle) ** 2).sum()) - between
    return max(between - (groups - 1) * within / max(n - groups, 1), 0.0) / n
