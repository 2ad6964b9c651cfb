"""Values that a configuration may hold: JSON values, told apart exactly."""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

from tunesmith.errors import InvalidConfig, InvalidSpace

Json: TypeAlias = Any
Config: TypeAlias = dict[str, Any]
"""Active parameters only, by dotted name; values are JSON values."""
Role: TypeAlias = Literal["learning rate", "batch size", "schedule", "scientific", "nuisance", "fixed"]
"""What a parameter is to a person who tunes by hand (Godbole et al. 2023, Deep Learning Tuning Playbook). `ts.guided` goes by it.

Of scientific ones the effect is wanted; nuisance ones must be tuned again for each of them, to compare them fairly; the
learning rate, the batch size and the schedule are nuisance parameters with a stage of their own; fixed ones stay as they are.
"""
ROLES: Final[tuple[Role, ...]] = get_args(Role)


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


def check_role(param: object, role: str | None) -> None:
    if role is not None and role not in ROLES:
        raise InvalidSpace(f"{type(param).__name__}(role={role!r}): choose one of {', '.join(map(repr, ROLES))}.")


def drop_none(**fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
