"""Tabulated learning curves as a training function, for tests and benchmarks of schedulers.

table = Table(space, configs, values, seconds=20.0)
ts.tune(table, space=space, minimize="loss", trials=200, parallel=16, executor=ts.simulated(seconds="seconds"))
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike

from tunesmith.errors import InvalidObjective
from tunesmith.space.names import flatten_config
from tunesmith.space.params import Config
from tunesmith.space.space import Space


@final
class Table:
    """Yields the curve of the tabulated configuration that is nearest in the space's unit cube: `{metric: ..., "seconds": ...}`.

    `values` has a row for each of `configs` and a column for each step; NaN ends a curve that is shorter. `seconds` that a
    step takes are one number, one for each configuration, or one for each value. Raises `InvalidObjective` if the shapes
    do not fit.
    """

    def __init__(
        self,
        space: Space,
        configs: Sequence[Config],
        values: ArrayLike,
        *,
        seconds: ArrayLike = 1.0,
        metric: str = "loss",
    ) -> None:
        self._values = np.asarray(values, dtype=np.float64)
        if not configs or self._values.ndim != 2 or len(configs) != len(self._values):
            raise InvalidObjective(
                f"Table(): {len(configs)} configurations and values of shape {self._values.shape}; "
                f"give a row of values for each configuration."
            )
        given = np.asarray(seconds, dtype=np.float64)
        try:
            self._seconds = np.broadcast_to(given[:, None] if given.ndim == 1 else given, self._values.shape)
        except ValueError:
            raise InvalidObjective(
                f"Table(): seconds of shape {given.shape} for values of shape {self._values.shape}; give one number, "
                f"one for each configuration, or one for each value."
            ) from None
        self._codec = space.codec()
        self._rows, _ = self._codec.encode(configs)
        self._metric = metric

    def row(self, config: Config) -> int:
        """The number of the tabulated configuration that is nearest."""
        point, _ = self._codec.encode([config])
        return int(np.argmin(((self._rows - point) ** 2).sum(axis=1)))

    def __call__(self, **config: Any) -> Iterator[dict[str, float]]:
        row = self.row(flatten_config(config))
        for value, seconds in zip(self._values[row].tolist(), self._seconds[row].tolist(), strict=True):
            if math.isnan(value):
                return
            yield {self._metric: value, "seconds": seconds}
