"""Whether a low rung can be trusted: does it order trials as their ends do?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.schedulers.rungs import Ints, Rungs, Some, standing
from tunesmith.surrogates.dominance import spread_order
from tunesmith.trials.trial import State
from tunesmith.trials.view import STATES, View

_DONE: Final = STATES.index(State.DONE)
_PAUSED: Final = STATES.index(State.PAUSED)
_RISES: Final = 3
"""The first rung rises with every so many finished trials."""
_FEWEST: Final = 5
_LEAST: Final = 0.1
"""Rank correlation with the ends of trainings below which a rung is taken to say nothing about them.

Most trials that have both values were promoted, and among those that are alike on a rung the order of their ends is mostly
noise: 0.3 among them goes with 0.8 and more among all. What says nothing, or the contrary, stays below this.
"""
_AUDITED: Final = 5
"""Of so many trials that train to their end, one is an audit."""


def trusted(view: View, rungs: Rungs) -> int:
    """The lowest rung at which a new trial may pause.

    It rises as trials finish, since early values tell less the more is known of ends: few steps of many trials are worth
    most at the beginning. And rungs that do not order finished trials as their ends do are left out.
    """
    finished = np.flatnonzero(view.columns.state == _DONE)
    rung = rungs.first
    for _ in range(len(finished) // _RISES):
        rung = rungs.above(rung) or rung
    while (above := rungs.above(rung)) is not None:
        agreement = agreement_with_ends(view, rung, finished)
        if agreement is None or agreement >= _LEAST:
            break
        rung = above
    return rung


def agreement_with_ends(view: View, rung: int, finished: Ints) -> float | None:
    """Spearman's rank correlation of values at a rung with those at the end, over finished trials; None for too few."""
    early = standing(view, rung)
    _, at_rung, at_end = np.intersect1d(early.numbers, finished, return_indices=True)
    ends = view.losses[finished[at_end]]
    known = np.isfinite(ends).all(axis=1)
    if np.count_nonzero(known) < _FEWEST:
        return None
    one = _ranks(early.badness[at_rung][known])
    other = _ranks(ends[known, 0] if ends.shape[1] == 1 else spread_order(ends[known]))
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def audits(view: View, rung: int, some: Some | None = None) -> list[int]:
    """Mostly none; now and then a trial from the middle of a rung that shall train to its end, to see what is overlooked."""
    sent = sum(trial.budget is None and trial.state is not State.OPEN for trial in view.trials)
    if sent % _AUDITED:
        return []
    found = standing(view, rung, some)
    columns = view.columns
    best_first = np.array(found.best(len(found)), np.int64)
    waiting = best_first[(columns.state[best_first] == _PAUSED) & (columns.step[best_first] == rung)]
    return [int(waiting[len(waiting) // 2])] if len(waiting) >= _FEWEST else []


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share their mean."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return ranks
