"""The learning rate: which values its stage tries. Pure.

As a function of the logarithm of the rate, what a training comes to has one valley, mostly. Its bottom is found by steps: out
from the best rate so far as long as that gets better, and then in between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from tunesmith.space.params import Float, Param

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


def next_places(places: Sequence[Place], low: float, high: float, step: float) -> list[float]:
    """Where to try next between two places of the unit interval, the most promising first; none if the valley is known.

    Nothing is known of what lies between two good rates until it was tried, so that the range of a probe, `low` to `high`,
    begins with its middle.
    """
    if not any(low <= place.unit <= high for place in places):
        return [(low + high) / 2.0]
    # As long as nothing is known, from the first one, the default, outward.
    best = min(places, key=lambda place: math.inf if place.loss is None else place.loss)
    centre = min(max(best.unit, low), high)
    outward, inward = [], []
    # Where all have failed, they were too large, mostly.
    for side in (-1, 1) if best.loss == math.inf else (1, -1):
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
