"""Reading the curve of a learning-rate range test (Smith 2017, arXiv:1506.01186). Pure.

Three places on a curve of loss over the logarithm of the rate mean something: where the loss begins to fall, where it is
lowest, and where it has clearly risen again. The single numbers that are usually read off it, the steepest point or the
valley, lie between them and depend on the length of the sweep and on the smoothing; so the answer here is a range. Its
margins and the suggestion were set on 24 trainings (`bench/training.py` measures them on others).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunesmith.analysis.smoothing import kept_noise, smoothed
from tunesmith.errors import InvalidStudy
from tunesmith.space.narrower import bounded, with_param
from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.trials.facts import Noted
from tunesmith.trials.jitter import jitter

_BANDWIDTH: Final = 2.0
"""Of the smoothing, in steps. It is centred: an exponential average would shift all places to higher rates."""
_FALLEN: Final = 0.1
_RISEN: Final = 0.3
"""Shares of the whole fall at which it has begun, and at which the loss has risen again."""
_SIGNIFICANT: Final = 5.0
"""How many deviations of the smoothed noise a fall must have."""
_BELOW: Final = 10**-0.25
_ABOVE: Final = 10**0.5
"""Margins of the range around the fall and the rise."""
_WIDEST: Final = 1e3
_SAFE: Final = 1 / 3
"""The suggestion, as a share of the rate at which the loss has risen."""


@final
@dataclass(frozen=True, eq=False)
class LrRange:
    """What a range test says about the learning rate.

    If `clear`, [low, high] is where to search, and `suggested` a rate to begin with; `interval` is its least and greatest
    value over the seeds. If not, the curve tells nothing: `low` and `high` are what was swept, the others None. `why` says
    in either case what was seen. With several parameter groups all rates are those of the fastest group.
    """

    low: float
    high: float
    suggested: float | None
    interval: tuple[float, float] | None
    clear: bool
    why: str
    rates: NDArray[np.float64]
    """(t,) that were swept."""
    losses: NDArray[np.float64]
    """(s, t) of the seeds; NaN after a seed had diverged."""

    def float(self) -> Float:
        """The range as a parameter, with the suggestion as its default; raises `InvalidStudy` if it is not clear."""
        if not self.clear:
            raise InvalidStudy(f"The range test gives no range to search: {self.why}.")
        return Float(self.low, self.high, log=True, default=self.suggested)

    def narrow(self, space: Space, name: str) -> Space:
        """`space` with the parameter `name` narrowed to the range.

        Never wider than it was: unchanged if the test told nothing, or if the space excludes all that it found.
        """
        param = space.params.get(name)
        if not isinstance(param, Float):
            what = "does not exist" if param is None else f"is a {type(param).__name__}"
            raise InvalidStudy(f"narrow({name!r}): the parameter {what}; name the Float that holds the learning rate.")
        low, high = max(self.low, param.low), min(self.high, param.high)
        if not self.clear or low >= high or param.step is not None:
            return space
        narrower = bounded(param, low, high)
        wanted = self.suggested if narrower.default is None else narrower.default
        assert wanted is not None
        return with_param(space, name, replace(narrower, default=min(max(wanted, low), high)))

    def fact(self, name: str) -> Noted:
        """The fact that says why a study's parameter `name` has this range, to be appended to the study."""
        seen = {"parameter": name, "low": self.low, "high": self.high, "suggested": self.suggested, "why": self.why}
        return Noted(f"range test of {name}", seen)


class _Reading(NamedTuple):
    """Places on one seed's curve, as indices."""

    fall: int
    lowest: int
    rise: int
    """The last step before the loss has risen; the last one of all if it never does."""
    drop: float
    noise: float
    open: bool
    """Whether the sweep ended before the loss rose."""

    @property
    def clear(self) -> bool:
        return self.drop > _SIGNIFICANT * self.noise and self.fall < self.rise


