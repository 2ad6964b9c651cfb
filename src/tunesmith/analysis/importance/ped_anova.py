"""PED-ANOVA: how otherwise good trials are spread than all trials, parameter by parameter (Watanabe et al. 2023).

The variance of the function "is among the best", in closed form: the Pearson divergence of two densities. It is cheap,
needs no model, and looks at each parameter alone.

Densities of few trials differ by chance. So the divergence of as many trials picked blindly is subtracted, and tells
also whether a share is more than chance.
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.analysis.importance.outcomes import Outcomes
from tunesmith.analysis.importance.shares import Region
from tunesmith.space.codec import Varying
from tunesmith.space.params import Choice
from tunesmith.space.space import Space

Floats = NDArray[np.float64]

BEST: Final = 0.25
"""What counts as good: the best quarter of the trials of a region; the top region is the best quarter of all trials."""
FEWEST: Final[dict[Region, int]] = {"whole": 20, "top": 80}
"""Five good trials are the least."""
_CELLS: Final = 32
_BANDWIDTH: Final = 0.3
"""Of the uniform distribution on the unit interval, its deviation; for Scott's rule."""


class Divergences(NamedTuple):
    """Divergences of d parameters, from the trials and from resamples; each less what chance gives on average."""

    found: Floats
    """(d,)"""
    resampled: Floats
    """(b, d)"""
    chance: Floats
    """(d,) the part of blind picks that diverge at least as much."""


def divergences(space: Space, known: Outcomes, region: Region, resamples: int, rng: Generator) -> Divergences:
    """How the good trials of a region differ from all of its trials; `known` holds at least `FEWEST` trials."""
    order = np.argsort(known.losses, kind="stable")
    densities = _Densities(space, known.at(order))
    n = len(order)
    ones = np.ones(n)
    blind = np.array([densities.divergence(*_blind(_groups(ones, region), rng)) for _ in range(resamples)])
    found = densities.divergence(*_groups(ones, region))
    drawn, blindly = [], []
    for _ in range(resamples):
        weights = np.bincount(rng.integers(n, size=n), minlength=n).astype(float)
        groups = _groups(weights, region)
        drawn.append(densities.divergence(*groups))
        blindly.append(densities.divergence(*_blind(groups, rng)))
    chance = (1 + (blind >= found).sum(axis=0)) / (1 + resamples)
    return Divergences(found - blind.mean(axis=0), np.array(drawn) - np.mean(blindly, axis=0), chance)


def _groups(weights: Floats, region: Region) -> tuple[Floats, Floats]:
    """Weights of the good trials and of the trials of the region; trials are in order, the best first."""
    within = weights if region == "whole" else _first(weights, BEST)
    return _first(within, BEST), within


def _first(weights: Floats, part: float) -> Floats:
    """The weights of the first trials that make up a part of the whole weight."""
    before = np.cumsum(weights) - weights
    first: Floats = np.clip(part * weights.sum() - before, 0.0, weights)
    return first


def _blind(groups: tuple[Floats, Floats], rng: Generator) -> tuple[Floats, Floats]:
    """As many good trials, picked from the region without a look at how good they are."""
    good, within = groups
    order = rng.permutation(len(within))
    blind = np.empty_like(within)
    blind[order] = _first(within[order], float(good.sum() / within.sum()))
    return blind, within


@final
class _Densities:
    """Densities of all parameters at once, over cells of the unit interval."""

    def __init__(self, space: Space, known: Outcomes) -> None:
        params = space.codec().params
        self._active = known.points.active
        self._ordered = [not isinstance(param, Choice) for param in params]
        self._sizes = [_cell_count(param) for param in params]
        self._cells = [
            np.minimum((units * size).astype(np.intp), size - 1)
            for units, size in zip(known.points.X.T, self._sizes, strict=True)
        ]

    def divergence(self, good: Floats, within: Floats) -> Floats:
        """The divergence of each parameter, shape (d,).

        Of a conditional parameter, it is that among trials in which it takes part, times (p of the good trials)² / (p of
        all): its part in the variance of "is good", when whether it takes part is owed to the parameter it depends on.
        """
        effective = good.sum() ** 2 / max(float((good**2).sum()), 1e-300)
        found = np.zeros(len(self._cells))
        for j, cells in enumerate(self._cells):
            active = self._active[:, j]
            share_good = float(good[active].sum() / good.sum())
            share = float(within[active].sum() / within.sum())
            if share_good == 0.0:
                continue
            smooth = self._smoothing(j, effective * share_good)
            of_good = self._density(cells[active], good[active], smooth)
            of_all = self._density(cells[active], within[active], smooth)
            found[j] = share_good**2 / share * float((of_all * (of_good / of_all - 1.0) ** 2).sum())
        return found

    def _density(self, cells: NDArray[np.intp], weights: Floats, smooth: Floats) -> Floats:
        counts = np.bincount(cells, weights=weights, minlength=len(smooth)) @ smooth
        density: Floats = (counts + 1.0 / len(smooth)) / (counts.sum() + 1.0)  # one trial of a flat prior
        return density

    def _smoothing(self, j: int, count: float) -> Floats:
        """How each cell's trials are spread over cells, rows that sum to 1; options without an order keep their own."""
        size = self._sizes[j]
        if not self._ordered[j]:
            return np.eye(size)
        centres = (np.arange(size) + 0.5) / size
        width = _BANDWIDTH * max(count, 1.0) ** -0.2
        kernel = np.exp(-0.5 * ((centres[:, None] - centres) / width) ** 2)
        smooth: Floats = kernel / kernel.sum(axis=1, keepdims=True)
        return smooth


def _cell_count(param: Varying) -> int:
    if isinstance(param, Choice):
        return param.size
    return min(param.size or _CELLS, _CELLS)
