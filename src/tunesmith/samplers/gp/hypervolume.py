"""Several objectives: how much of the space below the reference point a trial may add to what the front covers."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.samplers.gp.acquisition import expected_below

Floats = NDArray[np.float64]

_MARGIN: Final = 0.1
_MOST_BOXES: Final = 400


def reference_point(front: Floats, Y: Floats) -> Floats:
    """(m,) a point that is worse than the whole front, and than half of all trials, in every objective.

    `front` (p, m) are the losses that no other one dominates, `Y` (r, m) those of all trials.
    """
    nadir = np.maximum(front.max(axis=0), np.median(Y, axis=0))
    point: Floats = nadir + _MARGIN * np.maximum(np.ptp(Y, axis=0), 1e-6)
    return point


@final
class Uncovered:
    """The space that no point of a front dominates, below a reference point, as boxes that do not overlap.

    An improvement is then a sum over boxes of products over objectives, exactly, also in expectation over independent
    normal objectives (Yang et al. 2019, "Efficient computation of expected hypervolume improvement").
    """

    def __init__(self, front: Floats, reference: Floats) -> None:
        """`front` has shape (p, m), m >= 2, and `reference` (m,)."""
        inside = front[np.all(front < reference, axis=1)]
        boxes = _boxes(inside, reference)
        while len(boxes) > _MOST_BOXES and len(inside) > 2:
            # Every second point, the extremes among them, covers a little less; what is left out is worth little.
            inside = inside[np.argsort(inside[:, 0], kind="stable")][
                np.unique(np.r_[: len(inside) : 2, len(inside) - 1])
            ]
            boxes = _boxes(inside, reference)
        self._edges = []
        for lower, upper in zip(boxes[:, 0].T, boxes[:, 1].T, strict=True):
            edges, places = np.unique(np.concatenate([lower, upper]), return_inverse=True)
            self._edges.append((edges, places[: len(boxes)], places[len(boxes) :]))

    def improvement(self, Y: Floats) -> Floats:
        """(c,) volume that points `Y`, shape (c, m), would cover anew."""
        return self._sum([np.maximum(edges - Y[:, i, None], 0.0) for i, (edges, _, _) in enumerate(self._edges)])

    def expected_improvement(self, mean: Floats, deviation: Floats) -> Floats:
        """(c,) the expected volume, for independent normal objectives of shape (c, m)."""
        return self._sum(
            [
                expected_below(mean[:, i, None], deviation[:, i, None], edges)
                for i, (edges, _, _) in enumerate(self._edges)
            ]
        )

    def _sum(self, below: list[Floats]) -> Floats:
        total = np.ones(1)
        for parts, (_, lower, upper) in zip(below, self._edges, strict=True):
            total = total * (parts[:, upper] - parts[:, lower])
        return np.asarray(total.sum(axis=1))


def _boxes(front: Floats, reference: Floats) -> Floats:
    """Boxes as lower and upper corners, shape (b, 2, m): slabs along the last objective, each cut in the same way."""
    m = len(reference)
    order = front[np.argsort(front[:, -1], kind="stable")]
    if m == 1:
        top = min(float(front.min(initial=np.inf)), float(reference[0]))
        return np.array([[[-np.inf], [top]]])
    levels = [-np.inf, *order[:, -1].tolist(), float(reference[-1])]
    found = []
    for k, (low, high) in enumerate(pairwise(levels)):
        if low < high:
            flat = _boxes(_minimal(order[:k, :-1]), reference[:-1])
            slab = np.broadcast_to(np.array([[low], [high]]), (len(flat), 2, 1))
            found.append(np.concatenate([flat, slab], axis=2))
    return np.concatenate(found)


def _minimal(points: Floats) -> Floats:
    """Points that no other one dominates, without repeats."""
    points = np.unique(points, axis=0)
    no_worse = np.all(points[:, None] <= points[None], axis=2)
    np.fill_diagonal(no_worse, val=False)
    kept: Floats = points[~no_worse.any(axis=0)]
    return kept
