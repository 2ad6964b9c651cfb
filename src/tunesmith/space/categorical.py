"""Options: without an order, in an order, and a single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, final

from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space.beliefs import Weights, checked_weights
from tunesmith.space.values import Json, Role, as_json, check_default, check_role, drop_none, key_of


@final
@dataclass(frozen=True, init=False)
class Choice:
    """One of several values without an order: `Choice("sgd", "adam")`.

    Options are JSON values or members of one `Enum` (kept by name); tuples count as lists.
    """

    options: tuple[Json, ...]
    default: Json | None = None
    role: Role | None = None
    belief: Weights | None = None
    kind: ClassVar[str] = "choice"

    def __init__(
        self,
        *options: object,
        default: object = None,
        role: Role | None = None,
        belief: Mapping[Any, float] | Weights | None = None,
    ) -> None:
        _set_options(self, "options", options, default, role)
        _set_belief(self, belief)

    @property
    def size(self) -> int:
        return len(self.options)

    def check(self, value: Any, path: str) -> Json:
        return self.options[_index_of(self.options, value, path)]

    def to_unit(self, value: Json) -> float:
        return (_index_of(self.options, value, "value") + 0.5) / len(self.options)

    def from_unit(self, unit: float) -> Json:
        return _option_at(self.options, unit)

    def levels(self, count: int) -> list[Json]:  # noqa: ARG002  every option matters, however many
        return list(self.options)

    def to_json(self) -> Json:
        return _to_json(self)


@final
@dataclass(frozen=True, init=False)
class Ordinal:
    """One of several values in a meaningful order: `Ordinal(32, 64, 128)`. Neighbours are expected to do alike."""

    options: tuple[Json, ...]
    default: Json | None = None
    role: Role | None = None
    belief: Weights | None = None
    kind: ClassVar[str] = "ordinal"

    def __init__(
        self,
        *levels: object,
        default: object = None,
        role: Role | None = None,
        belief: Mapping[Any, float] | Weights | None = None,
    ) -> None:
        _set_options(self, "levels", levels, default, role)
        _set_belief(self, belief)

    @property
    def size(self) -> int:
        return len(self.options)

    def check(self, value: Any, path: str) -> Json:
        return self.options[_index_of(self.options, value, path)]

    def to_unit(self, value: Json) -> float:
        return (_index_of(self.options, value, "value") + 0.5) / len(self.options)

    def from_unit(self, unit: float) -> Json:
        return _option_at(self.options, unit)

    def levels(self, count: int) -> list[Json]:  # noqa: ARG002
        return list(self.options)

    def to_json(self) -> Json:
        return _to_json(self)


@final
@dataclass(frozen=True, init=False)
class Fixed:
    """One value, recorded with every trial and never varied. A plain value in a space means the same."""

    value: Json
    kind: ClassVar[str] = "fixed"
    size: ClassVar[int] = 1

    def __init__(self, value: object) -> None:
        object.__setattr__(self, "value", as_json(value, "Fixed"))

    @property
    def default(self) -> Json:
        return self.value

    def check(self, value: Any, path: str) -> Json:
        _index_of((self.value,), value, path)
        return self.value

    def to_unit(self, value: Json) -> float:  # noqa: ARG002
        return 0.5

    def from_unit(self, unit: float) -> Json:  # noqa: ARG002
        return self.value

    def levels(self, count: int) -> list[Json]:  # noqa: ARG002
        return [self.value]

    def to_json(self) -> Json:
        return {"kind": self.kind, "value": self.value}


def not_a_list(param: object, path: str) -> None:
    """Raises `InvalidSpace` if a user seems to have given the options as one list, as `Choice(["sgd", "adam"])`."""
    if isinstance(param, Choice | Ordinal) and len(param.options) == 1 and isinstance(param.options[0], list):
        kind, options = type(param).__name__, ", ".join(map(repr, param.options[0]))
        raise InvalidSpace(
            f"{path}: {kind}([{options}]) has a single option, which is a list; write {kind}({options}), without the brackets."
        )


def _set_options(
    param: Choice | Ordinal, noun: str, values: tuple[object, ...], default: object, role: Role | None
) -> None:
    check_role(param, role)
    object.__setattr__(param, "role", role)
    kind = type(param).__name__
    if not values:
        raise InvalidSpace(f"{kind}() has no {noun}; name at least one, as in {kind}(1, 2, 3).")
    options = tuple(as_json(value, kind) for value in values)
    keys = [key_of(option) for option in options]
    if len(set(keys)) < len(keys):
        twice = next(option for option, key in zip(options, keys, strict=True) if keys.count(key) > 1)
        raise InvalidSpace(f"{kind}: {twice!r} stands twice among its {noun}; name each once.")
    object.__setattr__(param, "options", options)
    object.__setattr__(param, "default", None)
    if default is not None:
        object.__setattr__(param, "default", check_default(param, default))


def _set_belief(param: Choice | Ordinal, belief: Mapping[Any, float] | Weights | None) -> None:
    weights = checked_weights(type(param).__name__, lambda option: param.check(option, "belief"), belief)
    object.__setattr__(param, "belief", weights)


def _to_json(param: Choice | Ordinal) -> Json:
    return drop_none(
        kind=param.kind,
        options=list(param.options),
        default=param.default,
        role=param.role,
        belief=param.belief and [list(pair) for pair in param.belief],
    )


def _index_of(options: tuple[Json, ...], value: object, path: str) -> int:
    """Position of the option that equals the value; 1 and 1.0 are taken for each other unless both are options."""
    for index, option in enumerate(options):
        if option is value or (option == value and type(option) is type(value)):
            return index
    plain = as_json(value, path)
    for exact in (True, False):
        for index, option in enumerate(options):
            same_kind = isinstance(option, bool) == isinstance(plain, bool)
            if (key_of(option) == key_of(plain)) if exact else (option == plain and same_kind):
                return index
    shown = ", ".join(repr(option) for option in options[:8]) + (", ..." if len(options) > 8 else "")
    raise InvalidConfig(f"{path} = {value!r} is not an option; choose one of {shown}.")


def _option_at(options: tuple[Json, ...], unit: float) -> Json:
    return options[min(max(int(unit * len(options)), 0), len(options) - 1)]
