"""Split: the trials that a good one should resemble, and all others."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.samplers.standing import best_rows
from tunesmith.surrogates.evidence import Evidence, Points

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]

_SHARE: Final = 0.15
_MOST: Final = 25
"""Good are 15 % of the outcomes, and no more than 25: gamma as Watanabe 2023, arXiv:2304.11127, recommends."""
_NEXT: Final = 100
_FAR: Final = 150
_FAILED: Final = 100
"""Of the others the next 100 stand for themselves, 150 stand for all that come after, and 100 for all failures."""


class Split(NamedTuple):
    """Points with weights in numbers of observations: the g good ones, the best first, and the b others."""

    good: Points
    good_weights: Floats
    others: Points
    others_weights: Floats


def split(evidence: Evidence) -> Split:
    """The best outcomes, and the others: worse outcomes, failures, and what is under way, which counts as bad.

    The last keeps parallel workers apart: a proposal makes its surroundings less attractive until its outcome is known.
    To bound the cost of a proposal, the others are thinned out where they are far from good, evenly by quality.
    """
    count = min(math.ceil(_SHARE * len(evidence.points)), _MOST)
    order = best_rows(evidence.losses, evidence.excess, count)
    near, (far, far_weights) = order[count : count + _NEXT], _thinned(order[count + _NEXT :], _FAR)
    failed, failed_weights = _thinned(np.arange(len(evidence.failed)), _FAILED)
    others = evidence.points.at(np.concatenate([near, far]))
    return Split(
        good=evidence.points.at(order[:count]),
        good_weights=_weights(count),
        others=others.joined(evidence.failed.at(failed)).joined(evidence.pending),
        others_weights=np.concatenate(
            [np.ones(len(near)), far_weights, failed_weights, np.ones(len(evidence.pending))]
        ),
    )


def _weights(count: int) -> Floats:
    """Weights of the good by place, g in sum, the best first: log(g + 1) - log(i), as of the parents in CMA-ES.

    (Hansen 2016, arXiv:1604.00772, eq. 49.) They stand for the improvement that each of them was (Song et al. 2022,
    arXiv:2206.13035), without its scale: one outlier does not take all.
    """
    places = np.arange(1, count + 1)
    raw = np.log(count + 1.0) - np.log(places)
    weights: Floats = raw * (count / raw.sum()) if count else raw
    return weights


def _thinned(rows: Rows, most: int) -> tuple[Rows, Floats]:
    """At most so many of the rows, evenly taken, and how many each of them stands for."""
    if len(rows) <= most:
        return rows, np.ones(len(rows))
    taken = rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]
    return taken, np.full(most, len(rows) / most)
