"""Tasks whose configurations are trained step by step, and what a measure needs to know of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from race.space import RANDOM_POINTS, Space


class Curve(NamedTuple):
    """What a configuration gives as it trains: after step s, `values[s - 1]`, for `costs[s - 1]` more."""

    values: np.ndarray  # (steps,), to be minimised
    costs: np.ndarray  # (steps,), positive, in any unit

    @property
    def final(self) -> float:
        return float(self.values[-1])


@dataclass
class CurveTask:
    """`best` is the smallest final value there is, where that is known."""

    name: str
    group: str
    space: Space
    steps: int
    curve: Callable[[dict[str, Any]], Curve]
    best: float | None = None

    @cached_property
    def random_curves(self) -> list[Curve]:
        """Of random configurations, the same ones always."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [self.curve(self.space.sample(rng)) for _ in range(RANDOM_POINTS)]

    @property
    def full_cost(self) -> float:
        """Of training a random configuration to the end, on average: the unit of budgets."""
        return float(np.mean([curve.costs.sum() for curve in self.random_curves]))

    @property
    def median(self) -> float:
        """Of the final values of random configurations."""
        return float(np.median([curve.final for curve in self.random_curves]))

    @property
    def agreement(self) -> float:
        """Spearman's correlation between the values after a ninth of the training and at its end."""
        from scipy.stats import spearmanr

        early = max(1, round(self.steps / 9)) - 1
        found = [(curve.values[early], curve.final) for curve in self.random_curves]
        return float(spearmanr(*zip(*found, strict=True)).statistic)
