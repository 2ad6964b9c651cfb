"""Jitter: how much a learning curve wobbles about its own trend. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def jitter(values: NDArray[np.float64], least: int = 3) -> float:
    """Standard deviation of the noise of a curve (n,), from its second differences; 0 for fewer than `least` values.

    A straight trend leaves second differences at 0, and independent noise multiplies their deviation by sqrt(6); the
    median makes it robust to jumps.
    """
    if len(values) < max(least, 3):
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # values may be as large as numbers get
        return 1.4826 * float(np.median(np.abs(values[2:] - 2 * values[1:-1] + values[:-2]))) / 6**0.5
