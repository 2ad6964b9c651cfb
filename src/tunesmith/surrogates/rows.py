"""Which trials the model is made of, once they are too many for all of them."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALL: Final = 300
"""Up to so many trials are modelled exactly."""
SOME: Final = 180
"""Beyond that, so many stand for all."""
FITTED: Final = 150
"""Length scales need fewer: so many are fitted to."""
_LATEST: Final = 10
_GROWTH: Final = 1.08
_EVERY: Final = 12


def stage(count: int) -> int:
    """How many of the first `count` trials the length scales are fitted to; they are fitted anew when this grows."""
    if count <= _EVERY:
        return count
    steps = int(np.log(count / _EVERY) / np.log(_GROWTH) + 1e-9)
    return int(_EVERY * _GROWTH**steps)


def modelled(y: Floats, features: Floats, rng: Generator, most: int = ALL, some: int = SOME) -> NDArray[np.intp]:
    """Indices of the rows to model: all up to `most`, else about `some` of them.

    Those are the latest, a third of the best, a third near the best one, and a sample of the rest.
    """
    n = len(y)
    if n <= most:
        return np.arange(n)
    order = np.argsort(y, kind="stable")
    near = np.argsort(((features - features[order[0]]) ** 2).sum(axis=1), kind="stable")
    kept = np.zeros(n, bool)
    kept[n - _LATEST :] = True
    kept[order[: some // 3]] = True
    kept[near[~kept[near]][: some // 3]] = True
    rest = np.flatnonzero(~kept)
    kept[rng.choice(rest, min(max(some - int(kept.sum()), 0), len(rest)), replace=False)] = True
    return np.flatnonzero(kept)
