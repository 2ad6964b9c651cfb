"""The gradient noise scale: how large a batch still pays. McCandlish, Kaplan, Amodei 2018, arXiv:1812.06162. Pure.

A gradient over b examples has E|g|² = |G|² + S / b, with the true gradient G and S the trace of one example's covariance.
B = S / |G|² (the paper's "simple" noise scale) is about the batch at which twice the examples save a third of the steps;
far below it larger batches are free, far above it they are wasted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from tunesmith.errors import InvalidStudy


@final
@dataclass(frozen=True)
class NoiseScale:
    """`critical` is the noise scale in examples, [low, high] its 95 % interval; infinite where no signal was seen."""

    critical: float
    low: float
    high: float
    signal: float
    """|G|², the squared norm of the true gradient."""
    noise: float
    """S, the trace of the covariance of one example's gradient."""
    why: str


def noise_from_groups(gram: ArrayLike, squares: ArrayLike, batches: int, batch_size: int) -> NoiseScale:
    """The noise scale from the gradients of k groups of `batches` batches of `batch_size` examples each, k >= 3.

    `gram`, (k, k): inner products of the groups' mean gradients. `squares`, (k,): mean of |g|² of each group's batches.
    The interval is a jackknife over groups (Student's t, k - 1 degrees) of 1 / B, which stays finite without a signal.
    """
    gram, squares = np.asarray(gram, float), np.asarray(squares, float)
    groups = len(squares)
    if gram.shape != (groups, groups) or groups < 3 or batches < 1 or batch_size < 1:
        raise InvalidStudy(
            f"noise_from_groups: {gram.shape} inner products of {groups} groups of {batches} batches of {batch_size}; "
            "give a square matrix of at least 3 groups."
        )
    signal, noise = _parts(gram, squares, batches, batch_size)
    left_out = []
    for group in range(groups):
        rest = np.arange(groups) != group
        left_out.append(_parts(gram[np.ix_(rest, rest)], squares[rest], batches, batch_size))
    inverse = signal / noise if noise > 0 else math.inf
    replicates = np.array([s / n if n > 0 else math.inf for s, n in left_out])
    if not np.isfinite(replicates).all() or not math.isfinite(inverse):
        return NoiseScale(0.0, 0.0, 0.0, signal, noise, "all batches gave the same gradient; there is no noise")
    error = math.sqrt((groups - 1) / groups * ((replicates - replicates.mean()) ** 2).sum())
    reach = float(stdtrit(groups - 1, 0.975)) * error
    critical, low, high = (_inverted(value) for value in (inverse, inverse + reach, inverse - reach))
    return NoiseScale(critical, low, high, signal, noise, _why(critical, low, high, groups * batches, batch_size))


def _parts(gram: NDArray[np.float64], squares: NDArray[np.float64], batches: int, size: int) -> tuple[float, float]:
    """Unbiased |G|² and S (the paper's equation A.1, with small batches of `size` and one large one of all)."""
    many = batches * len(squares)
    large, small = float(gram.mean()), float(squares.mean())
    signal = (many * large - small) / (many - 1)
    noise = (small - large) * size * many / (many - 1)
    return signal, noise


def _inverted(value: float) -> float:
    return 1 / value if value > 0 else math.inf


def _why(critical: float, low: float, high: float, batches: int, size: int) -> str:
    seen = f"from {batches} batches of {size}"
    if math.isinf(critical):
        return f"noise hides the gradient {seen}; the critical batch is at least {low:,.0f}, give more batches"
    top = "no upper bound" if math.isinf(high) else f"{high:,.0f}"
    return f"the critical batch is about {critical:,.0f} examples, 95 % interval {low:,.0f} to {top}, {seen}"


@final
@dataclass(frozen=True)
class Bend:
    """Steps to a target as a function of the batch: `least_steps` (1 + `critical` / batch)."""

    critical: float
    least_steps: float

    def steps(self, batch: float) -> float:
        """Steps to the target with batches of this size."""
        return self.least_steps * (1 + self.critical / batch)


def bend(batches: Sequence[float], steps: Sequence[float]) -> Bend:
    """The measured critical batch: (steps / least - 1)(examples / fewest - 1) = 1, the paper's equation 2.11, fitted.

    `steps`, (k,), are those to one and the same loss with each of the k >= 2 `batches`, each at its own best learning
    rate. Least squares of the relative error, so that large and small batches count alike.
    """
    sizes, counts = np.asarray(batches, float), np.asarray(steps, float)
    if sizes.shape != counts.shape or len(sizes) < 2 or (sizes <= 0).any() or (counts <= 0).any():
        raise InvalidStudy("bend(batches, steps): give steps > 0 for at least two batches > 0.")
    design = np.stack([np.ones_like(sizes), 1 / sizes], axis=1) / counts[:, None]
    least, slope = np.linalg.lstsq(design, np.ones_like(sizes), rcond=None)[0]
    if least <= 0:
        return Bend(math.inf, 0.0)  # steps fall in proportion to the batch all the way: the bend lies beyond
    return Bend(max(float(slope / least), 0.0), float(least))
