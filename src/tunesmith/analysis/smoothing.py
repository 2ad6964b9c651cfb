"""Noise and trend of a curve."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def smoothed(values: NDArray[np.float64], bandwidth: float) -> NDArray[np.float64]:
    """A centred Gaussian average of (n,) values, `bandwidth` in points; the weights are renewed at the ends."""
    places = np.arange(len(values))
    weights = np.exp(-0.5 * ((places[:, None] - places) / bandwidth) ** 2)
    smooth: NDArray[np.float64] = weights @ values / weights.sum(axis=1)
    return smooth


def kept_noise(bandwidth: float) -> float:
    """The share of independent noise's deviation that `smoothed` leaves far from the ends."""
    return min(1.0, 1 / math.sqrt(2 * math.sqrt(math.pi) * bandwidth))
