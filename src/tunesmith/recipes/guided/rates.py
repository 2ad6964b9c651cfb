"""The learning rate: which values its stage tries, and the range that a probe has found. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

from tunesmith.recipes.guided.ranges import cut
from tunesmith.space.params import Config, Float, Param
from tunesmith.training.probe import HIGH, LOW
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_POINTS: Final = 64
_NEAR: Final = 0.04
"""Nearer than this on the unit interval, two rates are expected to do alike."""


def probed(view: View, name: str) -> Param | None:
    """The learning rate within the range that a range test in the study's first trial has found; None without one."""
    param = view.space.params[name]
    first = view.trials[0] if view.trials else None
    values = (first.values or (first.last.metrics if first.last else {})) if first else {}
    low, high = values.get(LOW, math.nan), values.get(HIGH, math.nan)
    if not isinstance(param, Float) or not low < high or high <= param.low or low >= param.high:
        return None
    return cut(param, param.to_unit(max(low, param.low)), param.to_unit(min(high, param.high)))


def spread_rates(view: View, name: str, within: Param, base: Config, tried: list[Trial]) -> Iterator[Config]:
    """Configurations with other learning rates than those that were tried, spread evenly from the middle of a range outward."""
    if name not in base:  # it takes no part there
        return
    param = view.space.params[name]
    known = [param.to_unit(trial.config[name]) for trial in tried if trial.config and name in trial.config]
    for index in range(_POINTS):
        value: Any = within.from_unit(_van_der_corput(index + 1))
        config = {**base, name: value}
        near = any(abs(param.to_unit(value) - unit) < _NEAR for unit in known)
        if not near and not view.has(config) and view.space.allows(config):
            yield config


def _van_der_corput(index: int) -> float:
    """1/2, 1/4, 3/4, 1/8, 5/8, ...: every beginning of the sequence is spread evenly over [0, 1]."""
    place, unit = 0.5, 0.0
    while index:
        unit += place * (index & 1)
        index, place = index >> 1, place / 2
    return unit
