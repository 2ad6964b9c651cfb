"""A history of very many trials, thinned with care: the ones that matter one by one, and all of them as a density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.history import History

MOST: Final = 2000
"""How many points a browser draws and hovers without a pause."""
_BEST: Final = 500
_IMPROVEMENTS: Final = 500
_COLUMNS: Final = 120
_ROWS: Final = 60


@final
@dataclass(frozen=True, eq=False)
class Density:
    """How many trials lie where: c columns of trial numbers by r rows of values."""

    numbers: NDArray[np.float64]
    """(c + 1,) edges of the columns."""
    values: NDArray[np.float64]
    """(r + 1,) edges of the rows, in real values."""
    counts: NDArray[np.int64]
    """(r, c)"""


@final
@dataclass(frozen=True, eq=False)
class Thinned:
    """The part of a history that is drawn one by one, and the density of the whole."""

    points: History
    """Its best value, its ranges and its best-so-far line are those of the whole."""
    density: Density | None
    """None if all trials are among the points."""
    total: int


def thinned(data: History, most: int = MOST) -> Thinned:
    """At most `most` (1,000 or more) points: the best 500, every improvement, and an even spread of each kind of end.

    Of more than 500 improvements the first, the last and an even spread are kept.
    """
    total = len(data.numbers)
    if total <= most:
        return Thinned(data, None, total)
    keep = np.zeros(total, bool)
    losses = np.where(data.feasible, data.values if data.direction == "minimize" else -data.values, np.nan)
    keep[np.argsort(losses)[:_BEST]] = True
    keep[_spread(_improvements(data.so_far), _IMPROVEMENTS)] = True
    keep[[0, -1]] = True
    states = np.array(data.states, dtype=object)
    groups = [np.flatnonzero((states == state) & ~keep) for state in ("done", "stopped", "failed")]
    groups = sorted((group for group in groups if len(group)), key=len)
    left = most - int(keep.sum())
    for index, group in enumerate(groups):
        share = min(len(group), left // (len(groups) - index))
        keep[_spread(group, share)] = True
        left -= share
    return Thinned(_part(data, np.flatnonzero(keep)), _density(data), total)


def _improvements(so_far: NDArray[np.float64]) -> NDArray[np.int64]:
    known = np.flatnonzero(np.isfinite(so_far))
    if not len(known):
        return known
    steps = so_far[known]
    places: NDArray[np.int64] = known[np.r_[True, steps[1:] != steps[:-1]]]
    return places


def _spread(places: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most `most` of the places, evenly spread, with the first and the last."""
    if len(places) <= most:
        return places
    chosen: NDArray[np.int64] = places[np.linspace(0, len(places) - 1, most).round().astype(int)]
    return chosen


def _part(data: History, places: NDArray[np.int64]) -> History:
    def of(items: Sequence[Any]) -> list[Any]:
        return [items[place] for place in places]

    return replace(
        data,
        numbers=data.numbers[places],
        values=data.values[places],
        states=of(data.states),
        feasible=data.feasible[places],
        so_far=data.so_far[places],
        configs=of(data.configs),
        reasons=of(data.reasons),
    )


def _density(data: History) -> Density | None:
    """Of the finite values within the range that is shown first."""
    fits = np.isfinite(data.values)
    if data.log:
        fits &= data.values > 0
    elif data.near is not None:
        fits &= (data.values >= data.near[0]) & (data.values <= data.near[1])
    if not fits.any():
        return None
    places = np.log10(data.values[fits]) if data.log else data.values[fits]
    low, high = float(places.min()), float(places.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    numbers = np.linspace(data.numbers.min() - 0.5, data.numbers.max() + 0.5, _COLUMNS + 1)
    edges = np.linspace(low, high, _ROWS + 1)
    counts, _, _ = np.histogram2d(places, data.numbers[fits], [edges, numbers])
    return Density(numbers, 10**edges if data.log else edges, counts.astype(np.int64))
