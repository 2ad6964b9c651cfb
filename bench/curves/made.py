"""Made learning curves: how good a configuration ends, and how fast it gets there, are two functions of it.

Where the good ones are the fast ones, early values rank like late ones. Where the good ones are slow, as with small
learning rates and strong regularisation, the curves cross.
"""

from __future__ import annotations

import json
import zlib
from functools import partial

import numpy as np

from curves.task import Curve, CurveTask
from race.space import Space, choice, real, whole

GROUP = "made curves"
STEPS = 50
START = 3.0  # the loss before any training
NOISE = 0.004
KINDS = {"relu": 0.0, "tanh": 0.03, "gelu": 0.01}

SPACE = Space(
    [
        real("rate", 1e-5, 1, log=True),
        real("decay", 1e-6, 1, log=True),
        real("momentum", 0, 1),
        real("dropout", 0, 0.9),
        whole("width", 8, 512, log=True),
        choice("activation", *KINDS),
    ]
)


def tasks() -> list[CurveTask]:
    """Speed follows quality, has little to do with it, or runs against it; the number is the share of quality in it."""
    shares = {"agree": 0.8, "partly": -0.35, "cross": -0.8}
    return [
        CurveTask(f"made/{name}", GROUP, SPACE, STEPS, partial(_curve, name, share)) for name, share in shares.items()
    ]


def _curve(name: str, share: float, config: dict) -> Curve:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    optimum, weights, leaning = rng.uniform(0.2, 0.8, 5), rng.dirichlet(np.full(5, 2.0)), rng.normal(size=5)
    x = _unit(config)
    distance = 5 * weights @ (x - optimum) ** 2
    quality = np.exp(-3 * distance)
    final = 0.1 + 0.6 * (1 - quality) + KINDS[config["activation"]]
    own = 1 / (1 + np.exp(-6 * leaning @ (x - 0.5)))
    speed = (1 - abs(share)) * own + abs(share) * (quality if share > 0 else 1 - quality)
    steps = np.arange(1, STEPS + 1)
    left = np.exp(-steps / (1 + 14 * (1 - speed)))
    values = final + (START - final) * left + NOISE * _noise(name, config)
    return Curve(values, np.full(STEPS, config["width"] ** 0.5))


def _unit(config: dict) -> np.ndarray:
    """The numbers of a configuration between 0 and 1."""
    scaled = []
    for param in SPACE.params[:5]:
        place = np.array([config[param.name], param.low, param.high], float)
        value, low, high = np.log(place) if param.log else place
        scaled.append((value - low) / (high - low))
    return np.array(scaled)


def _noise(name: str, config: dict) -> np.ndarray:
    """The same for the same configuration."""
    text = name + json.dumps(config, sort_keys=True)
    return np.random.default_rng(zlib.crc32(text.encode())).normal(size=STEPS)
