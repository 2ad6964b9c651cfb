"""Narrower parameters: with other bounds, or with fewer options, and all else that is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from tunesmith.space.params import Choice, Float, Int, Json, Ordinal, Param, key_of
from tunesmith.space.space import Space

Number = TypeVar("Number", Float, Int)


def bounded(param: Number, low: Any, high: Any) -> Number:
    """The parameter with these bounds, which lie within its own and are of its type; a default or a belief outside is gone."""
    default = param.default if param.default is not None and low <= param.default <= high else None
    belief = param.belief if param.belief is not None and low <= param.belief.centre <= high else None
    return replace(param, low=low, high=high, default=default, belief=belief)


def among(param: Choice | Ordinal, options: Sequence[Json]) -> Choice | Ordinal:
    """The parameter with some of its options; a default that is not among them is gone, as is what is believed of others."""
    kept = {key_of(option) for option in options}
    default = param.default if key_of(param.default) in kept else None
    belief = tuple(pair for pair in param.belief or () if key_of(pair[0]) in kept)
    return type(param)(*options, default=default, role=param.role, belief=belief or None)


def with_param(space: Space, name: str, param: Param) -> Space:
    """The space with another parameter of that name, under the same condition."""
    doc = space.to_json()
    doc["params"][name] = param.to_json()
    return Space.from_json(doc)
