"""When a parameter takes part: conditions as data, so that they can be stored, shown and modelled.

`when({"optimizer": ["sgd"]}, Float(0, 1))` is active while `optimizer` is one of the listed values;
`when({"layers": ">= 2"}, ...)` while a number compares so. Several entries must all hold.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from tunesmith.errors import InvalidSpace
from tunesmith.space.params import Json, as_json, key_of

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


@final
@dataclass(frozen=True)
class Test:
    """One requirement on another parameter: `op` is "in" (with a tuple of values) or a comparison (with a number)."""

    parent: str
    op: str
    value: Json

    def holds(self, value: Json) -> bool:
        if self.op == "in":
            return any(option == value and isinstance(option, bool) == isinstance(value, bool) for option in self.value)
        return bool(_COMPARE[self.op](value, self.value))

    def __str__(self) -> str:
        if self.op != "in":
            return f"{self.parent} {self.op} {self.value}"
        shown = " or ".join(repr(value) for value in self.value)
        return f"{self.parent} = {shown}"

    def to_json(self) -> Json:
        return [self.parent, self.op, list(self.value) if self.op == "in" else self.value]

    @staticmethod
    def from_json(doc: Json) -> Test:
        parent, op, value = doc
        return Test(parent, op, tuple(value) if op == "in" else value)


@final
@dataclass(frozen=True)
class When:
    """A parameter or a group of parameters together with its condition; made by `when`."""

    tests: tuple[Test, ...]
    body: Any


def when(condition: Mapping[str, object], body: object) -> When:
    """Make `body` (a parameter, or a dict of them) active only while `condition` holds.

    `condition` maps names of other parameters to the value or the list of values that they must have, or to a
    comparison with a number in quotes, such as ">= 2".
    """
    if not condition:
        raise InvalidSpace(
            "when({}): the condition is empty; name the parameter and the values that activate this one."
        )
    return When(tuple(_test(parent, wanted) for parent, wanted in condition.items()), body)


def _test(parent: str, wanted: object) -> Test:
    if isinstance(wanted, list | tuple | set | frozenset):
        values = tuple(as_json(value, f"when({parent})") for value in wanted)
        return Test(parent, "in", tuple(sorted(values, key=key_of)) if isinstance(wanted, set | frozenset) else values)
    if isinstance(wanted, str):
        for op in _COMPARE:
            bound = wanted.removeprefix(op).strip()
            if bound != wanted and _number(bound) is not None:
                return Test(parent, op, _number(bound))
    return Test(parent, "in", (as_json(wanted, f"when({parent})"),))


def _number(text: str) -> float | int | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
