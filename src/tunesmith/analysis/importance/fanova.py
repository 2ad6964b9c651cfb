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
_PAIR_CELLS: Final = 8
_NOTHING: Final = 1e-12


class Indices(NamedTuple):
    """Sobol' indices: shares of the variance."""

    total: Floats
    """(d,) effects of each parameter, alone and with others."""
    alone: Floats
    """(d,) effects of each parameter alone."""
    pairs: Floats
    """(d, d) effects of pairs beyond those of both; symmetric, with zeros on the diagonal."""


@final
class Cube:
    """The points at which one space's surfaces are divided; the same for all of them."""

    def __init__(self, space: Space, features: Features, rng: Generator) -> None:
        codec = space.codec()
        d = codec.width
        both = qmc.Sobol(2 * d, rng=rng).random(_POINTS)
        here, other = both[:, :d], both[:_SWAPPED, d:]
        self._cells = np.column_stack([_cells(param, here[:, j], _CELLS) for j, param in enumerate(codec.params)])
        self._pair_cells = np.column_stack(
            [_cells(param, here[:, j], _PAIR_CELLS) for j, param in enumerate(codec.params)]
        )
        swapped = []
        for j in range(d):
            exchanged = here[:_SWAPPED].copy()
            exchanged[:, j] = other[:, j]
            swapped.append(exchanged)
        self._features = features.of(Points(*codec.snap(np.concatenate([here, *swapped]))))

    def losses(self, model: Model) -> Floats:
        """What a model expects at all points, to be divided by `indices`."""
        return model.losses(self._features)

    def indices(self, losses: Floats) -> Indices:
        """The indices of a function that has these values at the points."""
        here, swapped = losses[:_POINTS], losses[_POINTS:].reshape(-1, _SWAPPED)
        d = len(swapped)
        variance = float(here.var())
        if variance <= _NOTHING * (1.0 + float(np.abs(here).max()) ** 2):
            return Indices(np.zeros(d), np.zeros(d), np.zeros((d, d)))
        # Jansen (1999), eq. 8: half the mean squared change when only this number changes.
        total = ((swapped - here[:_SWAPPED]) ** 2).mean(axis=1) / (2 * variance)
        alone = np.array([_between(here, cells) for cells in self._cells.T]) / variance
        return Indices(np.clip(total, alone, 1.0), alone, self._pairs(here, variance))

    def _pairs(self, here: Floats, variance: float) -> Floats:
        cells = self._pair_cells
        d = cells.shape[1]
        alone = [_between(here, column) for column in cells.T]
        pairs = np.zeros((d, d))
        for i in range(d):
            for j in range(i):
                both = cells[:, i] * _PAIR_CELLS + cells[:, j]
                pairs[i, j] = pairs[j, i] = max(_between(here, both) - alone[i] - alone[j], 0.0) / variance
        return pairs


def _cells(param: Varying, units: Floats, most: int) -> Ints:
    """Which of at most `most` equal parts of its range a number is in; those of few values have a part each."""
    count = min(param.size or most, most)
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
