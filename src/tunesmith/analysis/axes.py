"""Axes: where the values of a parameter or a metric lie, and which places carry a label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.space.params import Choice, Config, Float, Int, Json, Ordinal, key_of

IDLE: Final = "\N{EN DASH}"
"""The label of the level on which a trial without this parameter is shown."""

_MOST_LABELS: Final = 40
_FEW_VALUES: Final = 8
_METRIC_DIGITS: Final = 4
_WIDE: Final = 1000.0
_FAR: Final = 10.0


@final
@dataclass(frozen=True, eq=False)
class Axis:
    """One axis and the place of n trials on it."""

    name: str
    kind: Literal["linear", "log", "category"]
    values: NDArray[np.float64]
    """(n,) places: the number itself, its log10 on a log axis, the index of the option on a category axis."""
    low: float
    high: float
    """The ends, in the same units; with the idle level where there is one."""
    ticks: list[float]
    labels: list[str]
    """Of the same length as `ticks`: the real values, not their logarithms."""
    idle: float | None = None
    """The place of trials for which the parameter was inactive; None if there are none."""

    def real(self, place: float) -> float:
        """The number that stands at a place of a linear or log axis."""
        return 10.0**place if self.kind == "log" else place


def param_axis(name: str, param: Float | Int | Choice | Ordinal, configs: Sequence[Config]) -> Axis:
    """The axis of a parameter, with the places of the n configurations on it."""
    if isinstance(param, Choice | Ordinal):
        return _category_axis(name, param.options, configs)
    numbers = np.array([_number(config.get(name)) for config in configs], float)
    if param.size is not None and param.size <= _FEW_VALUES:
        return number_axis(name, numbers, param.levels(_FEW_VALUES), log=param.log)
    return number_axis(name, numbers, ticks_between(float(param.low), float(param.high), log=param.log), log=param.log)


def number_axis(
    name: str, numbers: NDArray[np.float64], ticks: Sequence[float], *, log: bool, digits: int = 10
) -> Axis:
    """The axis from the first tick to the last, with numbers of shape (n,) on it, NaN where a trial has none."""
    places = [math.log10(tick) if log else float(tick) for tick in ticks]
    if log:
        numbers = np.log10(np.where(numbers > 0, numbers, np.nan))
    labels = [f"{tick:.{digits}g}" for tick in ticks]
    return _with_idle(Axis(name, "log" if log else "linear", numbers, places[0], places[-1], places, labels))


def ticks_between(low: float, high: float, *, log: bool) -> list[float]:
    """Both ends, and between them round numbers that leave room for the labels of the ends."""
    inner = log_ticks(low, high) if log else linear_ticks(low, high)
    a, b = (math.log10(low), math.log10(high)) if log else (low, high)
    room = 0.06 * (b - a)
    between = [tick for tick in inner if a + room < (math.log10(tick) if log else tick) < b - room]
    return list(dict.fromkeys([low, *between, high]))


def _category_axis(name: str, options: Sequence[Json], configs: Sequence[Config]) -> Axis:
    places = {key_of(option): float(index) for index, option in enumerate(options)}
    values = np.array(
        [places.get(key_of(config[name]), np.nan) if name in config else np.nan for config in configs], float
    )
    every = max(1, math.ceil(len(options) / _MOST_LABELS))
    ticks = [float(index) for index in range(0, len(options), every)]
    labels = [shown(options[int(tick)]) for tick in ticks]
    return _with_idle(Axis(name, "category", values, 0.0, float(len(options) - 1), ticks, labels))


def _with_idle(axis: Axis) -> Axis:
    """The axis with a level for the trials whose place is NaN, and with some width in any case."""
    low, high = axis.low, axis.high
    if low == high:
        around = abs(low) / 2 or 0.5
        low, high = low - around, high + around
    missing = np.isnan(axis.values)
    if not missing.any():
        return replace(axis, low=low, high=high)
    # One category below the first, or a clear gap below a number's least value.
    idle = low - (1.0 if axis.kind == "category" else 0.12 * (high - low))
    return replace(
        axis,
        values=np.where(missing, idle, axis.values),
        low=idle,
        high=high,
        ticks=[idle, *axis.ticks],
        labels=[IDLE, *axis.labels],
        idle=idle,
    )


def metric_axis(name: str, numbers: NDArray[np.float64], sign: float) -> Axis:
    """The axis of an objective from its finite values, shape (n,) with n >= 1; `sign` as for `near_range`.

    Values that differ vastly get a log axis; else outliers on the worse side are drawn at its end, which is labelled so.
    """
    log = is_wide(numbers, sign)
    near = None if log else near_range(numbers, sign)
    low, high = near or (float(numbers.min()), float(numbers.max()))
    ticks = ticks_between(low, high, log=log)
    axis = number_axis(name, np.clip(numbers, low, high), ticks, log=log, digits=_METRIC_DIGITS)
    if near is None:
        return axis
    labels = list(axis.labels)
    worse, mark = (-1, "\N{GREATER-THAN OR EQUAL TO}") if sign > 0 else (0, "\N{LESS-THAN OR EQUAL TO}")
    labels[worse] = f"{mark} {labels[worse]}"
    return replace(axis, labels=labels)


def is_wide(numbers: NDArray[np.float64], sign: float) -> bool:
    """Whether numbers need a log scale to be told apart: all positive, smaller is better, and vastly different."""
    finite = numbers[np.isfinite(numbers)]
    return bool(sign > 0 and len(finite) and finite.min() > 0 and finite.max() / finite.min() > _WIDE)


def near_range(numbers: NDArray[np.float64], sign: float) -> tuple[float, float] | None:
    """The range in which the better three quarters lie if outliers on the worse side would crush them; else None.

    `sign` is that of the objective: multiplied by it, smaller is better.
    """
    losses = sign * numbers[np.isfinite(numbers)]
    if len(losses) < 4:
        return None
    low, middle, high = (float(x) for x in np.quantile(losses, [0.0, 0.75, 1.0]))
    if not high - low > _FAR * (middle - low) > 0:
        return None
    a, b = sorted((sign * low, sign * (low + 3 * (middle - low))))
    return a, b


def linear_ticks(low: float, high: float) -> list[float]:
    """About five round numbers within [low, high]."""
    width = high - low
    if not 1e-300 < width < math.inf:  # else the step below would be zero or infinite
        return [low, high]
    raw = width / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{index * step:.10g}") for index in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten within [low, high]; with their doubles and fives if they are few, or the two ends if still fewer."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    every = max(1, (last - first) // 8)
    for factors in ((1,), (1, 2, 5)):
        numbers = [float(f"{factor}e{power}") for power in range(first, last + 1, every) for factor in factors]
        inside = [number for number in numbers if low * (1 - 1e-9) <= number <= high * (1 + 1e-9)]
        if len(inside) >= 3:
            return inside
    return inside if len(inside) == 2 else list(dict.fromkeys([low, high]))


def shown(value: Json) -> str:
    """A config's value as a label: text as it is, numbers short."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else repr(value)


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
