"""The form for a configuration: one field per parameter, in the order of the space. Pure."""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from tunesmith.analysis.axes import shown
from tunesmith.space.params import Choice, Config, Fixed, Ordinal, default_of, describe, key_of
from tunesmith.space.space import Space


class Option(NamedTuple):
    """An entry of a list; `json` is its value."""

    text: str
    json: str
    selected: bool


class Field(NamedTuple):
    """A parameter as a part of a form."""

    name: str
    kind: Literal["number", "list", "fixed"]
    value: str
    """The number or the fixed value as text; empty for a list."""
    hint: str
    """What may be filled in."""
    needs: str
    """The condition under which the parameter takes part; empty if it always does."""
    options: list[Option]


def fields_of(space: Space, config: Config | None = None) -> list[Field]:
    """The form of a space, filled with a configuration, and with defaults where that has nothing."""
    return [
        _field(space, name, param, (config or {}).get(name, default_of(param))) for name, param in space.params.items()
    ]


def _field(space: Space, name: str, param: Any, value: Any) -> Field:
    needs = " and ".join(str(test) for test in space.conditions.get(name, ()))
    if isinstance(param, Fixed):
        return Field(name, "fixed", shown(param.value), "", needs, [])
    if isinstance(param, Choice | Ordinal):
        key = key_of(value)
        options = [Option(shown(option), json.dumps(option), key_of(option) == key) for option in param.options]
        return Field(name, "list", "", "", needs, options)
    return Field(name, "number", "" if value is None else repr(value), describe(param), needs, [])
