"""One run of separable CMA-ES (Ros & Hansen 2008; the library `cmaes`), whose cost and learning time grow with d, not d^2.

For spaces that are too wide for a covariance matrix. Levels and options are cells of a Gaussian in each column.
"""

from __future__ import annotations

import copy
from typing import Final, final

import numpy as np
from cmaes import SepCMA
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.strategy import Kinds

Floats = NDArray[np.float64]

_NARROWEST: Final = 1e-9
_WIDEST: Final = 1e3


@final
class Separable:
    """The distribution that draws and learns. `size` rows make a generation."""

    def __init__(self, kinds: Kinds, rows: Floats, least: float, size: int) -> None:
        """Begins around `rows`, shape (n, d), with a deviation of `least` or more."""
        self.kinds = kinds
        self.size = size
        self._columns = np.sort(np.concatenate([kinds.gaussian, kinds.options]))
        values = rows[:, self._columns] if len(rows) else np.full((1, kinds.varying), 0.5)
        spread = float(np.sqrt(values.var(axis=0).mean()))
        walls = np.tile([0.0, 1.0], (kinds.varying, 1))
        # In a wide space some column is always outside, so that there is no use in drawing again.
        self._optimizer = SepCMA(
            values.mean(axis=0), max(spread, least), bounds=walls, n_max_resampling=0, population_size=size
        )

    def copied(self) -> Separable:
        return copy.deepcopy(self, {id(self.kinds): self.kinds})

    def draw(self, rng: Generator) -> Floats:
        """A row, shape (d,)."""
        self._optimizer.reseed_rng(int(rng.integers(2**32)))
        row = np.full(self.kinds.width, 0.5)
        row[self._columns] = self._optimizer.ask()
        return row

    def learn(self, ranked: Floats) -> None:
        """Move on by a generation, best first, shape (size, d); whoever proposed its rows."""
        optimizer, width = self._optimizer, self.kinds.varying
        mean = optimizer._mean  # noqa: SLF001
        steps = ranked[:, self._columns] - mean
        lengths = np.linalg.norm(steps / self._deviations(), axis=1)
        longest = np.sqrt(width) + 2.0 * width / (width + 2.0)
        reached = mean + steps * np.minimum(1.0, longest / np.maximum(lengths, 1e-300))[:, None]
        with np.errstate(all="ignore"):
            optimizer.tell([(row, float(i)) for i, row in enumerate(reached)])

    @property
    def over(self) -> bool:
        """Whether the run has come to a point, or has lost its way."""
        return not _NARROWEST < float(self._deviations().max()) < _WIDEST

    def _deviations(self) -> Floats:
        """(q,) standard deviation in each column."""
        found: Floats = self._optimizer._sigma * np.sqrt(self._optimizer._C)  # noqa: SLF001
        return found
