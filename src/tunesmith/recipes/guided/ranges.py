"""Ranges: how far outcomes narrow a parameter, and the part of a space that is left. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tunesmith.recipes.guided.outcomes import Outcome
from tunesmith.space.conditions import Test, When
from tunesmith.space.params import Choice, Config, Fixed, Float, Int, Json, Ordinal, Param, default_of, key_of
from tunesmith.space.space import Space

_SAME: Final = 1e-6
"""Places on the unit interval that are nearer than this are one."""
_BESIDE: Final = 0.15
"""How far beyond the best trials a narrowed range reaches, as a share of the parameter's own range."""
_TRIED: Final = 5
"""An option that was tried less often is not given up."""


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


def cut(param: Param, low: float, high: float) -> Param:
    """A number or levels between two places on the unit interval; its only value where no more is left."""
    low, high = max(0.0, low), min(1.0, high)
    if isinstance(param, Ordinal):
        first, last = (param.options.index(param.from_unit(unit)) for unit in (low, high))
        kept = param.options[first : last + 1]
        if len(kept) == 1:
            return Fixed(kept[0])
        return Ordinal(*kept, default=param.default if param.default in kept else None, role=param.role)
    assert isinstance(param, Float | Int)
    least, most = param.from_unit(low), param.from_unit(high)
    if least == most:
        return Fixed(least)
    if (least, most) == (param.low, param.high):
        return param
    default = param.default if param.default is not None and least <= param.default <= most else None
    belief = param.belief if param.belief is not None and least <= param.belief.centre <= most else None
    narrowed: Param = replace(param, low=least, high=most, default=default, belief=belief)  # type: ignore[arg-type]  # of its own type
    return narrowed


def narrowed(name: str, param: Param, best: Sequence[Outcome], all_of: Sequence[Outcome]) -> Param:
    """The parameter with the range or the options of the best outcomes, and what lies beside it."""
    values = [outcome.config[name] for outcome in best if name in outcome.config]
    if not values or isinstance(param, Fixed):
        return param
    if isinstance(param, Choice):
        wanted = {key_of(value) for value in values}
        tried = [key_of(outcome.config[name]) for outcome in all_of if name in outcome.config]
        kept = [o for o in param.options if key_of(o) in wanted or tried.count(key_of(o)) < _TRIED]
        return _with_options(param, kept)
    units = [param.to_unit(value) for value in values]
    # Of few levels, at least the next one.
    beside = max(_BESIDE, 1.0 / param.size if param.size else 0.0)
    return cut(param, min(units) - beside, max(units) + beside)


def far_values(param: Param, value: Any) -> list[Any]:
    """Other values to try once: the middle of the larger side of the range, or each other option."""
    if isinstance(param, Choice):
        return [option for option in param.options if key_of(option) != key_of(value)]
    unit = param.to_unit(value)
    found = param.from_unit((unit + 1.0) / 2.0 if unit <= 0.5 else unit / 2.0)
    return [found] if found != value else []


def spanned(name: str, param: Param, configs: Sequence[Config]) -> Param:
    """The parameter from the least to the greatest value that some configurations have, or with their options."""
    values = [config[name] for config in configs if name in config]
    if not values or isinstance(param, Fixed):
        return param
    if isinstance(param, Choice):
        wanted = {key_of(value) for value in values}
        kept = [option for option in param.options if key_of(option) in wanted]
        return Fixed(kept[0]) if len(kept) == 1 else _with_options(param, kept)
    units = [param.to_unit(value) for value in values]
    return cut(param, min(units), max(units))


def _with_options(param: Choice, kept: Sequence[Json]) -> Choice:
    if len(kept) == len(param.options):
        return param
    return Choice(*kept, default=param.default if param.default in kept else None, role=param.role)


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
