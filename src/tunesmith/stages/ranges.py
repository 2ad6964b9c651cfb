"""Ranges: where along a parameter it is good, other values to try, and the part of a space that is left. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from tunesmith.space.conditions import Test, When
from tunesmith.space.params import Choice, Fixed, Param, default_of, key_of
from tunesmith.space.space import Space

_SAME: Final = 1e-6
"""Places on the unit interval that are nearer than this are one."""


class Bracket(NamedTuple):
    """Where a parameter is good, seen along this parameter alone."""

    low: float
    high: float
    """On the unit interval: the nearest values that were worse, or the ends."""
    best: float
    good: int
    """How many values are as good as the best one."""
    tried: int
    edge: bool
    """Whether the best value is the least or the greatest one that was tried."""


def bracket(param: Param, points: Sequence[tuple[Any, float]], margin: float) -> Bracket | None:
    """From (value, loss) pairs: between the nearest values on both sides that are worse than the best by more than `margin`.

    None if no value has a finite loss.
    """
    places: dict[float, float] = {}
    for value, loss in points:
        unit = round(param.to_unit(value) / _SAME) * _SAME
        places[unit] = min(loss, places.get(unit, math.inf))
    ordered = sorted(places.items())
    best = min(ordered, key=lambda place: place[1], default=(0.0, math.inf))
    if not math.isfinite(best[1]):
        return None
    good = [index for index, (_, loss) in enumerate(ordered) if loss <= best[1] + margin]
    first, last = good[0] - 1, good[-1] + 1
    return Bracket(
        low=ordered[first][0] if first >= 0 else 0.0,
        high=ordered[last][0] if last < len(ordered) else 1.0,
        best=best[0],
        good=len(good),
        tried=len(ordered),
        edge=best[0] in (ordered[0][0], ordered[-1][0]),
    )


def far_values(param: Param, value: Any) -> list[Any]:
    """Other values to try once: the middle of the larger side of the range, or each other option."""
    if isinstance(param, Choice):
        return [option for option in param.options if key_of(option) != key_of(value)]
    unit = param.to_unit(value)
    found = param.from_unit((unit + 1.0) / 2.0 if unit <= 0.5 else unit / 2.0)
    return [found] if found != value else []


def part_of(space: Space, params: Mapping[str, Param]) -> Space:
    """The part of a space in which some parameters are narrower or fixed; what can take no part any more is gone."""
    if space.grows or all(space.params[name] == param for name, param in params.items()):
        return space
    kept: dict[str, tuple[tuple[Test, ...], Param]] = {}
    for name in space.parents_first:
        tests = [_within(test, kept) for test in space.conditions.get(name, ())]
        if all(tests is not None for tests in tests):
            kept[name] = tuple(test for some in tests if some for test in some), params.get(name, space.params[name])
    bodies: dict[str, object] = {
        name: When(kept[name][0], kept[name][1]) if kept[name][0] else kept[name][1]
        for name in space.params
        if name in kept
    }
    # A limit over a parameter that takes no part holds.
    return Space(bodies, limits=[limit for limit in space.limits if limit.names <= kept.keys()])


def _within(test: Test, kept: Mapping[str, tuple[tuple[Test, ...], Param]]) -> tuple[Test, ...] | None:
    """What is left of a condition: nothing where it always holds, None where it never does."""
    if test.parent not in kept:
        return None
    parent = kept[test.parent][1]
    if isinstance(parent, Fixed):
        return () if test.holds(parent.value) else None
    if test.op != "in":
        return (test,)
    allowed = tuple(value for value in test.value if _has(parent, value))
    return (Test(test.parent, "in", allowed),) if allowed else None


def _has(param: Param, value: object) -> bool:
    try:
        param.check(value, "value")
    except ValueError:
        return False
    return True


def fixed_at(space: Space, config: Mapping[str, object], names: Sequence[str]) -> dict[str, Param]:
    """The parameters of these names, kept at the values of a configuration, or at their defaults where it has none."""
    return {name: Fixed(config[name] if name in config else default_of(space.params[name])) for name in names}
