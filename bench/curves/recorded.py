"""Real learning curves of random configurations, answered by the nearest one.

`python bench/fidelity.py record` trains them and writes the files in `data/`, which are in the repository, so that runs
need neither the training nor scikit-learn.
"""

from __future__ import annotations

import functools
import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from curves import live
from curves.task import Curve, CurveTask
from race.space import Param, Space

GROUP = "recorded training"
DATA = Path(__file__).parent / "data"
CONFIGS = 400
CAP = 10.0  # what a training that diverged counts as


@dataclass(frozen=True)
class Training:
    """`train(config)` gives a loss per step, and the processor seconds that all of them took."""

    name: str
    space: Space
    steps: int
    train: Callable[[dict], tuple[list[float], float]]


TRAININGS = (
    Training("network-digits", live.NETWORK, 27, live.network_digits),
    Training("boosting-diabetes", live.BOOSTING, 81, live.boosting_diabetes),
)


def tasks() -> list[CurveTask]:
    return [_task(training) for training in TRAININGS]


def record(training: Training) -> Path:
    """Trains random configurations and writes what they gave."""
    rng = np.random.default_rng(0)
    configs = [training.space.sample(rng) for _ in range(CONFIGS)]
    values, seconds = [], []
    for config in configs:
        curve, spent = training.train(config)
        values.append([float(f"{min(value, CAP) if np.isfinite(value) else CAP:.5g}") for value in curve])
        seconds.append(float(f"{spent:.4g}"))
    content = {"made": f"scikit-learn {version('scikit-learn')}", "configs": configs}
    content |= {"values": values, "seconds": seconds}
    file = _file(training.name)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress(json.dumps(content).encode(), mtime=0))
    return file


def _file(name: str) -> Path:
    return DATA / f"{name}.json.gz"


def _task(training: Training) -> CurveTask:
    def curve(config):
        return _pool(training).nearest(config)

    best = float(_pool(training).values[:, -1].min())
    return CurveTask(f"recorded/{training.name}", GROUP, training.space, training.steps, curve, best)


@functools.cache
def _pool(training: Training) -> Pool:
    content = json.loads(gzip.decompress(_file(training.name).read_bytes()))
    points = np.array([_point(training.space, config) for config in content["configs"]])
    return Pool(training.space, points, np.array(content["values"]), np.array(content["seconds"]))


@dataclass(frozen=True, eq=False)
class Pool:
    space: Space
    points: np.ndarray  # (configurations, coordinates)
    values: np.ndarray  # (configurations, steps)
    seconds: np.ndarray  # (configurations,)

    def nearest(self, config: dict) -> Curve:
        found = int(np.argmin(((self.points - _point(self.space, config)) ** 2).sum(1)))
        steps = self.values.shape[1]
        return Curve(self.values[found], np.full(steps, self.seconds[found] / steps))


def _point(space: Space, config: dict) -> list[float]:
    """Numbers between 0 and 1; a choice is one coordinate per value, so that two values are at distance 1."""
    point: list[float] = []
    for param in space.params:
        if param.kind == "choice":
            point += [0.5**0.5 * (config[param.name] == value) for value in param.choices]
        else:
            point.append(_share(param, config[param.name]))
    return point


def _share(param: Param, value: float) -> float:
    low, high = param.low, param.high
    if param.log:
        value, low, high = np.log([value, low, high])
    return float((value - low) / (high - low))
