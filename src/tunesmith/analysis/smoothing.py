"""Noise and trend of a curve."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def deviation(values: NDArray[np.float64]) -> float:
    """The standard deviation of the noise about a slow trend, whatever the outliers; 0 for fewer than four of (n,) values.

    From second differences, which a straight trend leaves at 0 and independent noise multiplies by √6.
    """
    if len(values) < 4:
        return 0.0
    second = values[2:] - 2 * values[1:-1] + values[:-2]
    return float(1.4826 * np.median(np.abs(second))) / math.sqrt(6)


def smoothed(values: NDArray[np.float64], bandwidth: float) -> NDArray[np.float64]:
    """A centred Gaussian average of (n,) values, `bandwidth` in points; the weights are renewed at the ends."""
    places = np.arange(len(values))
    weights = np.exp(-0.5 * ((places[:, None] - places) / bandwidth) ** 2)
    smooth: NDArray[np.float64] = weights @ values / weights.sum(axis=1)
    return smooth


def kept_noise(bandwidth: float) -> float:
    """The share of independent noise's deviation that `smoothed` leaves far from the ends."""
    return min(1.0, 1 / math.sqrt(2 * math.sqrt(math.pi) * bandwidth))
