"""Carrying configurations of one space over into another: parameters may be missing or new, ranges narrower or wider."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tunesmith.errors import InvalidConfig
from tunesmith.space.params import Config, Fixed, Float, Int, Param, default_of
from tunesmith.space.space import Space
from tunesmith.space.values import is_number

_FARTHEST: Final = 1.0
"""What is farther outside of a range than it is wide says nothing about it."""


class Carried(NamedTuple):
    """A configuration as another space sees it: its active parameters, in its order."""

    config: Config
    inside: bool
    """Whether it is one of the space's configurations; else some numbers are outside of their ranges, or limits broken."""


def carried(values: Mapping[str, Any], space: Space) -> Carried | None:
    """The configuration of `space` that stands for `values`, given by name; None where there is none.

    What the space does not name is left out, what it adds is at its default. A number outside of its range stays what it
    is, unless it is farther outside than the range is wide; a number between the values of a parameter moves to one of
    them. There is no configuration for an option that the space does not have.
    """
    known = {name: default_of(param) for name, param in space.params.items()}
    outside = set()
    for name, param in space.params.items():
        if name not in values or isinstance(param, Fixed):
            continue
        try:
            known[name] = _fitting(param, values[name], name)
        except InvalidConfig:
            if not isinstance(param, Float | Int) or not is_number(values[name]) or not _is_near(param, values[name]):
                return None
            known[name] = values[name]
            outside.add(name)
    config = space.restrict(known)
    inside = outside.isdisjoint(config)
    return Carried(config, inside and space.allows(config))


def extended_unit(param: Param, value: Any) -> float:
    """As `param.to_unit`, and beyond 0 and 1 for numbers that are outside of the range."""
    if isinstance(param, Float | Int) and not param.low <= value <= param.high:
        beyond = _beyond(param, value)
        return beyond if beyond < 0 else 1.0 + beyond
    return param.to_unit(value)


def _fitting(param: Param, value: Any, name: str) -> Any:
    if isinstance(param, Float | Int) and is_number(value) and param.low <= value <= param.high:
        value = param.from_unit(param.to_unit(value)) if param.size is not None else value
    return param.check(value, name)


def _is_near(param: Float | Int, value: Any) -> bool:
    return abs(_beyond(param, value)) <= _FARTHEST


def _beyond(param: Float | Int, value: float) -> float:
    """By how many widths of the range a number is above it; negative where it is below."""
    if param.log and value <= 0:
        return -math.inf
    low, high, at = (math.log(x) if param.log else x / 2 for x in (param.low, param.high, value))
    distance = at - high if at > high else at - low
    return distance / (high - low) if high > low else math.copysign(math.inf, distance)
