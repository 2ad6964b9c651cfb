"""What the user believes of parameters, as densities over the unit cube.

A search that is steered by a belief multiplies what a point is worth by its density to the power beta/n, after n trials
(Hvarfner et al. 2022, piBO, eq. 6), so that beliefs fade whether they were right or wrong.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.codec import Varying
from tunesmith.space.params import Config, Float, Int, default_of, key_of
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

_STRENGTH: Final = 10.0
"""beta: so many trials weigh as much as the belief (as in piBO's experiments, a tenth of the budget there)."""
_EVEN: Final = 0.05
"""The part of every belief that is even, so that it excludes nothing."""
_DEVIATION: Final = 0.125
"""In parts of the range, where the user names no width."""


class _Peak(NamedTuple):
    """A normal distribution on the unit interval, cut off at its ends."""

    centre: float
    deviation: float

    def log_density(self, units: Floats) -> Floats:
        """Logarithm of the density in parts of the highest one, at units (n,)."""
        from scipy.special import ndtr  # noqa: PLC0415  a third of a second to import

        z = (units - self.centre) / self.deviation
        mass = float(ndtr((1.0 - self.centre) / self.deviation) - ndtr(-self.centre / self.deviation))
        highest = (1.0 - _EVEN) / (self.deviation * math.sqrt(2.0 * math.pi) * mass)
        return np.log((highest * np.exp(-0.5 * z * z) + _EVEN) / (highest + _EVEN))

    def drawn(self, unit: float) -> float:
        """The quantile of an even number."""
        from scipy.special import ndtr, ndtri  # noqa: PLC0415

        low, high = ndtr(-self.centre / self.deviation), ndtr((1.0 - self.centre) / self.deviation)
        return float(np.clip(self.centre + self.deviation * ndtri(low + unit * (high - low)), 0.0, 1.0))


class _Shares(NamedTuple):
    """Probabilities of options, (k,)."""

    of: Floats

    def log_density(self, units: Floats) -> Floats:
        """Logarithm of the probability in parts of the highest one, at units (n,)."""
        mixed = (1.0 - _EVEN) * self.of + _EVEN / len(self.of)
        logs: Floats = np.log(mixed / mixed.max())[np.minimum((units * len(mixed)).astype(int), len(mixed) - 1)]
        return logs

    def drawn(self, unit: float) -> float:
        """The middle of the option that an even number stands for."""
        code = min(int(np.searchsorted(np.cumsum(self.of), unit, side="right")), len(self.of) - 1)
        return (code + 0.5) / len(self.of)


_Belief: TypeAlias = _Peak | _Shares


@final
class Beliefs:
    """The beliefs about the parameters of one space."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._columns = {j: belief for j, param in enumerate(space.codec().params) if (belief := _belief_of(param))}

    def __bool__(self) -> bool:
        return bool(self._columns)

    def log_weight(self, points: Points, trials: int) -> Floats:
        """What is added to the logarithm of the worth of points (n, d) after so many trials; 0 where belief is highest."""
        total = np.zeros(len(points))
        for j, belief in self._columns.items():
            total += np.where(points.active[:, j], belief.log_density(points.X[:, j]), 0.0)
        return _STRENGTH / max(trials, 1) * total

    def drawn(self, row: list[float]) -> list[float]:
        """A row of even numbers in [0, 1]^d moved to where the user expects good values, as they are elsewhere."""
        return [self._columns[j].drawn(unit) if j in self._columns else unit for j, unit in enumerate(row)]

    def centre(self) -> Config:
        """The configuration that is believed in most, at defaults where nothing is believed."""
        values = {name: default_of(param) for name, param in self._space.params.items()}
        codec = self._space.codec()
        for j, belief in self._columns.items():
            param = codec.params[j]
            if isinstance(belief, _Shares):
                values[codec.names[j]] = param.from_unit((int(belief.of.argmax()) + 0.5) / len(belief.of))
            elif isinstance(param, Float) and param.step is None and param.belief is not None:
                values[codec.names[j]] = float(param.belief.centre)
            else:
                values[codec.names[j]] = param.from_unit(belief.centre)
        return self._space.restrict(values)


def _belief_of(param: Varying) -> _Belief | None:
    if param.belief is None:
        return None
    if isinstance(param, Float | Int):
        return _Peak(param.to_unit(param.belief.centre), _deviation(param))  # type: ignore[arg-type]  # of an Int, too, any number
    weights = {key_of(option): weight for option, weight in param.belief}
    shares = np.array([weights.get(key_of(option), 1.0) for option in param.options])
    return _Shares(shares / shares.sum())


def _deviation(param: Float | Int) -> float:
    """The standard deviation of a belief in parts of the range."""
    belief = param.belief
    assert belief is not None
    if param.low == param.high:
        return _DEVIATION
    if belief.factor is not None:
        return math.log(belief.factor) / math.log(param.high / param.low)
    return _DEVIATION if belief.width is None else belief.width / (param.high - param.low)
