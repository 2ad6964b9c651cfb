"""Codec: configurations to rows of numbers in [0, 1], and back.

One column per varying parameter, in the order of the space; fixed ones have none. A log scale is evened out, whole
numbers, steps and options sit at the centres of equal cells, so that a uniform row decodes to a uniform configuration.
Inactive parameters are 0.5 in `X` and False in the mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.params import Config, Fixed

if TYPE_CHECKING:
    from tunesmith.space.space import Space


@final
class Codec:
    """The mapping of one space; made by `Space.codec()`."""

    names: tuple[str, ...]
    """The column names."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self.names = tuple(name for name, param in space.params.items() if not isinstance(param, Fixed))
        self._params = [space.params[name] for name in self.names]
        self._fixed = {name: param.value for name, param in space.params.items() if isinstance(param, Fixed)}

    @property
    def width(self) -> int:
        """Number of columns, d."""
        return len(self.names)

    def encode(self, configs: Sequence[Config]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """`(X, active)`, both of shape (n, d)."""
        X = np.full((len(configs), self.width), 0.5)
        active = np.zeros((len(configs), self.width), dtype=bool)
        for row, config in enumerate(configs):
            for column, (name, param) in enumerate(zip(self.names, self._params, strict=True)):
                if name in config:
                    X[row, column] = param.to_unit(config[name])
                    active[row, column] = True
        return X, active

    def decode(self, X: NDArray[np.float64]) -> list[Config]:
        """Configurations of the rows of `X`, shape (n, d), with inactive parameters left out. Limits are not checked."""
        return [self.decode_row(row) for row in X.tolist()]

    def decode_row(self, row: Sequence[float]) -> Config:
        """The configuration of one row of d numbers."""
        values = {name: param.from_unit(unit) for name, param, unit in zip(self.names, self._params, row, strict=True)}
        if self._fixed:
            values.update(self._fixed)
        return self.space.restrict(values)
