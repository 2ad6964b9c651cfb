"""The parameters of a sweep file, in W&B's words, as a space."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tunesmith.cli.document import Place, described, instead_of
from tunesmith.errors import InvalidSpace
from tunesmith.space.params import Choice, Fixed, Float, Int, Json, Param
from tunesmith.space.space import Space

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
_MOST_STEPS: Final = 2**53
_EXAMPLE: Final = "write value: 3, values: [a, b] or min: 0 and max: 1"

_INSTEAD: Final[Mapping[str, str]] = {
    "normal": "uniform with min and max",
    "q_normal": "q_uniform with min, max and q",
    "log_normal": "log_uniform_values with min and max",
    "q_log_normal": "q_log_uniform_values with min, max and q",
    "beta": "uniform with min: 0 and max: 1",
    "q_beta": "q_uniform with min: 0, max: 1 and q",
    "inv_log_uniform": "log_uniform_values with the values themselves as min and max",
    "inv_log_uniform_values": "log_uniform_values",
}


def read_space(place: Place, value: Json, notes: list[str]) -> Space:
    """The space of a file's `parameters`; what it understands otherwise than W&B is added to the notes."""
    group = _group(place, value, notes)
    try:
        return Space(group)
    except InvalidSpace as error:
        raise place.wrong(f"contradicts itself: {error}") from None


def _group(place: Place, value: Json, notes: list[str]) -> dict[str, object]:
    entries = place.mapping(value)
    if not entries:
        raise place.wrong("is a mapping of nothing; name at least one parameter in it.")
    for name in entries:
        if not _NAME.fullmatch(name) or name.endswith(".") or ".." in name:
            raise place.at(name).wrong("is no name for a parameter; use letters, digits, _ and -.")
    return {name: _entry(place.at(name), spec, notes) for name, spec in entries.items()}


def _entry(place: Place, spec: Json, notes: list[str]) -> object:
    if isinstance(spec, str | int | float):
        return Fixed(spec)
    if isinstance(spec, list):
        raise place.wrong(f"is a list; write {place.path.rpartition('.')[2]}: {{values: [...]}} to choose from it.")
    if not isinstance(spec, dict) or not spec:
        raise place.wrong(f"is {described(spec)}; {_EXAMPLE}.")
    if "parameters" in spec:
        place.mapping(spec, ("parameters",))
        return _group(place.at("parameters"), spec["parameters"], notes)
    if "distribution" not in spec and isinstance(spec.get("value"), dict):
        place.mapping(spec, ("value",))
        return _constants(place.at("value"), spec["value"])
    return _domain(place, spec, notes)


def _constants(place: Place, group: dict[str, Json]) -> dict[str, object]:
    """A mapping as a value: each of its entries is kept fixed, so that it can be told apart and shown."""
    if not group:
        raise place.wrong("is a mapping of nothing; leave this parameter out.")
    return {
        name: _constants(place.at(name), value) if isinstance(value, dict) else Fixed(value)
        for name, value in group.items()
    }


def _domain(place: Place, spec: dict[str, Json], notes: list[str]) -> Param:
    distribution = _distribution(place, place.mapping(spec, _KEYS))
    needed, allowed, make = _DISTRIBUTIONS[distribution]
    for key in spec:
        if key not in (*needed, *allowed, "distribution", "default"):
            raise place.at(key).wrong(f"does not go with the distribution {distribution}; remove one of them.")
    for key in needed:
        if key not in spec:
            raise place.at(key).wrong(f"is missing; the distribution {distribution} needs {' and '.join(needed)}.")
    try:
        return make(place, spec, notes)
    except InvalidSpace as error:
        raise place.wrong(f"contradicts itself: {error}") from None


def _distribution(place: Place, spec: dict[str, Json]) -> str:
    if "distribution" in spec:
        at, given = place.at("distribution"), spec["distribution"]
        if isinstance(given, str) and given in _INSTEAD:
            raise at.wrong(f"is {given}, which has no bounds that a search can use; write {_INSTEAD[given]}.")
        return at.one_of(given, _DISTRIBUTIONS)
    if "values" in spec:
        return "categorical"
    if "value" in spec:
        return "constant"
    if "min" in spec or "max" in spec:
        whole = all(isinstance(spec.get(key, 0), int) for key in ("min", "max"))
        return "int_uniform" if whole else "uniform"
    close = instead_of(next(iter(spec)), _KEYS) if next(iter(spec)) not in _KEYS else f"; {_EXAMPLE}."
    raise place.wrong(f"does not say what it may be{close}")


def _bounds(place: Place, spec: dict[str, Json], *, log: bool = False) -> tuple[Any, Any]:
    low, high = place.at("min").number(spec["min"]), place.at("max").number(spec["max"])
    if low > high:
        raise place.at("min").wrong(f"is {low!r}, above max, {high!r}; swap the two.")
    if math.isinf(float(high) - float(low)):
        raise place.at("max").wrong(f"is {high!r}, farther from min than numbers go; write a narrower range.")
    if log and low <= 0:
        raise place.at("min").wrong(f"is {low!r}; a logarithmic scale needs a min above 0, such as 1e-5.")
    return low, high


