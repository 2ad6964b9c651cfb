"""The plane of batch size and learning rate, where a study has both: they pull on one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import Axis, near_range, param_axis
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.ranking import choose, ranking
from tunesmith.space.space import Space
from tunesmith.trials.order import losses_of
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

_RATES: Final = ("lr", "learning_rate", "base_lr", "max_lr", "eta")
_BATCHES: Final = ("batch_size", "batch", "bs", "per_device_train_batch_size", "train_batch_size")
_MOST: Final = 1000
_KEPT: Final = 100


@final
@dataclass(frozen=True, eq=False)
class Plane:
    """n trials that have both parameters."""

    metric: str
    direction: Literal["minimize", "maximize"]
    batch: Axis
    rate: Axis
    numbers: NDArray[np.int64]
    """(n,)"""
    values: NDArray[np.float64]
    """(n,) the first objective; NaN where a trial failed or has no value."""
    failed: NDArray[np.bool_]
    """(n,)"""
    near: tuple[float, float] | None
    best: int | None
    total: int
    """How many trials have ended with both; more than n if some are left out."""


def plane_params(space: Space) -> tuple[str, str] | None:
    """The parameters that by their names are the batch size and the learning rate, if both vary."""
    varying = [name for name, param in zip(space.codec().names, space.codec().params, strict=True) if param.size != 1]
    batch, rate = (next((n for n in varying if _plain(n) in known), None) for known in (_BATCHES, _RATES))
    return None if batch is None or rate is None else (batch, rate)


def _plain(name: str) -> str:
    return name.rpartition(".")[2].lower().replace("-", "_")


def plane(view: View, best: Best | None = None) -> Plane | None:
    """The plane; None where the study has no such two parameters."""
    names = plane_params(view.space)
    if names is None:
        return None
    objective = view.spec.objectives[0]
    best = best_of(view) if best is None else best
    ended = [
        trial
        for trial in ranking(view, best)
        if trial.state.ended and trial.config and set(names) <= trial.config.keys()
    ]
    trials = choose(ended, _MOST, _KEPT)
    configs = [trial.config or {} for trial in trials]
    batch, rate = (
        param_axis(name, view.space.codec().params[view.space.codec().names.index(name)], configs) for name in names
    )
    values = np.array(
        [t.values[objective.metric] if losses_of(view.spec, t) is not None else np.nan for t in trials], float
    )
    return Plane(
        metric=objective.metric,
        direction=objective.direction,
        batch=batch,
        rate=rate,
        numbers=np.array([trial.number for trial in trials], np.int64),
        values=values,
        failed=np.array([trial.state is State.FAILED for trial in trials], bool),
        near=near_range(values, objective.sign),
        best=best.trial.number if best else None,
        total=len(ended),
    )
