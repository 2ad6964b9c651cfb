"""Parallel coordinates: one axis per varying parameter, the objectives last, one line per trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import Axis, metric_axis, near_range, param_axis
from tunesmith.analysis.best import Best
from tunesmith.analysis.ranking import choose, ranking
from tunesmith.space.params import Fixed
from tunesmith.trials.order import losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_KEPT: Final = 200
"""How many of the best trials are always shown."""
_MOST_AXES: Final = 24
"""How many parameters fit next to one another on a page."""
_ENOUGH: Final = 20
"""With fewer trials than that it means nothing that the best ones lie together."""


@final
@dataclass(frozen=True)
class Gathered:
    """Where the best trials lie together: a range of a number, or one option."""

    name: str
    count: int
    """How many of the best trials these are."""
    low: float | None = None
    high: float | None = None
    option: str | None = None


@final
@dataclass(frozen=True, eq=False)
class Parallel:
    """The n trials that have finite objectives, by number."""

    numbers: NDArray[np.int64]
    """(n,) trial numbers."""
    axes: list[Axis]
    """One per varying parameter, in the order of the space."""
    objectives: list[Axis]
    """The last axes; the first of them gives the colour. Empty without trials."""
    directions: list[Literal["minimize", "maximize"]]
    color_range: tuple[float, float]
    """Between which places of the first objective the colours change; what is worse has the last colour."""
    best: int | None
    total: int
    """How many trials have finite objectives; more than n if some are left out."""
    failed: int
    waiting: int
    """Trials left out because they have not ended."""
    valueless: int
    """Trials left out because they ended without a finite value of each objective."""
    hidden: list[str]
    """Parameters that did not fit."""
    gathered: Gathered | None


def parallel(view: View, most: int = 2000, best: Best | None = None) -> Parallel:
    """Parallel coordinates of at most `most` trials: the best 200 and an even spread over the others."""
    spec = view.spec
    ranked = [trial for trial in ranking(view, best) if losses_of(spec, trial) is not None]
    trials = choose(ranked, most, _KEPT)
    configs = [trial.config or {} for trial in trials]
    varying = [
        (name, param) for name, param in view.space.params.items() if not isinstance(param, Fixed) and param.size != 1
    ]
    axes = [param_axis(name, param, configs) for name, param in varying[:_MOST_AXES]] if trials else []
    values = np.array([[trial.values[o.metric] for o in spec.objectives] for trial in trials], float)
    objectives = (
        [metric_axis(o.metric, values[:, index], o.sign) for index, o in enumerate(spec.objectives)] if trials else []
    )
    tried = [trial for trial in view.trials if trial.config is not None]
    failed = sum(trial.state is State.FAILED for trial in tried)
    waiting = sum(not trial.state.ended for trial in tried)
    return Parallel(
        numbers=np.array([trial.number for trial in trials], np.int64),
        axes=axes,
        objectives=objectives,
        directions=[objective.direction for objective in spec.objectives],
        color_range=_color_range(objectives[0], spec.objectives[0].sign) if trials else (0.0, 1.0),
        best=ranked[0].number if ranked else None,
        total=len(ranked),
        failed=failed,
        waiting=waiting,
        valueless=len(tried) - failed - waiting - len(ranked),
        hidden=[name for name, _ in varying[_MOST_AXES:]],
        gathered=_gathered(axes, trials, ranked),
    )


def _color_range(axis: Axis, sign: float) -> tuple[float, float]:
    return near_range(axis.values, sign) or (float(axis.values.min()), float(axis.values.max()))


def _gathered(axes: list[Axis], trials: list[Trial], ranked: list[Trial]) -> Gathered | None:
    """The parameter on which the best tenth of the trials lies closest together, if that is at most a third of its axis."""
    if len(ranked) < _ENOUGH or not axes:
        return None
    count = max(3, len(ranked) // 10)
    best = {trial.number for trial in ranked[:count]}
    rows = np.array([trial.number in best for trial in trials])
    if rows.sum() < count:
        return None
    width, axis = min(((_width(axis, rows), axis) for axis in axes), key=lambda pair: pair[0])
    if width > 1 / 3:
        return None
    places = axis.values[rows]
    if axis.kind == "category":
        option = dict(zip(axis.ticks, axis.labels, strict=True)).get(float(places[0]))
        return Gathered(axis.name, count, option=option) if option is not None else None
    return Gathered(axis.name, count, axis.real(float(places.min())), axis.real(float(places.max())))


def _width(axis: Axis, rows: NDArray[np.bool_]) -> float:
    """The share of the axis that these trials take up; 1 where some lack the parameter, or where options differ."""
    places = axis.values[rows]
    if axis.idle is not None and (places == axis.idle).any():
        return 1.0
    if axis.kind == "category":
        # One of k options says as much as a range of 1/k of an axis.
        options = round(axis.high - axis.low) + (axis.idle is None)
        return 1 / options if np.ptp(places) == 0 else 1.0
    return float(np.ptp(places) / (axis.high - axis.low))
