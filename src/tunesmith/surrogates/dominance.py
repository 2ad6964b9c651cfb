"""Several objectives at once: who dominates whom, how crowded a front is, and how much it has won. Smaller is better.

All losses are of shape (n, m), without NaN. Equal rows do not dominate one another.
"""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def front_ranks(losses: Floats, enough: int | None = None) -> Ints:
    """The front of each row, shape (n,): 0 if nothing dominates it, k if only rows of fronts before k do (Deb 2002, III.A).

    With `enough`, sorting ends when that many rows have their front; all others share the next one.
    """
    if not len(losses):
        return np.zeros(0, np.int64)
    if losses.shape[1] == 1:
        return np.unique(losses[:, 0], return_inverse=True)[1].astype(np.int64)
    # Distinct rows in lexicographic order: none of them can be dominated by a later one.
    first, inverse = _distinct(losses)
    rows = losses[first]
    ranks = _ranks_of_pairs(rows) if losses.shape[1] == 2 else _peeled(rows, np.bincount(inverse), enough)
    return ranks[inverse]


def spread_order(losses: Floats) -> Floats:
    """Each row's place, shape (n,), from 0: front by front, and within a front the row farthest from those before it.

    So whoever keeps the first k rows keeps a cover of the front (the epsilon-net of Schmucker et al. 2021,
    "Multi-objective Asynchronous Successive Halving"). Infinite losses are as far away as the worst finite ones.
    """
    if not len(losses):
        return np.zeros(0)
    ranks = front_ranks(losses)
    places = np.empty(len(losses))
    placed = 0
    scaled = _to_unit(losses)
    for rank in np.unique(ranks):
        front = np.flatnonzero(ranks == rank)
        for row in _farthest_first(scaled[front]):
            places[front[row]] = placed
            placed += 1
    return places


def _to_unit(losses: Floats) -> Floats:
    finite = np.where(np.isfinite(losses), losses, np.nan)
    known = ~np.isnan(finite).all(axis=0)
    low, high = np.zeros(losses.shape[1]), np.ones(losses.shape[1])
    low[known], high[known] = np.nanmin(finite[:, known], axis=0), np.nanmax(finite[:, known], axis=0)
    scaled: Floats = (np.clip(losses, low, high) - low) / np.where(high > low, high - low, 1.0)
    return scaled


def _farthest_first(rows: Floats) -> list[int]:
    """All rows, beginning with the one of the least sum, then always the one farthest from those before it."""
    order = [int(np.argmin(rows.sum(axis=1)))]
    distance = np.full(len(rows), np.inf)
    for _ in range(1, len(rows)):
        distance = np.minimum(distance, np.linalg.norm(rows - rows[order[-1]], axis=1))
        distance[order[-1]] = -1.0
        order.append(int(np.argmax(distance)))
    return order


def _distinct(losses: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first of each set of equal rows, in lexicographic order, and for each row which of those it equals."""
    order = np.lexsort(losses.T[::-1])
    ordered = losses[order]
    begins = np.ones(len(order), bool)
    begins[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    inverse = np.empty(len(order), np.intp)
    inverse[order] = np.cumsum(begins) - 1
    return order[begins], inverse


def _ranks_of_pairs(rows: Floats) -> Ints:
    """Fronts of two objectives: row by row, a front takes whoever is below its least second loss (Jensen 2003, fig. 5)."""
    least: list[float] = []
    ranks = np.empty(len(rows), np.int64)
    for i, second in enumerate(rows[:, 1].tolist()):
        # The least of each front are in ascending order, and a front dominates a row if its least is not above it.
        ranks[i] = rank = bisect_right(least, second)
        least[rank : rank + 1] = [second]
    return ranks


def _peeled(rows: Floats, counts: Ints, enough: int | None) -> Ints:
    ranks = np.empty(len(rows), np.int64)
    left = np.arange(len(rows))
    rank = sorted_out = 0
    while len(left) and (enough is None or sorted_out < enough):
        front = left[_undominated(rows[left])]
        ranks[front] = rank
        sorted_out += int(counts[front].sum())
        left = np.setdiff1d(left, front, assume_unique=True)
        rank += 1
    ranks[left] = rank
    return ranks


def _undominated(rows: Floats) -> NDArray[np.intp]:
    """Indices of the rows that no other one dominates; rows are distinct and in lexicographic order."""
    kept: list[int] = []
    left = np.arange(len(rows))
    while len(left):
        kept.append(int(left[0]))
        left = left[1:]
        left = left[(rows[left] < rows[kept[-1]]).any(axis=1)]
    return np.array(kept, np.intp)


def crowding(losses: Floats, ranks: Ints) -> Floats:
    """How alone each row is in its front, shape (n,), infinite at the ends (crowding distance, Deb 2002, III.B).

    Of equal rows the first one has the distance and the others have 0 (Fortin & Parizeau 2013), so that a heap of
    equal outcomes counts as one.
    """
    distances = np.zeros(len(losses))
    if not len(losses):
        return distances
    first = np.sort(_distinct(losses)[0])
    fronts = ranks[first]
    for values in losses[first].T:
        # Halves, since the difference of huge values may overflow.
        halves = values / 2
        order = np.lexsort((halves, fronts))
        begins = np.flatnonzero(np.diff(fronts[order], prepend=-1))
        ends = np.append(begins[1:], len(order)) - 1
        ordered = halves[order]
        ranges = np.repeat(ordered[ends] - ordered[begins], ends - begins + 1)
        gaps = np.full(len(order), np.inf)
        inner = np.setdiff1d(np.arange(len(order)), np.concatenate([begins, ends]))
        spans = ordered[inner + 1] - ordered[inner - 1]
        gaps[inner] = np.divide(spans, ranges[inner], out=np.zeros(len(inner)), where=ranges[inner] > 0)
        distances[first[order]] += gaps
    return distances


def hypervolume(losses: Floats, reference: Floats) -> float:
    """Volume of what rows of `losses` dominate, up to `reference`, shape (m,); exact, meant for up to four objectives.

    By sweeping one objective after the other (Fonseca et al. 2006, the recursion): a plane for two, slices for more.
    """
    inside = losses[(losses < reference).all(axis=1)]
    return _swept(inside, np.asarray(reference, float)) if len(inside) else 0.0


def _swept(rows: Floats, reference: Floats) -> float:
    if len(reference) == 1:
        return float(reference[0] - rows.min())
    rows = rows[np.argsort(rows[:, -1], kind="stable")]
    depths = np.diff(rows[:, -1], append=reference[-1])
    if len(reference) == 2:
        return float(depths @ (reference[0] - np.minimum.accumulate(rows[:, 0])))
    volume = area = 0.0
    front = np.empty((0, len(reference) - 1))
    for row, depth in zip(rows[:, :-1], depths.tolist(), strict=True):
        if not (front <= row).all(axis=1).any():
            front = np.vstack([front[(front < row).any(axis=1)], row])
            area = _swept(front, reference[:-1])
        volume += area * depth
    return volume