def read_curve(rates: ArrayLike, losses: ArrayLike) -> LrRange:
    """The range that the curves of a range test give.

    `rates`, (t,), grow geometrically, t >= 20; `losses`, (s, t), one row for each seed, with NaN or infinity from where
    it has diverged.
    """
    rates, losses = np.asarray(rates, float), np.atleast_2d(np.asarray(losses, float))
    if losses.shape[1:] != rates.shape or len(rates) < 20 or (np.diff(rates) <= 0).any() or rates[0] <= 0:
        raise InvalidStudy(
            f"read_curve: {rates.shape} rates and {losses.shape} losses; give at least 20 growing rates, and as many "
            "losses for each seed."
        )
    readings = [_read(row) for row in losses]
    trouble = _trouble(rates, readings)
    if trouble:
        return LrRange(float(rates[0]), float(rates[-1]), None, None, False, trouble, rates, losses)
    seen = [reading for reading in readings if reading is not None and reading.clear]
    rises = np.array([rates[reading.rise] for reading in seen])
    fall = float(min(rates[reading.fall] for reading in seen))
    high = float(min(rises.max() * _ABOVE, rates[-1]))
    low = float(max(fall * _BELOW, high / _WIDEST, rates[0]))
    suggested = float(np.median(rises) * _SAFE)
    interval = (float(rises.min() * _SAFE), float(rises.max() * _SAFE))
    why = _why(fall, rises, seen, len(readings), rates)
    return LrRange(low, high, min(max(suggested, low), high), interval, True, why, rates, losses)


def _read(losses: NDArray[np.float64]) -> _Reading | None:
    """None if fewer than ten steps were finite."""
    finite = np.isfinite(losses)
    count = len(losses) if finite.all() else int(finite.argmin())
    if count < 10:
        return None
    level = float(np.median(losses[: max(5, len(losses) // 10)]))
    noise = kept_noise(_BANDWIDTH) * jitter(losses[: max(10, count // 3)], least=4)
    # An explosion must not reach into its neighbours through the smoothing.
    ceiling = level + max(2 * (level - float(losses[:count].min())), 10 * noise)
    smooth = smoothed(np.minimum(losses[:count], ceiling), _BANDWIDTH)
    lowest = int(smooth.argmin())
    drop = level - float(smooth[lowest])
    below = level - smooth[: lowest + 1] > _FALLEN * drop
    fall = lowest - int(below[::-1].argmin()) + 1 if not below.all() else 0
    above = smooth[lowest:] - smooth[lowest] > _RISEN * drop
    risen = bool(above.any())
    rise = max(lowest + int(above.argmax()) - 1, lowest) if risen else count - 1
    return _Reading(fall, lowest, rise, drop, noise, not risen and count == len(losses))


def _trouble(rates: NDArray[np.float64], readings: list[_Reading | None]) -> str:
    """Why the curves tell nothing; empty if most of them do."""
    clear = [reading for reading in readings if reading is not None and reading.clear]
    if 2 * len(clear) > len(readings):
        return ""
    if 2 * sum(reading is None for reading in readings) >= len(readings):
        return (
            f"the loss diverges or is not finite already at rates near {rates[0]:.1e}; begin lower, and check the "
            "data, the loss and the precision"
        )
    drops = [reading.drop for reading in readings if reading is not None]
    noise = float(np.median([reading.noise for reading in readings if reading is not None]))
    return (
        f"no rate between {rates[0]:.1e} and {rates[-1]:.1e} lowers the loss: its greatest fall, "
        f"{max(np.median(drops), 0):.2g}, does not stand out from noise of {noise:.2g}; check that the loss reaches the weights and "
        "that the labels belong to the inputs, take more steps, or larger batches"
    )


def _why(fall: float, rises: NDArray[np.float64], seen: list[_Reading], seeds: int, rates: NDArray[np.float64]) -> str:
    ends = "has risen again" if not any(reading.open for reading in seen) else "still fell"
    span = f"{rises.min():.1e}" if rises.min() == rises.max() else f"{rises.min():.1e} to {rises.max():.1e}"
    seen_in = f"{len(seen)} of {seeds} seeds" if seeds > 1 else "one seed"
    text = f"range test, {seen_in}: the loss falls from {fall:.1e} on and {ends} at {span}"
    if any(reading.open for reading in seen):
        text += f", the end of the sweep; rates beyond {rates[-1]:.1e} were not tried"
    if any(reading.fall == 0 for reading in seen):
        text += f"; it fell from the first rate on, so lower ones than {rates[0]:.1e} may do too"
    return text
