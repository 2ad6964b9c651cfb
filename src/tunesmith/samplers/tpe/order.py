"""Order: which outcomes are the best, with limits and with several objectives."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.dominance import crowding, front_ranks
from tunesmith.surrogates.evidence import Evidence

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_COMPARED: Final = 500
"""With several objectives at most about so many rows are sorted into fronts."""


def best_first(evidence: Evidence, count: int) -> Rows:
    """All r rows, of which the first `count` are the best ones.

    Rows that keep the outcome limits come first, by their losses; then the others, those that break them least first
    (as in Optuna; Deb 2002, section VI).
    """
    kept = np.flatnonzero(evidence.feasible)
    broken = np.flatnonzero(~evidence.feasible)
    by_violation = broken[np.argsort(_violations(evidence.excess)[broken], kind="stable")]
    losses = evidence.losses[kept]
    by_loss = np.argsort(losses[:, 0], kind="stable") if losses.shape[1] == 1 else _by_rank(losses, count)
    return np.concatenate([kept[by_loss], by_violation])


def _violations(excess: Floats) -> Floats:
    """By how much each row breaks the limits in total, shape (r,); NaN, which is not known, is worse than anything.

    What is added are heights among all excesses of a limit, since limits have units of their own.
    """
    beyond = np.maximum(excess, 0.0)
    total = np.zeros(len(excess))
    for column in beyond.T:
        total += np.unique(np.append(column, 0.0), return_inverse=True)[1][:-1]
    return total


def _by_rank(losses: Floats, count: int) -> Rows:
    """All n rows of several objectives, shape (n, m): the best `count` by rank and then by crowding (Deb 2002), the rest."""
    compared = _compared(losses)
    ranks = front_ranks(losses[compared], count)
    order = np.lexsort((-crowding(losses[compared], ranks), ranks))
    chosen = compared[order[:count]]
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
