"""How far from what was tried a proposal may be: near at first, anywhere soon."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.evidence import Points

Floats = NDArray[np.float64]

_FIRST: Final = 0.2
_GROWTH: Final = 0.3
_ANYWHERE: Final = 0.5


def trust_radius(trials: int, width: int) -> float | None:
    """Largest distance in any one number from the nearest trial; None once it holds nothing back (Song et al. 2024)."""
    radius = _FIRST + _GROWTH * trials / (5 * (width + 1))
    return radius if radius <= _ANYWHERE else None


def beyond(points: Points, tried: Points, columns: NDArray[np.bool_], radius: float) -> Floats:
    """(m,) by how much each point is farther than `radius` from the nearest of the tried ones, else 0.

    Only the given columns count, where they are active in both: entering a branch is no long way, nor is a step to the
    next one of few levels.
    """
    apart = np.abs(points.X[:, None, columns] - tried.X[None, :, columns])
    both = points.active[:, None, columns] & tried.active[None, :, columns]
    nearest: Floats = np.where(both, apart, 0.0).max(axis=2, initial=0.0).min(axis=1)
    return np.maximum(nearest - radius, 0.0)
