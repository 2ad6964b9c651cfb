"""One run of CMA-ES with margin (Hamano et al. 2022, 2025; the library `cmaes`) over rows of the unit cube.

Numbers are Gaussian, levels are a Gaussian's cells with a margin that keeps neighbours within reach, and options have
probabilities of their own.
"""

from __future__ import annotations

import copy
from typing import Final, NamedTuple, final

import numpy as np
from cmaes import CatCMAwM
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.space.codec import level_units
from tunesmith.space.params import Choice
from tunesmith.space.space import Space

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

_LISTED: Final = 1_000
"""Parameters with more values are numbers, as good as a continuum."""
_INSIDE: Final = 20
"""Draws outside the cube before one is moved to its wall."""
_NARROWEST: Final = 1e-9
_WIDEST: Final = 1e3


@final
class Kinds:
    """How the columns of a space are treated; q numbers and levels, c with options. Single values are left out."""

    def __init__(self, space: Space) -> None:
        params = space.codec().params
        numbers, levels, options = [], [], []
        for j, param in enumerate(params):
            if param.size is None or (param.size > _LISTED and not isinstance(param, Choice)):
                numbers.append(j)
            elif isinstance(param, Choice) or param.size == 2:
                options += [j] if param.size > 1 else []
            elif param.size > 1:
                levels.append(j)
        self.width = len(params)
        self.bounded: Final = len(numbers)
        self.gaussian: Ints = np.array(numbers + levels, np.intp)
        """(q,) columns with a Gaussian, numbers first."""
        self.units = [level_units(params[j]).tolist() for j in levels]
        self.options: Ints = np.array(options, np.intp)
        """(c,) columns with probabilities."""
        self.sizes: Ints = np.array([params[j].size for j in options], np.intp)

    @property
    def varying(self) -> int:
        return len(self.gaussian) + len(self.options)

    def coded(self, X: Floats) -> NDArray[np.bool_]:
        """Options of rows as indicators, shape (n, c, K)."""
        codes = (X[:, self.options] * self.sizes).astype(np.intp)
        coded: NDArray[np.bool_] = np.arange(self.sizes.max(initial=0)) == codes[:, :, None]
        return coded


class Start(NamedTuple):
    """Where a run begins."""

    mean: Floats
    """(q,)"""
    covariance: Floats
    """(q, q)"""
    shares: Floats
    """(c, K) probability of each option."""


@final
class Strategy:
    """The distribution that draws and learns. `size` rows make a generation."""

    def __init__(self, kinds: Kinds, start: Start, size: int) -> None:
        self.kinds = kinds
        self.size = size
        self._lost = False
        scale = float(np.sqrt(np.trace(start.covariance) / max(len(start.mean), 1)))
        self._optimizer = CatCMAwM(
            x_space=[[0.0, 1.0]] * kinds.bounded or None,
            z_space=kinds.units or None,
            c_space=kinds.sizes.tolist() or None,
            population_size=size,
            mean=start.mean.copy(),
            sigma=scale or None,
            cov=start.covariance / scale**2 if scale else None,
            cat_param=start.shares.copy() if len(kinds.options) else None,
        )

    def copied(self) -> Strategy:
        return copy.deepcopy(self, {id(self.kinds): self.kinds})

    def draw(self, rng: Generator) -> Floats:
        """A row, shape (d,)."""
        self._optimizer.reseed_rng(int(rng.integers(2**32)))
        drawn = self._optimizer.ask()
        for _ in range(_INSIDE):
            if drawn.x is None or ((drawn.x > 0.0) & (drawn.x < 1.0)).all():
                break
            drawn = self._optimizer.ask()
        row = np.full(self.kinds.width, 0.5)
        parts = [part for part in (drawn.x, drawn.z) if part is not None]
        if parts:
            row[self.kinds.gaussian] = np.concatenate(parts)
        if drawn.c is not None:
            row[self.kinds.options] = (drawn.c.argmax(axis=1) + 0.5) / self.kinds.sizes
        return row

    def learn(self, ranked: Floats) -> None:
        """Move on by a generation, best first, shape (size, d); whoever proposed its rows.

        Rows that leave no covariance that can be drawn from end the run: it is `over`.
        """
        try:
            self._learn(ranked)
        except np.linalg.LinAlgError:
            self._lost = True

    def _learn(self, ranked: Floats) -> None:
        kinds, optimizer = self.kinds, self._optimizer
        values, codes = ranked[:, kinds.gaussian], kinds.coded(ranked)
        reached = self._within_reach(values) if len(kinds.gaussian) else values
        solutions = [
            (
                CatCMAwM.Solution(c=codes[i] if len(kinds.options) else None, _v_raw=reached[i]),
                # The strategy knows ranks only, so that no scale of losses can break it.
                float(i),
            )
            for i in range(self.size)
        ]
        with np.errstate(all="ignore"):
            optimizer.tell(solutions)

    @property
    def over(self) -> bool:
        """Whether the run has come to a point, or has lost its way."""
        optimizer = self._optimizer
        if self._lost:
            return True
        if len(self.kinds.options) and not np.isfinite(optimizer._q).all():  # noqa: SLF001
            return True
        deviations = self._deviations() if len(self.kinds.gaussian) else np.ones(1)
        if not (deviations < _WIDEST).all():
            return True
        return bool(self.kinds.bounded) and float(deviations[: self.kinds.bounded].max()) < _NARROWEST

    def _deviations(self) -> Floats:
        """(q,) standard deviation in each column."""
        optimizer = self._optimizer
        found: Floats = optimizer._sigma * optimizer._A * np.sqrt(np.diag(optimizer._C))  # noqa: SLF001
        return found

    def _within_reach(self, values: Floats) -> Floats:
        """Steps of others that are longer than own ones would be are cut (Hansen 2011, injection, eqs. 2-4)."""
        optimizer, width = self._optimizer, values.shape[1]
        B, D = optimizer._eigen_decomposition()  # noqa: SLF001
        mean = optimizer._mean  # noqa: SLF001
        steps = (values - mean) / (optimizer._sigma * optimizer._A)  # noqa: SLF001
        lengths = np.linalg.norm(steps @ B / D, axis=1)
        longest = np.sqrt(width) + 2.0 * width / (width + 2.0)
        cut: Floats = mean + (values - mean) * np.minimum(1.0, longest / np.maximum(lengths, 1e-300))[:, None]
        return cut
