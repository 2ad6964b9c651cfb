"""What a type hint says: which parameters it declares, and how a typed value is made from a configuration.

| hint                                         | declares                                               | gives back            |
| -------------------------------------------- | ------------------------------------------------------ | --------------------- |
| `Annotated[float, Float(1e-5, 1, log=True)]` | that parameter                                         | a number              |
| `Literal["relu", "tanh"]`, `bool`, an `Enum` | a choice                                               | the very value        |
| a dataclass                                  | a group: `opt.lr`, `opt.momentum`                      | an instance           |
| `Sgd | Adam`, `Adam | None`                  | a choice `opt`, and `opt.Sgd.momentum` under its branch | an instance, or None  |
| `Annotated[list[ITEM], Int(1, 4)]`           | `widths.length`, and `widths.0`, `widths.1`, ...       | a list                |
| `Annotated[float, when({...}, Float(0, 1))]` | a conditional parameter                                | a number, or nothing  |
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Final, Literal, Protocol, Union, final, get_args, get_origin, get_type_hints

from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space.conditions import When, when
from tunesmith.space.params import (
    Choice,
    Config,
    Fixed,
    Float,
    Int,
    Ordinal,
    Param,
    as_json,
    describe,
    key_of,
    not_a_list,
)

MISSING: Final = dataclasses.MISSING
_PARAMS: Final = (Float, Int, Choice, Ordinal, Fixed)


class Domain(Protocol):
    """One hint that declares parameters."""

    def declare(self, name: str) -> dict[str, object]:
        """Parameters by full name, as `Space` takes them."""

    def build(self, config: Config, name: str) -> Any:
        """The typed value; `MISSING` if the parameter is not active."""


@final
@dataclass(frozen=True)
class Scalar:
    """One parameter. `back` maps keys of JSON values to the values that the hint speaks of."""

    param: Param
    back: Mapping[str, Any]

    def declare(self, name: str) -> dict[str, object]:
        return {name: self.param}

    def build(self, config: Config, name: str) -> Any:
        if name not in config:
            return MISSING
        return self.back.get(key_of(config[name]), config[name]) if self.back else config[name]


@final
@dataclass(frozen=True)
class Conditional:
    """A domain under a condition."""

    condition: When
    inner: Domain

    def declare(self, name: str) -> dict[str, object]:
        return {key: When(self.condition.tests, body) for key, body in self.inner.declare(name).items()}

    def build(self, config: Config, name: str) -> Any:
        return self.inner.build(config, name)


@final
@dataclass(frozen=True)
class Group:
    """A dataclass; fields without a domain keep their own defaults, or those of the given instance."""

    kind: type
    fields: Mapping[str, Domain]
    kept: Mapping[str, Any]

    def declare(self, name: str) -> dict[str, object]:
        return {
            key: body
            for field, domain in self.fields.items()
            for key, body in domain.declare(f"{name}.{field}").items()
        }

    def build(self, config: Config, name: str) -> Any:
        values = {field: domain.build(config, f"{name}.{field}") for field, domain in self.fields.items()}
        return self.kind(**self.kept, **{field: value for field, value in values.items() if value is not MISSING})


@final
@dataclass(frozen=True)
class Branches:
    """A union: the choice of a branch, and what belongs to each. A branch without a domain is a bare value."""

    choice: Choice
    inner: Mapping[str, Domain]
    bare: Mapping[str, Any]

    def declare(self, name: str) -> dict[str, object]:
        declared: dict[str, object] = {name: self.choice}
        for label, domain in self.inner.items():
            for key, body in domain.declare(f"{name}.{label}").items():
                declared[key] = _under(name, [label], body)
        return declared

    def build(self, config: Config, name: str) -> Any:
        if name not in config:
            return MISSING
        label = config[name]
        return self.inner[label].build(config, f"{name}.{label}") if label in self.inner else self.bare[label]


@final
@dataclass(frozen=True)
class Many:
    """A list of variable length; `items` holds a domain for every place that the longest list has."""

    length: Int
    items: tuple[Domain, ...]

    def declare(self, name: str) -> dict[str, object]:
        declared: dict[str, object] = {f"{name}.length": self.length}
        for index, item in enumerate(self.items):
            for key, body in item.declare(f"{name}.{index}").items():
                always = index < self.length.low
                declared[key] = body if always else _under(f"{name}.length", f">= {index + 1}", body)
        return declared

    def build(self, config: Config, name: str) -> Any:
        if f"{name}.length" not in config:
            return MISSING
        return [
            item.build(config, f"{name}.{index}") for index, item in enumerate(self.items[: config[f"{name}.length"]])
        ]


def _under(parent: str, wanted: object, body: object) -> When:
    outer = when({parent: wanted}, body)
    return When((*outer.tests, *body.tests), body.body) if isinstance(body, When) else outer


def domain_of(hint: Any, default: Any, path: str) -> Domain | None:
    """The domain that a hint declares, starting from `default` (or `MISSING`); None if it declares nothing."""
    if get_origin(hint) is Annotated:
        return _annotated(hint, default, path)
    if hint is bool:
        return Scalar(_with_default(Choice(False, True), default, path), {})
    if get_origin(hint) is Literal:
        values = get_args(hint)
        back = {key_of(as_json(value, path)): value for value in values}
        return Scalar(_with_default(Choice(*values), default, path), back)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Scalar(_with_default(Choice(*hint), default, path), {key_of(member.name): member for member in hint})
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _group(hint, default, path)
    if get_origin(hint) in (Union, types.UnionType):
        return _union(get_args(hint), default, path)
    return None


def _annotated(hint: Any, default: Any, path: str) -> Domain | None:
    base, *notes = get_args(hint)
    given = next((note for note in notes if isinstance(note, (*_PARAMS, When))), None)
    if given is None:
        return domain_of(base, default, path)
    if isinstance(given, When):
        inner = _annotated(Annotated[base, given.body], default, path)
        assert inner is not None, "a When holds a parameter"
        return Conditional(given, inner)
    members = get_args(base) if get_origin(base) in (Union, types.UnionType) else ()
    if type(None) in members:
        rest = [member for member in members if member is not type(None)]
        return _union((*(Annotated[member, given] for member in rest), type(None)), default, path)
    if get_origin(base) is list and isinstance(given, Int):
        return _many(get_args(base)[0], given, default, path)
    not_a_list(given, path)
    if base is int and isinstance(given, Float):
        raise InvalidSpace(
            f"{path} is annotated int, but {describe(given)} gives real numbers; write ts.Int(...), or annotate it float."
        )
    back = {key_of(member.name): member for member in base} if isinstance(base, type) and issubclass(base, Enum) else {}
    return Scalar(_with_default(given, default, path), back)


def _group(kind: type, default: Any, path: str) -> Group | None:
    hints = hints_of(kind, path)
    fields: dict[str, Domain] = {}
    kept: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        if not field.init:
            continue
        own = field.default if field.default_factory is MISSING else field.default_factory()
        value = own if default is MISSING else getattr(default, field.name)
        domain = domain_of(hints[field.name], value, f"{path}.{field.name}")
        if domain is not None:
            fields[field.name] = domain
        elif value is not MISSING:
            kept[field.name] = value
        else:
            raise InvalidSpace(
                f"{path}.{field.name} has neither a range nor a default; annotate it, or give it a default."
            )
    return Group(kind, fields, kept)


def _union(members: tuple[Any, ...], default: Any, path: str) -> Branches | None:
    inner: dict[str, Domain] = {}
    bare: dict[str, Any] = {}
    chosen: str | None = None
    for member in members:
        if member is type(None):
            bare["None"] = None
            chosen = "None" if default is None else chosen
            continue
        is_group = isinstance(member, type) and dataclasses.is_dataclass(member)
        mine = default is not MISSING and default is not None and (isinstance(default, member) if is_group else True)
        label = member.__name__ if is_group else "value"
        domain = domain_of(member, default if mine else MISSING, f"{path}.{label}")
        if domain is None:
            return None
        if label in inner:
            raise InvalidSpace(f"{path}: two branches of the union are called {label!r}; rename one.")
        inner[label] = domain
        chosen = label if mine and chosen is None else chosen
    if not inner:
        return None
    return Branches(Choice(*inner, *bare, default=chosen), inner, bare)


def _many(item: Any, length: Int, default: Any, path: str) -> Many:
    given = list(default) if default not in (MISSING, None) else []
    if length.low < 0:
        raise InvalidSpace(f"{path}: a list cannot have {length.low} items; let its length start at 0 or more.")
    items = []
    for index in range(length.high):
        domain = domain_of(item, given[index] if index < len(given) else MISSING, f"{path}.{index}")
        if domain is None:
            raise InvalidSpace(
                f"{path}: the items of the list have no range; write list[Annotated[int, ts.Int(16, 512)]] or so."
            )
        items.append(domain)
    known = _with_default(length, len(given) if default not in (MISSING, None) else MISSING, f"{path}.length")
    assert isinstance(known, Int)
    return Many(known, tuple(items))


def _with_default(param: Param, default: Any, path: str) -> Param:
    """The parameter with the hint's default, unless it has one of its own."""
    if default is MISSING or isinstance(param, Fixed) or param.default is not None:
        return param
    try:
        value = param.check(default, f"{path}: its default")
    except (InvalidConfig, InvalidSpace) as error:
        raise InvalidSpace(str(error)) from None
    if isinstance(param, Choice | Ordinal):
        return type(param)(*param.options, default=value, role=param.role, belief=param.belief)
    known: Param = dataclasses.replace(param, default=value)  # type: ignore[arg-type]  # checked just above
    return known


def hints_of(target: Any, path: str) -> dict[str, Any]:
    """Type hints with their annotations, also where they are written as text."""
    try:
        return get_type_hints(target, include_extras=True)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        raise InvalidSpace(
            f"{path}: its type hints cannot be read ({error}); import the names at the top of the module."
        ) from None
