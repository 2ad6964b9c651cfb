"""Sobol: quasi-random points that cover the space more evenly than random ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.uniform import uniform_config
from tunesmith.trials.view import View

_WIDEST: Final = 1000
"""Beyond so many dimensions the even cover is lost and random points do as well."""


@final
class Sobol:
    """Scrambled Sobol' sequence (Owen 1998; scipy.stats.qmc): trial number i gets point i, so workers never share one.

    A point that breaks the limits is replaced by a random configuration.
    """

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        numbers = range(view.next, view.next + n)
        return [cover_proposal(view, number, sobol_row(view, number), rng) for number in numbers]


def cover_proposal(view: View, number: int, row: list[float] | None, rng: Generator) -> Proposal:
    """Point `number` of an even cover, given as a row of the unit cube; a random one if there is none within the limits."""
    if row is not None:
        config = view.space.codec().decode_row(row)
        if view.space.allows(config):
            return Proposal(config, "sobol", f"point {number} of an even cover of the space")
    return Proposal(uniform_config(view, rng), "uniform", "drawn at random")


def sobol_row(view: View, number: int) -> list[float] | None:
    """Point `number` of the sequence of this study, in [0, 1]^d; None where there is no even cover to speak of."""
    width = view.space.codec().width
    if not 0 < width <= _WIDEST:
        return None
    start, size = _block_of(number)
    row: list[float] = _block(width, view.spec.seed, start, size)[number - start].tolist()
    return row


def _block_of(number: int) -> tuple[int, int]:
    """Start and size of the block of points that holds `number`: 0-63, 64-127, 128-255, 256-511, ..."""
    size = 64
    while number >= 2 * size:
        size *= 2
    return (0, 64) if number < 64 else (size, size)


@lru_cache(maxsize=16)
def _block(width: int, seed: int, start: int, count: int) -> NDArray[np.float64]:
    from scipy.stats import qmc  # noqa: PLC0415  half a second to import; not needed by most commands

    sequence = qmc.Sobol(width, scramble=True, rng=np.random.default_rng(seed))
    if start:
        sequence.fast_forward(start)
    points: NDArray[np.float64] = sequence.random(count)
    return points
