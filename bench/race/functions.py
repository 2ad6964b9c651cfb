"""Rotated test functions over mixed parameters, in the manner of COCO's bbob-mixint suite.

A fifth each of the parameters has 2, 4, 8 and 16 levels, the last fifth is continuous. The optimum lies on the raster, so
that the best value, 0, can be reached.
"""

from __future__ import annotations

import zlib

import numpy as np

from race.space import Param, Space, Task, choice, real, whole

LEVELS = (2, 4, 8, 16, None)
REACH = 4.0  # raster values lie between -REACH and REACH, continuous ones between -5 and 5


def sphere(z):
    return z @ z


def ellipsoid(z):
    return 10 ** np.linspace(0, 4, len(z)) @ z**2


def rosenbrock(z):
    z = z + 1  # the optimum at 0
    return np.sum(100 * (z[:-1] ** 2 - z[1:]) ** 2 + (z[:-1] - 1) ** 2)


def rastrigin(z):
    return 10 * (len(z) - np.sum(np.cos(2 * np.pi * z))) + z @ z


def tasks() -> list[Task]:
    mixed = [_mixed(function, d) for d in (5, 10, 20) for function in (sphere, ellipsoid, rosenbrock, rastrigin)]
    return mixed + [_with_choices(function) for function in (ellipsoid, rastrigin)]


def _mixed(function, d: int) -> Task:
    name = f"mixed/{function.__name__}-{d}"
    levels = np.repeat(np.array(LEVELS, object), d // len(LEVELS))
    params = [
        real(f"x{place}", -5, 5) if count is None else whole(f"x{place}", 0, count - 1)
        for place, count in enumerate(levels)
    ]
    rng = _generator(name)
    rotation = _rotation(rng, d)
    scales = [_raster(count) for count in levels]
    optimum = np.array([rng.choice(scale) if scale is not None else rng.uniform(-REACH, REACH) for scale in scales])

    def evaluate(config):
        raw = [config[f"x{place}"] for place in range(d)]
        x = np.array([value if scale is None else scale[value] for value, scale in zip(raw, scales, strict=True)])
        return float(function(rotation @ (x - optimum)))

    return Task(name, "mixed functions", Space(params), evaluate, best=0.0)


def _with_choices(function) -> Task:
    """Four choices of five values without an order, and four continuous parameters; not rotated."""
    name = f"mixed/{function.__name__}-choices"
    rng = _generator(name)
    params: list[Param] = [choice(f"c{place}", *"abcde") for place in range(4)]
    params += [real(f"x{place}", -5, 5) for place in range(4)]
    meaning = [dict(zip("abcde", rng.permutation(np.arange(5.0)), strict=True)) for _ in range(4)]
    optimum = rng.uniform(-REACH, REACH, 4)
    order = rng.permutation(8)  # steep and flat directions in both kinds

    def evaluate(config):
        chosen = [meaning[place][config[f"c{place}"]] for place in range(4)]
        numbers = np.array([config[f"x{place}"] for place in range(4)]) - optimum
        return float(function(np.concatenate([chosen, numbers])[order]))

    return Task(name, "mixed functions", Space(params), evaluate, best=0.0)


def _raster(count):
    return None if count is None else np.linspace(-REACH, REACH, count)


def _generator(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def _rotation(rng, d: int) -> np.ndarray:
    q, r = np.linalg.qr(rng.normal(size=(d, d)))
    return q * np.sign(np.diag(r))