def _step(place: Place, spec: dict[str, Json], width: float) -> Any:
    step = place.at("q").number(spec.get("q", 1))
    if not 0 < step <= width:
        raise place.at("q").wrong(f"is {step!r}; it must be above 0, and at most max - min = {width!r}.")
    if width / step > _MOST_STEPS:
        raise place.at("q").wrong(f"is {step!r}, too fine for this range to count its steps; leave it out.")
    return step


def _constant(place: Place, spec: dict[str, Json], _notes: list[str]) -> Param:
    if isinstance(spec["value"], dict):
        raise place.at("value").wrong("is a mapping; write its entries as nested parameters.")
    return Fixed(spec["value"])


def _categorical(place: Place, spec: dict[str, Json], notes: list[str]) -> Param:
    values = place.at("values").items(spec["values"])
    for index, value in enumerate(values):
        if isinstance(value, dict):
            raise (
                place.at("values").at(index).wrong("is a mapping; give it a name here, and look it up in the program.")
            )
    if "probabilities" in spec:
        notes.append(f"{place.path}.probabilities are ignored; all values are equally likely at first.")
    return Choice(*values, default=spec.get("default"))


def _int_uniform(place: Place, spec: dict[str, Json], _notes: list[str]) -> Param:
    low, high = _bounds(place, spec)
    for key in ("min", "max"):
        if spec[key] != int(spec[key]):
            raise place.at(key).wrong(f"is {spec[key]!r}; int_uniform needs whole numbers.")
    return Int(low, high, default=spec.get("default"))


def _uniform(place: Place, spec: dict[str, Json], _notes: list[str]) -> Param:
    low, high = _bounds(place, spec)
    return Float(low, high, default=spec.get("default"))


def _log_uniform_values(place: Place, spec: dict[str, Json], _notes: list[str]) -> Param:
    low, high = _bounds(place, spec, log=True)
    return Float(low, high, log=True, default=spec.get("default"))


def _q_uniform(place: Place, spec: dict[str, Json], notes: list[str]) -> Param:
    low, high = _bounds(place, spec)
    step = _step(place, spec, high - low)
    if abs(low / step - round(low / step)) > 1e-9:
        notes.append(f"{place.path}: its values are {low!r}, {low + step!r}, ...; W&B would round to multiples of q.")
    kind = Int if all(isinstance(number, int) for number in (low, high, step)) else Float
    return kind(low, high, step=step, default=spec.get("default"))


def _q_log_uniform_values(place: Place, spec: dict[str, Json], notes: list[str]) -> Param:
    low, high = _bounds(place, spec, log=True)
    if "q" in spec:
        _step(place, spec, high - low)
    if spec.get("q", 1) == 1 and isinstance(low, int) and isinstance(high, int):
        return Int(low, high, log=True, default=spec.get("default"))
    notes.append(f"{place.path}.q is ignored; on a logarithmic scale its values are not rounded.")
    return Float(low, high, log=True, default=spec.get("default"))


def _log_uniform(place: Place, spec: dict[str, Json], notes: list[str]) -> Param:
    low, high = _bounds(place, spec)
    if low < -700 or high > 700:
        key = "min" if low < -700 else "max"
        raise place.at(key).wrong(
            "is an exponent of e beyond all numbers; write log_uniform_values for the values themselves."
        )
    if low > 0:  # nobody means exp(1e-5) to exp(0.1)
        notes.append(
            f"{place.path}: the bounds of log_uniform are exponents of e, so it goes from {math.exp(low):.6g} to "
            f"{math.exp(high):.6g}; write log_uniform_values for {low!r} to {high!r}."
        )
    if "q" in spec:
        notes.append(f"{place.path}.q is ignored; on a logarithmic scale its values are not rounded.")
    return Float(math.exp(low), math.exp(high), log=True, default=spec.get("default"))


_RANGE: Final = ("min", "max")
_Make = Callable[[Place, dict[str, Json], list[str]], Param]
_DISTRIBUTIONS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...], _Make]]] = {
    # the keys that it needs, those that it may have, and what it becomes
    "constant": (("value",), (), _constant),
    "categorical": (("values",), ("probabilities",), _categorical),
    "categorical_w_probabilities": (("values",), ("probabilities",), _categorical),
    "int_uniform": (_RANGE, (), _int_uniform),
    "uniform": (_RANGE, (), _uniform),
    "q_uniform": (_RANGE, ("q",), _q_uniform),
    "log_uniform_values": (_RANGE, (), _log_uniform_values),
    "q_log_uniform_values": (_RANGE, ("q",), _q_log_uniform_values),
    "log_uniform": (_RANGE, (), _log_uniform),
    "q_log_uniform": (_RANGE, ("q",), _log_uniform),
}
_KEYS: Final = (
    "distribution", "value", "values", "probabilities", "min", "max", "q", "default", "mu", "sigma", "a", "b", "parameters",
)  # fmt: skip
