"""Who stands where: everything that has ended, failures included, in one order from best to worst.

Feasible before infeasible, infeasible by how far they are beyond the limits, failures last (Deb 2000); among feasible ones
by the loss, or with several objectives by front and crowding (Deb 2002).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.dominance import crowding, front_ranks
from tunesmith.surrogates.evidence import Points, evidence_of
from tunesmith.trials.view import View

Floats = NDArray[np.float64]


class Ended(NamedTuple):
    """n distinct configurations that have ended, in the order of their first trials; m objectives, k outcome limits."""

    points: Points
    """(n, d)"""
    numbers: NDArray[np.int64]
    """(n,) the first trial of each."""
    losses: Floats
    """(n, m) smaller is better; 0 for failures."""
    excess: Floats
    """(n, k) how far each limited metric is beyond its bound, 0 within, infinite if not known."""
    failed: NDArray[np.bool_]
    """(n,)"""

    def __len__(self) -> int:
        return len(self.numbers)

    def at(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Ended:
        points = Points(self.points.X[rows], self.points.active[rows])
        return Ended(points, self.numbers[rows], self.losses[rows], self.excess[rows], self.failed[rows])

    def joined(self, other: Ended) -> Ended:
        pairs: Any = zip(self[1:], other[1:], strict=True)
        return Ended(self.points.joined(other.points), *(np.concatenate(pair) for pair in pairs))

    def table(self) -> Floats:
        """All that is known of each row, shape (n, d + m + k + 1); equal tables stand for equal pasts."""
        return np.column_stack([self.points.X, self.losses, self.excess, self.failed])


def ended_of(view: View) -> Ended:
    """What has ended in a view."""
    evidence = evidence_of(view)
    numbers = np.concatenate([evidence.numbers, evidence.failures])
    points = evidence.points.joined(evidence.failed)
    lost = len(evidence.failed)
    ended = Ended(
        points,
        numbers,
        np.concatenate([evidence.losses, np.zeros((lost, evidence.losses.shape[1]))]),
        np.concatenate([_beyond(evidence.excess), np.full((lost, evidence.excess.shape[1]), np.inf)]),
        np.arange(len(numbers)) >= len(evidence.numbers),
    )
    return ended.at(np.argsort(numbers, kind="stable"))


def _beyond(excess: Floats) -> Floats:
    return np.where(np.isfinite(excess), np.maximum(excess, 0.0), np.where(excess == -np.inf, 0.0, np.inf))


def violations(ended: Ended) -> Floats:
    """How far each row is beyond all limits together, shape (n,): each limit in units of its largest known excess."""
    excess = ended.excess
    known = np.isfinite(excess)
    largest = np.max(np.where(known, excess, 0.0), axis=0, initial=0.0)
    shares = np.divide(excess, largest, out=np.zeros_like(excess), where=known & (largest > 0))
    total: Floats = np.where(known, shares, 2.0).sum(axis=1)
    return total


def best_first(ended: Ended, enough: int | None = None) -> NDArray[np.intp]:
    """Rows from best to worst, shape (n,); older ones first where they are equal. Exact for the first `enough`."""
    beyond = violations(ended)
    fine = ~ended.failed & (beyond == 0)
    fronts, distances = np.zeros(len(ended), np.int64), np.zeros(len(ended))
    fronts[fine] = front_ranks(ended.losses[fine], enough)
    if ended.losses.shape[1] > 1:
        wanted = fine & (fronts <= np.sort(fronts[fine])[: enough or len(ended)].max(initial=0))
        distances[wanted] = crowding(ended.losses[wanted], fronts[wanted])
    return np.lexsort((-distances, fronts, beyond, ended.failed))
