"""The learning rate: which values its stage tries, and the range that a probe has found. Pure.

As a function of the logarithm of the rate, what a training comes to has one valley, mostly. Its bottom is found by steps: out
from the best rate so far as long as that gets better, and then in between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from tunesmith.space.narrower import bounded
from tunesmith.space.params import Float, Param
from tunesmith.trials.view import View

LOW: Final = "lr_range.low"
HIGH: Final = "lr_range.high"
"""Metrics of a study's first trial: what a range test has found there."""
_TIMES: Final = 10.0
"""A first step on a logarithmic scale, as a factor."""
_PART: Final = 0.25
"""A first step on other scales, as a part of the range."""
_FINE: Final = 0.6
"""Two rates are near enough if they are no farther apart than this part of a step."""
_LEAST: Final = 0.02
"""On the unit interval, a place nearer than this to another one is not worth a trial."""


class Place(NamedTuple):
    """A rate that was tried, on the unit interval."""

    unit: float
    loss: float | None
    """Smaller is better; infinite where training failed, None as long as nothing is known."""


def probed(view: View, name: str) -> Float | None:
    """The learning rate within the range that a range test in the study's first trial has found; None without one."""
    param = view.space.params[name]
    first = view.trials[0] if view.trials else None
    values = (first.values or (first.last.metrics if first.last else {})) if first else {}
    low, high = values.get(LOW, math.nan), values.get(HIGH, math.nan)
    if not isinstance(param, Float) or not low < high or high <= param.low or low >= param.high:
        return None
    return bounded(param, max(low, param.low), min(high, param.high))


def next_places(places: Sequence[Place], low: float, high: float, step: float) -> list[float]:
    """Where to try next between two places of the unit interval, the most promising first; none if the valley is known.

    Nothing is known of what lies between two good rates until it was tried, so that the range of a probe, `low` to `high`,
    begins with its middle.
    """
    if not any(low <= place.unit <= high for place in places):
        return [(low + high) / 2.0]
    known = [place for place in places if place.loss is not None]
    best = min(known, key=lambda place: place.loss if place.loss is not None else math.inf, default=None)
    if best is None:
        return []
    centre = min(max(best.unit, low), high)
    outward, inward = [], []
    # Where all have failed, they were too large, mostly.
    for side in (1, -1) if best.loss is not None and math.isfinite(best.loss) else (-1, 1):
        beyond = [abs(place.unit - centre) for place in places if side * (place.unit - centre) > 0]
        room = high - centre if side > 0 else centre - low
        if not beyond:
            outward.append(centre + side * min(step, room))
        elif min(beyond) > _FINE * step:
            inward.append(centre + side * min(min(beyond) / 2.0, room))
    wanted = [*outward, *inward]
    return [unit for unit in wanted if all(abs(unit - place.unit) >= _LEAST for place in places)]


def first_step(param: Param) -> float:
    """How far the first step from the default goes, on the unit interval."""
    if isinstance(param, Float) and param.log:
        return min(0.5, math.log(_TIMES) / math.log(param.high / param.low))
    return _PART
