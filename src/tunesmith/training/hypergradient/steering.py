"""How hyperparameters follow hypergradients: in log space, in small steps, and back when validation becomes worse. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.trials.jitter import jitter

Values: TypeAlias = dict[str, NDArray[np.float64]]
Bounds: TypeAlias = Mapping[str, tuple[float, float]]

_WINDOW: Final = 5
"""Validation losses that are averaged before they are compared."""
_REVERTS: Final = 3
_LARGEST_STEP: Final = math.log(2.0)
_MOMENTS: Final = (0.8, 0.95)
"""Of the Adam that takes the steps; shorter than usual, since there are few of them."""
_REACH: Final = 1e3
_HUGE: Final = 1e100
"""What is larger counts as not finite; its square may be."""


class Move(NamedTuple):
    """One hyperparameter step: the values after it, and the validation loss before it."""

    number: int
    event: Literal["moved", "skipped", "reverted", "frozen"]
    loss: float
    values: Values
    why: str


@final
class Steering:
    """Positive hyperparameters, scalars or vectors, that descend the validation loss.

    Each step is one of Adam on the logarithms, at most a factor of 2, within `bounds` (by default a factor of 1000 around
    the start). If the mean of five validation losses loses half of what it has gained, faster and faster, or one is not
    finite, the values from before go back into place, and `rate` is halved; after the third time they stay for good.
    """

    def __init__(self, start: Mapping[str, ArrayLike], *, rate: float = 0.1, bounds: Bounds | None = None) -> None:
        if not start or rate <= 0:
            raise InvalidStudy(f"Hypergradients of {sorted(start)} with rate={rate}: name some, with a positive rate.")
        self.rate = rate
        self.frozen = False
        self.path: list[Move] = []
        self._logs = {name: _log(name, value) for name, value in start.items()}
        self._limits = {name: _limits(name, logs, bounds or {}) for name, logs in self._logs.items()}
        self._start = dict(self._logs)
        self._losses: list[float] = []
        self._reverts = 0
        self._forget()

    @property
    def values(self) -> Values:
        """The hyperparameters as they are now."""
        return {name: np.exp(logs) for name, logs in self._logs.items()}

    def move(self, gradients: Mapping[str, ArrayLike], loss: float) -> Move:
        """One step against the gradients of the validation loss with respect to the logarithms."""
        if self.frozen:
            return self._note("frozen", loss, "the values have been frozen")
        if not abs(loss) < _HUGE:
            return self._revert(loss, "the validation loss is not finite")
        self._losses.append(loss)
        worse = self._judge()
        if worse:
            return self._revert(loss, worse)
        steps = {name: np.asarray(gradients[name], float) for name in self._logs}
        if not all((np.abs(step) < _HUGE).all() for step in steps.values()):
            return self._note("skipped", loss, "the hypergradient is not finite")
        self._descend(steps)
        return self._note("moved", loss, "against the hypergradient")

    def freeze(self) -> Values:
        """No step from now on; the values that stay."""
        self.frozen = True
        return self.values

    def _judge(self) -> str:
        """What speaks for going back; empty if nothing does.

        A training that overfits becomes worse by itself, the more slowly the better the hyperparameters become. So a rise
        counts only if it takes back half of what was gained, and is faster than the change before it.
        """
        if len(self._losses) < 3 * _WINDOW:
            return ""
        means = np.convolve(self._losses, np.full(_WINDOW, 1 / _WINDOW), "valid")
        first, best, latest = float(means[0]), float(means.min()), float(means[-1])
        before, middle = float(means[-1 - 2 * _WINDOW]), float(means[-1 - _WINDOW])
        doubt = 3 * jitter(np.array(self._losses[-4 * _WINDOW :]), least=4) / math.sqrt(_WINDOW) + 1e-3 * abs(best)
        if latest > best + (first - best) / 2 + doubt and latest - middle > max(middle - before, 0) + doubt:
            return f"the mean validation loss rose from {best:.4g} to {latest:.4g}, faster and faster"
        return ""

    def _revert(self, loss: float, why: str) -> Move:
        """The values from before the rise, which the last two windows are."""
        kept = self.path[max(0, len(self.path) - 2 * _WINDOW)] if self.path else None
        self._logs = dict(self._start) if kept is None else {name: np.log(value) for name, value in kept.values.items()}
        self._losses.clear()  # weights have moved on; what they reach with the old values is the new standard
        self._forget()
        self._reverts += 1
        self.rate /= 2
        self.frozen = self._reverts >= _REVERTS
        return self._note("reverted", loss, why + ("; frozen after the third time" if self.frozen else ""))

    def _descend(self, gradients: Values) -> None:
        self._count += 1
        slow, fast = _MOMENTS
        for name, gradient in gradients.items():
            first = self._first[name] = slow * self._first[name] + (1 - slow) * gradient
            second = self._second[name] = fast * self._second[name] + (1 - fast) * gradient**2
            size = np.sqrt(second / (1 - fast**self._count))
            step = self.rate * first / (1 - slow**self._count) / np.where(size > 0, size, 1.0)
            moved = self._logs[name] - np.clip(step, -_LARGEST_STEP, _LARGEST_STEP)
            self._logs[name] = np.clip(moved, *self._limits[name])

    def _forget(self) -> None:
        self._count = 0
        self._first: Values = {name: np.zeros_like(logs) for name, logs in self._logs.items()}
        self._second: Values = {name: np.zeros_like(logs) for name, logs in self._logs.items()}

    def _note(self, event: Any, loss: float, why: str) -> Move:
        self.path.append(Move(len(self.path) + 1, event, loss, self.values, why))
        return self.path[-1]


def _log(name: str, value: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(value, float)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise InvalidStudy(
            f"The hyperparameter {name!r} starts at {values}; it moves in log space, so begin with a positive number, "
            "a small one in place of 0."
        )
    logs: NDArray[np.float64] = np.log(values)
    return logs


def _limits(name: str, logs: NDArray[np.float64], bounds: Bounds) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if name not in bounds:
        reach = math.log(_REACH)
        return logs - reach, logs + reach
    low, high = bounds[name]
    if not 0 < low < high or (logs < math.log(low) - 1e-9).any() or (logs > math.log(high) + 1e-9).any():
        raise InvalidStudy(
            f"bounds of {name!r}: {low} to {high} must be positive and hold the start; widen them or begin inside."
        )
    return np.full_like(logs, math.log(low)), np.full_like(logs, math.log(high))
