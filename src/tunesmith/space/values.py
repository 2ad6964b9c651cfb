"""Values that a configuration may hold: JSON values, told apart exactly."""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import Any, Protocol, TypeAlias

from tunesmith.errors import InvalidConfig, InvalidSpace

Json: TypeAlias = Any
Config: TypeAlias = dict[str, Any]
"""Active parameters only, by dotted name; values are JSON values."""


def key_of(value: Json) -> str:
    """Equal keys mean equal values, and unlike `==` tell True, 1 and 1.0 apart."""
    return json.dumps(value, sort_keys=True)


def is_number(value: object) -> bool:
    return hasattr(value, "__float__") and hasattr(value, "__lt__") and not isinstance(value, bool | str)


def as_float(value: Any, path: str) -> float:
    if not is_number(value):
        raise InvalidConfig(f"{path} = {value!r} is not a number; give a number.")
    return float(value)


def as_json(value: object, where: str) -> Json:
    """The JSON value that stands for a Python value in configs: enum members by name, tuples as lists."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, list | tuple):
        return [as_json(item, where) for item in value]
    if isinstance(value, dict):
        return {str(name): as_json(item, where) for name, item in value.items()}
    if is_number(value):
        number: Any = value
        plain = int(number) if hasattr(value, "__index__") else float(number)
        if math.isfinite(plain):
            return plain
    raise InvalidSpace(
        f"{where}: {value!r} cannot be kept in a study, which holds text, finite numbers, True, False, None and lists of "
        f"them; use a name for it, and look the object up in the training function."
    )


class Checks(Protocol):
    """A parameter, as far as `check_default` is concerned."""

    def check(self, value: Any, path: str) -> Any: ...


def check_default(param: Checks, default: Any) -> Any:
    try:
        return param.check(default, "default")
    except InvalidConfig as error:
        raise InvalidSpace(f"{type(param).__name__}: {error}") from None


def drop_none(**fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
