"""Who stands where: everything that has ended, failures included, in one order from best to worst.

Feasible before infeasible, infeasible by how far they are beyond the limits, failures last (Deb 2000); among feasible ones
by the loss, or with several objectives by front and crowding (Deb 2002).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.dominance import crowding, front_ranks
from tunesmith.surrogates.evidence import Evidence, Points, evidence_of
from tunesmith.trials.view import View

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_COMPARED: Final = 500
"""With several objectives at most about so many rows are sorted into fronts where not all are wanted."""


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


def ended_of(view: View, evidence_of: Callable[[View], Evidence] = evidence_of) -> Ended:
    """What has ended in a view, by the evidence that counts."""
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


def best_first(ended: Ended, enough: int | None = None) -> Rows:
    """Rows from best to worst, shape (n,); older ones first where they are equal. With `enough`, the first so many."""
    tried = np.flatnonzero(~ended.failed)
    order = best_rows(ended.losses[tried], ended.excess[tried], enough)
    return np.concatenate([tried[order], np.flatnonzero(ended.failed)])


def best_rows(losses: Floats, excess: Floats, enough: int | None = None) -> Rows:
    """As `best_first`, of outcomes without failures: losses (n, m), and how far each metric is beyond its limit (n, k)."""
    beyond = violations(excess)
    kept, broken = np.flatnonzero(beyond == 0), np.flatnonzero(beyond)
    by_violation = np.argsort(beyond[broken], kind="stable")
    return np.concatenate([kept[_by_loss(losses[kept], enough or len(kept))], broken[by_violation]])


def violations(excess: Floats) -> NDArray[np.int64]:
    """How far each row is beyond all limits together, shape (n,), 0 within; what is not known (NaN) is worse than anything.

    What is added are heights among all excesses of a limit, since limits have units of their own.
    """
    total = np.zeros(len(excess), np.int64)
    for column in np.maximum(excess, 0.0).T:
        total += np.unique(np.append(column, 0.0), return_inverse=True)[1][:-1]
    return total


def _by_loss(losses: Floats, count: int) -> Rows:
    """All n rows, of which the first `count` are the best: by loss, or by front and then by crowding (Deb 2002)."""
    if losses.shape[1] == 1:
        return np.argsort(losses[:, 0], kind="stable")
    compared = np.arange(len(losses)) if count == len(losses) else _compared(losses)
    ranks = front_ranks(losses[compared], count)
    chosen = compared[np.lexsort((-crowding(losses[compared], ranks), ranks))[:count]]
    rest = np.ones(len(losses), bool)
    rest[chosen] = False
    return np.concatenate([chosen, np.flatnonzero(rest)])


def _compared(losses: Floats) -> Rows:
    """Rows among which the first fronts are looked for: all, or of very many those that are best in one regard.

    The regards are each objective, and of the heights in all of them the sum and the highest: the ends and the middle
    of the fronts. Between the ends of many objectives, parts of a front may be missed.
    """
    if len(losses) <= _COMPARED:
        return np.arange(len(losses))
    heights = np.argsort(np.argsort(losses, axis=0, kind="stable"), axis=0, kind="stable")
    total = heights.sum(axis=1)
    regards = [*heights.T, total, heights.max(axis=1)]
    each = _COMPARED // len(regards) + 1
    # Among rows that are equal in one regard, the sum decides.
    keys = [regard * (int(total.max()) + 1) + total for regard in regards]
    return np.unique(np.concatenate([np.argpartition(key, each)[:each] for key in keys]))
