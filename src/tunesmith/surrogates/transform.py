"""Losses as the model sees them: bad ones drawn together, so that the good ones set the scale.

Both steps are those of Vizier's default (Song et al. 2024, "The Vizier Gaussian Process Bandit Algorithm", section 3.2),
written for losses instead of rewards. They keep the order, and leave the better half nearly as it is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

Floats = NDArray[np.float64]

_FEW: Final = 4
_OFFSET: Final = 1.5
_FARTHEST: Final = 1e6


def warped(losses: Floats) -> Floats:
    """(r, m) losses, each column with mean 0, standard deviation 1 and the same order; zeros if all are equal."""
    return np.stack([_warped(column) for column in losses.T], axis=1)


def _warped(losses: Floats) -> Floats:
    scaled = _scaled(losses)
    if not np.any(scaled):
        return scaled
    if len(scaled) >= _FEW:
        scaled = _log_warped(_half_ranked(scaled))
    centred: Floats = scaled - scaled.mean()
    return centred / max(float(centred.std()), 1e-12)


def around_zero(values: Floats) -> Floats:
    """(r,) values in units of their usual size, with far ones drawn in; zero stays zero."""
    sizes = np.abs(values[values != 0])
    size = float(np.median(sizes)) if len(sizes) else 1.0
    with np.errstate(over="ignore"):
        scaled: Floats = np.arcsinh(np.clip(values / max(size, 1e-300), -_FARTHEST, _FARTHEST))
    return scaled


def _scaled(losses: Floats) -> Floats:
    """Distances above the least loss in units of the better half's spread: from 1e-300 to 1e300 all is the same."""
    if len(losses) < 2:
        return np.zeros(len(losses))
    # Halves, since the difference of huge values may overflow.
    above = losses / 2 - losses.min() / 2
    spread = above[above <= np.median(above)].max() or above.max()
    if spread == 0:
        return np.zeros(len(losses))
    with np.errstate(over="ignore"):
        scaled: Floats = np.minimum(above / spread, _FARTHEST)
    return scaled


def _half_ranked(losses: Floats) -> Floats:
    """The worse half by rank only: normal quantiles above the median, in units of the better half's deviation."""
    median = np.median(losses)
    good = losses[losses <= median]
    deviation = float(np.sqrt(np.mean((good - median) ** 2))) or 1.0
    quantiles = ndtri((rankdata(losses) - 0.5) / len(losses))
    return np.where(losses > median, median + deviation * np.maximum(quantiles, 0), losses)


def _log_warped(losses: Floats) -> Floats:
    width = losses.max() - losses.min()
    if width == 0:
        return losses
    logs: Floats = np.log1p((_OFFSET - 1) * (losses - losses.min()) / width) / np.log(_OFFSET)
    return logs
