"""The kinds of parameter, and how each maps its values to the unit interval and back.

Every kind offers the same few things, so that nothing elsewhere needs to know which kind it holds:

| member           | meaning                                                                                   |
| ---------------- | ----------------------------------------------------------------------------------------- |
| `default`        | the value that the user starts from, or None where no default is known                     |
| `size`           | how many values there are; None for a continuum                                           |
| `check(v, path)` | the value in its own type (an int as a Float's value becomes a float), or `InvalidConfig`  |
| `to_unit(v)`     | the value as a number in [0, 1]                                                           |
| `from_unit(u)`   | the value nearest to `u`; `from_unit(0)` and `from_unit(1)` are the bounds exactly         |
| `levels(n)`      | all values if they are few, else `n` values evenly spread on the parameter's own scale     |
| `to_json()`      | a dict with the key "kind"                                                                 |
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from tunesmith.errors import InvalidSpace
from tunesmith.space.beliefs import Around
from tunesmith.space.categorical import (
    Choice as Choice,
    Fixed as Fixed,
    Ordinal as Ordinal,
    not_a_list as not_a_list,
)
from tunesmith.space.numeric import Float as Float, Int as Int
from tunesmith.space.values import Config as Config, Json as Json, Role as Role, as_json as as_json, key_of as key_of

Param: TypeAlias = Float | Int | Choice | Ordinal | Fixed


def param_from_json(doc: Json) -> Param:
    """The inverse of `to_json`."""
    fields = {name: value for name, value in doc.items() if name != "kind"}
    match doc.get("kind"):
        case "float":
            return Float(**_with_belief(fields))
        case "int":
            return Int(**_with_belief(fields))
        case "choice":
            return Choice(*fields.pop("options"), **fields)
        case "ordinal":
            return Ordinal(*fields.pop("options"), **fields)
        case "fixed":
            return Fixed(fields["value"])
        case kind:
            raise InvalidSpace(f"There is no parameter kind {kind!r}; known are float, int, choice, ordinal and fixed.")


def _with_belief(fields: Json) -> Json:
    return {**fields, "belief": Around(**fields["belief"])} if "belief" in fields else fields


def describe(param: Param) -> str:
    """A parameter in few words: "1e-05 to 1.0, log"."""
    match param:
        case Float() | Int():
            scale = ", log" if param.log else ""
            step = f", step {param.step}" if param.step not in (None, 1) else ""
            return f"{param.kind} {param.low} to {param.high}{scale}{step}"
        case Fixed():
            return f"fixed at {param.value!r}"
        case _:
            return f"{param.kind} of {', '.join(repr(option) for option in param.options)}"


def default_of(param: Param) -> Json:
    """The known default, else the middle of a range or of the levels, and the first option where there is no order.

    Where None is an option, it is what `default=None` says.
    """
    if param.default is not None or isinstance(param, Fixed):
        return param.default
    if isinstance(param, Choice | Ordinal) and None in param.options:
        return None
    return param.options[0] if isinstance(param, Choice) else param.from_unit(0.5)


def without_default(param: Param) -> Json:
    """A parameter as JSON, apart from its default, its role and beliefs: what decides whether two are the same search."""
    doc = param.to_json()
    doc.pop("default", None)
    doc.pop("role", None)
    doc.pop("belief", None)
    return doc


def hull(name: str, known: Param, seen: Param) -> Param:
    """The smallest parameter that holds the values of both."""
    match known, seen:
        case (Float(), Float()) if known.log == seen.log:
            step = known.step if known.step == seen.step else None
            return replace(known, low=min(known.low, seen.low), high=max(known.high, seen.high), step=step)
        case (Int(), Int()) if known.log == seen.log:
            step = known.step if known.step == seen.step and (known.low - seen.low) % known.step == 0 else 1
            return replace(known, low=min(known.low, seen.low), high=max(known.high, seen.high), step=step)
        case (Choice(), Choice()) | (Ordinal(), Ordinal()):
            assert isinstance(known, Choice | Ordinal)
            assert isinstance(seen, Choice | Ordinal)
            keys = {key_of(option) for option in known.options}
            new = [option for option in seen.options if key_of(option) not in keys]
            options = (*known.options, *new)
            return type(known)(*options, default=known.default, role=known.role, belief=known.belief) if new else known
        case _:
            raise InvalidSpace(
                f"{name} was {describe(known)} in earlier trials and is {describe(seen)} now; use another name for it."
            )
