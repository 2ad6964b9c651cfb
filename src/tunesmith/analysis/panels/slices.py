"""Slices: the objective over each parameter by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import Axis, is_wide, near_range, param_axis
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.ranking import choose, ranking
from tunesmith.trials.order import losses_of
from tunesmith.trials.view import View

_MOST: Final = 600
_KEPT: Final = 60
_MOST_AXES: Final = 12


@final
@dataclass(frozen=True, eq=False)
class Slices:
    """n trials that have a value, over each parameter that varies."""

    metric: str
    direction: Literal["minimize", "maximize"]
    axes: list[Axis]
    numbers: NDArray[np.int64]
    """(n,)"""
    values: NDArray[np.float64]
    """(n,) the first objective."""
    best: int | None
    total: int
    """How many trials have a value; more than n if some are left out."""
    hidden: list[str]
    """Parameters that did not fit."""
    log: bool
    near: tuple[float, float] | None


def slices(view: View, best: Best | None = None) -> Slices:
    """Slices of at most 600 trials, the best 60 among them, over at most twelve parameters."""
    objective = view.spec.objectives[0]
    best = best_of(view) if best is None else best
    ranked = [trial for trial in ranking(view, best) if losses_of(view.spec, trial) is not None]
    trials = choose(ranked, _MOST, _KEPT)
    configs = [trial.config or {} for trial in trials]
    codec = view.space.codec()
    varying = [(name, param) for name, param in zip(codec.names, codec.params, strict=True) if param.size != 1]
    values = np.array([trial.values[objective.metric] for trial in trials], float)
    return Slices(
        metric=objective.metric,
        direction=objective.direction,
        axes=[param_axis(name, param, configs) for name, param in varying[:_MOST_AXES]] if trials else [],
        numbers=np.array([trial.number for trial in trials], np.int64),
        values=values,
        best=best.trial.number if best else None,
        total=len(ranked),
        hidden=[name for name, _ in varying[_MOST_AXES:]],
        log=is_wide(values, objective.sign),
        near=near_range(values, objective.sign),
    )
