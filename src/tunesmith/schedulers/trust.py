"""Whether a low rung can be trusted: does it order trials as the next one does?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.schedulers.rungs import Rungs, standing
from tunesmith.trials.trial import State
from tunesmith.trials.view import STATES, View

_DONE: Final = STATES.index(State.DONE)
_FINISHED: Final = 3
_FEWEST: Final = 8
_LEAST: Final = 0.1
"""Rank correlation below which a rung is taken to say nothing about the next one.

Only trials that were promoted have both values, and among those that are alike on the one rung the order on the next is
mostly noise: 0.3 among them goes with 0.8 and more among all. What says nothing, or the contrary, stays below this.
"""


def trusted(view: View, rungs: Rungs) -> int:
    """The lowest rung at which a new trial may pause.

    It rises with every third finished trial, since early values tell less the more is known of ends: few steps of many
    trials are worth most at the beginning. And rungs that say nothing about the next one are left out.
    """
    rung = rungs.first
    for _ in range(np.count_nonzero(view.columns.state == _DONE) // _FINISHED):
        rung = rungs.above(rung) or rung
    while True:
        above = rungs.above(rung)
        if above is None:
            return rung
        agreement = rank_agreement(view, rung, above)
        if agreement is None or agreement >= _LEAST:
            return rung
        rung = above


def rank_agreement(view: View, low: int, high: int) -> float | None:
    """Spearman's rank correlation of the values at two steps over the trials that reported at both; None for too few."""
    lower, higher = standing(view, low), standing(view, high)
    common, at_low, at_high = np.intersect1d(lower.numbers, higher.numbers, return_indices=True)
    if len(common) < _FEWEST:
        return None
    one, other = _ranks(lower.badness[at_low]), _ranks(higher.badness[at_high])
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share their mean."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[which]
    return ranks
