"""Limits between parameters: relations that every configuration must keep.

A limit is text, read once into a small expression tree: `"low < high"`, `"batch * width <= 4096"`,
`"model.depth + 1 <= 8 and a < b"`. Only names, numbers, arithmetic and comparisons exist in it; nothing is evaluated as
Python. `forbid({"optimizer": "sgd", "nesterov": True})` rules out a combination. A limit over an inactive parameter holds.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, final

from tunesmith.errors import InvalidSpace
from tunesmith.space.params import Config, Json, as_json, key_of


def _power(base: Any, exponent: Any) -> float:
    """In floating point, where a huge power overflows at once instead of taking for ever."""
    return math.pow(base, exponent)


_ARITHMETIC: Final[Mapping[type, Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
_COMPARISON: Final[Mapping[type, Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@final
@dataclass(frozen=True)
class Relation:
    """A comparison over parameters, such as `batch * width <= 4096`."""

    text: str
    names: frozenset[str] = field(init=False, compare=False)
    _tree: ast.expr = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            tree = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise InvalidSpace(
                f"limit {self.text!r} is not a comparison; write one such as 'batch * width <= 4096'."
            ) from None
        names: set[str] = set()
        if not _is_truth(tree, names, self.text) or not names:
            raise InvalidSpace(
                f"limit {self.text!r} compares no parameters; write one such as 'batch * width <= 4096'."
            )
        object.__setattr__(self, "_tree", tree)
        object.__setattr__(self, "names", frozenset(names))

    def holds(self, config: Config) -> bool:
        if not self.names <= config.keys():
            return True
        try:
            return bool(_evaluate(self._tree, config))
        except (ArithmeticError, TypeError, ValueError):
            return False

    def __str__(self) -> str:
        return self.text

    def to_json(self) -> Json:
        return self.text


@final
@dataclass(frozen=True)
class Forbidden:
    """A combination of values that must not occur together; made by `forbid`."""

    values: tuple[tuple[str, Json], ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self.values)

    def holds(self, config: Config) -> bool:
        return not all(name in config and key_of(config[name]) == key_of(value) for name, value in self.values)

    def __str__(self) -> str:
        return "not " + " with ".join(f"{name} = {value!r}" for name, value in self.values)

    def to_json(self) -> Json:
        return dict(self.values)


Limit = Relation | Forbidden


def forbid(combination: Mapping[str, object]) -> Forbidden:
    """Rule out a combination of values: `forbid({"optimizer": "sgd", "nesterov": True})`."""
    if not combination:
        raise InvalidSpace("forbid({}): name the parameters and the values that must not come together.")
    return Forbidden(tuple((name, as_json(value, f"forbid({name})")) for name, value in combination.items()))


def limit_from(given: object) -> Limit:
    """A limit from what a user or a stored space gives: text, a dict (a forbidden combination) or a limit."""
    if isinstance(given, Relation | Forbidden):
        return given
    if isinstance(given, str):
        return Relation(given)
    if isinstance(given, Mapping):
        return forbid(given)
    raise InvalidSpace(
        f"limit {given!r} is neither text such as 'a < b' nor a forbidden combination such as {{'a': 1}}."
    )


def _name_of(node: ast.expr) -> str | None:
    """The dotted parameter name that a node spells: `a`, `model.depth`, `widths[0]`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _name_of(node.value)
        return owner and f"{owner}.{node.attr}"
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, int | str)
    ):
        owner = _name_of(node.value)
        return owner and f"{owner}.{node.slice.value!s}"
    return None


def _is_truth(node: ast.expr, names: set[str], text: str) -> bool:
    if isinstance(node, ast.BoolOp):
        return all(_is_truth(value, names, text) for value in node.values)
    if not isinstance(node, ast.Compare) or any(type(op) not in _COMPARISON for op in node.ops):
        return False
    for side in (node.left, *node.comparators):
        _collect(side, names, text)
    return True


def _collect(node: ast.expr, names: set[str], text: str) -> None:
    name = _name_of(node)
    if name is not None:
        names.add(name)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        _collect(node.left, names, text)
        _collect(node.right, names, text)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _collect(node.operand, names, text)
    elif not (isinstance(node, ast.Constant) and isinstance(node.value, int | float | str)):
        raise InvalidSpace(
            f"limit {text!r}: {ast.unparse(node)!r} is not allowed; use names, numbers, + - * / and comparisons."
        )


def _evaluate(node: ast.expr, config: Config) -> Any:
    name = _name_of(node)
    if name is not None:
        return config[name]
    match node:
        case ast.Constant():
            return node.value
        case ast.BinOp():
            return _ARITHMETIC[type(node.op)](_evaluate(node.left, config), _evaluate(node.right, config))
        case ast.UnaryOp():
            return -_evaluate(node.operand, config)
        case ast.BoolOp():
            wanted = all if isinstance(node.op, ast.And) else any
            return wanted(_evaluate(value, config) for value in node.values)
        case ast.Compare():
            sides = [_evaluate(side, config) for side in (node.left, *node.comparators)]
            return all(_COMPARISON[type(op)](a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False))
        case _:
            raise AssertionError(f"unchecked node in a limit: {ast.dump(node)}")
