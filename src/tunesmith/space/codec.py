"""Codec: configurations to rows of numbers in [0, 1], and back.

One column per varying parameter, in the order of the space; fixed ones have none. A log scale is evened out, whole
numbers, steps and options sit at the centres of equal cells, so that a uniform row decodes to a uniform configuration.
Inactive parameters are 0.5 in `X` and False in the mask.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.conditions import Test
from tunesmith.space.params import Choice, Config, Fixed, Float, Int, Ordinal

if TYPE_CHECKING:
    from tunesmith.space.space import Space

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]
Varying: TypeAlias = Float | Int | Choice | Ordinal

_LISTED: Final = 1_000
"""Parents with at most so many values have their conditions tabulated."""


@final
class Codec:
    """The mapping of one space; made by `Space.codec()`."""

    names: tuple[str, ...]
    """The column names."""
    params: tuple[Varying, ...]
    """The parameters that vary, one per column."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.names = tuple(name for name, param in space.params.items() if not isinstance(param, Fixed))
        self.params = tuple(param for param in space.params.values() if not isinstance(param, Fixed))
        self._fixed = {name: param.value for name, param in space.params.items() if isinstance(param, Fixed)}

    @property
    def width(self) -> int:
        """Number of columns, d."""
        return len(self.names)

    def encode(self, configs: Sequence[Config]) -> tuple[Floats, Flags]:
        """`(X, active)`, both of shape (n, d)."""
        X = np.full((len(configs), self.width), 0.5)
        active = np.zeros((len(configs), self.width), dtype=bool)
        for row, config in enumerate(configs):
            for column, (name, param) in enumerate(zip(self.names, self.params, strict=True)):
                if name in config:
                    X[row, column] = param.to_unit(config[name])
                    active[row, column] = True
        return X, active

    def decode(self, X: Floats) -> list[Config]:
        """Configurations of the rows of `X`, shape (n, d), with inactive parameters left out. Limits are not checked."""
        return [self.decode_row(row) for row in X.tolist()]

    def decode_row(self, row: Sequence[float]) -> Config:
        """The configuration of one row of d numbers."""
        values = {name: param.from_unit(unit) for name, param, unit in zip(self.names, self.params, row, strict=True)}
        if self._fixed:
            values.update(self._fixed)
        return self.space.restrict(values)

    def snap(self, U: Floats) -> tuple[Floats, Flags]:
        """`encode(decode(U))` for many rows at once: every number moves to that of the nearest value, shape (n, d)."""
        X = np.column_stack([_snapped(param, U[:, j]) for j, param in enumerate(self.params)]) if self.width else U
        active = np.ones(X.shape, dtype=bool)
        alive: dict[str, Flags] = {}
        for name, column, tests in self._conditional:
            alive[name] = np.ones(len(X), bool)
            for parent, holds in tests:
                alive[name] &= alive.get(parent, True) & holds(X)
            if column is not None:
                active[:, column] = alive[name]
        return np.where(active, X, 0.5), active

    @cached_property
    def _conditional(self) -> list[tuple[str, int | None, list[tuple[str, Callable[[Floats], Flags]]]]]:
        """What is not always active, parents first: name, column, and for each parent what must hold in a row."""
        columns = {name: column for column, name in enumerate(self.names)}
        return [
            (name, columns.get(name), [(t.parent, self._holds(t, columns.get(t.parent))) for t in tests])
            for name in self.space.parents_first
            if (tests := self.space.conditions.get(name, ()))
        ]

    def _holds(self, test: Test, column: int | None) -> Callable[[Floats], Flags]:
        if column is None:
            always = test.holds(self._fixed[test.parent])
            return lambda X: np.full(len(X), always)
        holds = _holds(self.params[column], test)
        return lambda X: holds(X[:, column])


def level_units(param: Varying) -> Floats:
    """The numbers of all values of a parameter that has finitely many, in their order, shape (size,)."""
    values: list[Any] = list(param.levels(param.size or 1))
    return np.array([param.to_unit(value) for value in values])


def _snapped(param: Varying, units: Floats) -> Floats:
    units = np.clip(units, 0.0, 1.0)
    match param:
        case Float(step=None):
            return units
        case Int(log=True):
            low, high = np.log(param.low - 0.5), np.log(param.high + 0.5)
            values = np.clip(np.rint(np.exp(low + units * (high - low))), param.low, param.high)
            snapped: Floats = np.clip((np.log(values) - low) / (high - low), 0.0, 1.0)
            return snapped
        case _:
            size = param.size or 1
            return (np.minimum(np.floor(units * size), size - 1) + 0.5) / size


def _holds(param: Varying, test: Test) -> Callable[[Floats], Flags]:
    """For snapped numbers of a parameter, whether a test holds of the values that they stand for."""
    if param.size is None or param.size > _LISTED:
        return lambda units: np.array([test.holds(param.from_unit(unit)) for unit in units.tolist()], bool)
    table = np.array([test.holds(value) for value in param.levels(param.size)])
    units = level_units(param)
    between = (units[1:] + units[:-1]) / 2
    return lambda snapped: table[np.searchsorted(between, snapped)]
