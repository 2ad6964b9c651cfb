"""Learning curves of LCBench, as a surrogate predicts them, in place of trainings: many data sets, no time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from race.space import Param

STEPS = 13
"""Every fourth of 52 epochs."""
NOISE = 0.03
"""What one training differs from another, in parts of what the median of random configurations is worse than the best known."""
DEFAULTS: Mapping[str, Any] = {
    "batch_size": 64, "learning_rate": 1e-3, "max_dropout": 0.0, "max_units": 128, "momentum": 0.9, "num_layers": 3,
    "weight_decay": 1e-4,
}  # fmt: skip


class Recorded:
    """A network of some layers on one data set, trained by SGD with momentum. Its loss is the validation error in percent."""

    def __init__(self, task: Any) -> None:
        self.task, self.epochs, self.defaults = task, STEPS, DEFAULTS
        self.space = tuple(
            Param(one["name"], "int" if one["type"] == "int" else "float", one["low"], one["high"], one["log"])
            for one in task.space
        )
        rng = np.random.default_rng(1)
        self.scale = np.median([self._end(task.sample(rng)) for _ in range(100)]) - task.best_known

    def train(self, config: Mapping[str, Any], seed: int) -> Iterator[tuple[float, float, None]]:
        """Loss, twice, after each step; a training has luck of its own, and each report some more."""
        rng = np.random.default_rng([seed, 7])
        luck = NOISE * self.scale * rng.normal()
        for _, value in self.task.evaluate(dict(config), fidelity=52, curve=True)["curve"][3::4]:
            loss = float(value + luck + 0.3 * NOISE * self.scale * rng.normal())
            yield loss, loss, None

    def test(self, config: Mapping[str, Any], _seeds: range) -> tuple[float, float]:
        """What is left to the best known configuration, without luck: 1 for the median of random ones."""
        left = float((self._end(config) - self.task.best_known) / self.scale)
        return left, left

    def _end(self, config: Mapping[str, Any]) -> float:
        return float(self.task.evaluate(dict(config), fidelity=52)["value"])


def recorded(folder: Path) -> dict[str, Recorded]:
    """By name, from a folder of benchmark tasks."""
    sys.path.insert(0, str(folder))
    import registry

    return {name: Recorded(make()) for name, make in registry.all_tasks().items() if name.startswith("yahpo/lcbench/")}
