"""Explore: how a fork's configuration differs from that of the trial it continues."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Final, Protocol, final

import numpy as np
from numpy.random import Generator

from tunesmith.space.codec import Varying
from tunesmith.space.params import Choice, Config, Fixed, Float, Int, Json
from tunesmith.space.space import Space
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_SPREAD: Final = 0.25
"""Standard deviation of the factor's logarithm by which a parameter on a log scale changes."""
_SHIFT: Final = 0.2
"""What a parameter on a linear scale moves by, in parts of its range."""
_RARELY: Final = 0.1
_TRIES: Final = 20


class Explore(Protocol):
    """Makes the configuration of a fork. Same view, donor and generator, same answer."""

    def __call__(self, view: View, donor: Trial, frozen: Collection[str], rng: Generator) -> tuple[Config, str]:
        """A configuration within the space's limits, and in a few words how it was made; `frozen` parameters stay."""


@final
class Perturb:
    """Each parameter moves a little; now and then one, or all of them, are drawn anew (Jaderberg et al. 2017, section 3)."""

    def __call__(self, view: View, donor: Trial, frozen: Collection[str], rng: Generator) -> tuple[Config, str]:
        config = donor.config or {}
        for _ in range(_TRIES):
            anew = rng.random() < _RARELY
            found = perturbed(view.space, config, frozen, rng, anew=anew)
            if view.space.allows(found):
                return found, "drawn anew" if anew else "perturbed"
        return config, "unchanged, since no neighbour keeps the limits"


def perturbed(space: Space, config: Config, frozen: Collection[str], rng: Generator, *, anew: bool = False) -> Config:
    """A neighbour of a configuration; `anew`: any. What becomes active begins anywhere. Limits are not looked at."""
    values: dict[str, Json] = {}
    for name, param in space.params.items():
        if isinstance(param, Fixed):
            values[name] = param.value
        elif name in config and name in frozen:
            values[name] = config[name]
        elif name not in config or anew:
            values[name] = param.from_unit(float(rng.random()))
        else:
            values[name] = _moved(param, config[name], rng)
    return space.restrict(values)


def _moved(param: Varying, value: Json, rng: Generator) -> Json:
    if rng.random() < _RARELY:
        return param.from_unit(float(rng.random()))
    if isinstance(param, Choice):
        return value
    unit = param.to_unit(value)
    if isinstance(param, Float | Int) and param.log:
        step = rng.normal(0, _SPREAD) / math.log(param.high / param.low)
    else:
        step = _SHIFT * rng.choice([-1.0, 1.0])
    moved = param.from_unit(_reflected(unit + step))
    if moved != value or param.size is None:
        return moved
    # At least to the next value.
    beside = 1.0 / param.size
    return param.from_unit(_reflected(unit + math.copysign(beside, step)))


def _reflected(unit: float) -> float:
    """Numbers beyond [0, 1] come back from the wall that they hit."""
    folded = abs(unit) % 2.0
    return float(np.clip(min(folded, 2.0 - folded), 0.0, 1.0))
