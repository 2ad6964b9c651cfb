"""Contour: what a model of the trials expects over the two parameters that matter most, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import Axis, param_axis
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.importance.measure import importance
from tunesmith.analysis.importance.outcomes import metric_index, outcomes_of
from tunesmith.analysis.importance.surface import surface_of
from tunesmith.analysis.ranking import choose, ranking
from tunesmith.errors import InvalidStudy
from tunesmith.space.codec import Varying, level_units
from tunesmith.space.params import Config
from tunesmith.surrogates.evidence import Points
from tunesmith.trials.order import losses_of
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_CELLS: Final = 40
_MOST: Final = 500
_KEPT: Final = 50


@final
@dataclass(frozen=True, eq=False)
class Contour:
    """A plane through the space: a grid of c columns by r rows, and n trials."""

    metric: str
    direction: Literal["minimize", "maximize"]
    x: Axis
    y: Axis
    """Their `values` are the places of the n trials."""
    columns: Floats
    """(c,) places on the x axis."""
    rows: Floats
    """(r,) places on the y axis."""
    mean: Floats
    """(r, c) the value that is expected there, in the metric's units."""
    deviation: Floats
    """(r, c) how unsure the model is of it: one standard deviation."""
    allowed: NDArray[np.bool_]
    """(r, c) where the space's limits permit a configuration."""
    numbers: NDArray[np.int64]
    values: Floats
    """(n,) the metric's value of each trial."""
    best: int
    """The trial through which the plane goes: all other parameters are as there."""
    others: Config
    """Those parameters."""
    total: int
    """How many trials have a value and both parameters; more than n if some are left out."""


def contour(
    view: View, params: tuple[str, str] | None = None, metric: str | None = None, best: Best | None = None
) -> Contour:
    """The plane of two parameters through the best trial; by default the two most important ones that take part there.

    Raises `InvalidStudy` where too few trials tell, or fewer than two parameters vary.
    """
    index = metric_index(view, metric)
    objective = view.spec.objectives[index]
    known = outcomes_of(view, index, to_the_end=True)
    best = best_of(view) if best is None else best
    if best is None or best.trial.config is None:
        raise InvalidStudy(f"Study {view.spec.name!r} has no best trial yet to look around.")
    base = best.trial.config
    first, second = _pair(view, params, objective.metric, base)
    codec = view.space.codec()
    numbers = {name: column for column, name in enumerate(codec.names)}
    surface = surface_of(view.space, known, 0, np.random.default_rng(view.spec.seed))
    trials = [
        trial
        for trial in ranking(view, best)
        if losses_of(view.spec, trial) is not None and trial.config and {first, second} <= trial.config.keys()
    ]
    chosen = choose(trials, _MOST, _KEPT)
    configs = [trial.config or {} for trial in chosen]
    x_param, y_param = (codec.params[numbers[name]] for name in (first, second))
    x_units, y_units = _units(x_param), _units(y_param)
    row = codec.encode([base])[0][0]
    U = np.tile(row, (len(x_units) * len(y_units), 1))
    U[:, numbers[first]] = np.tile(x_units, len(y_units))
    U[:, numbers[second]] = np.repeat(y_units, len(x_units))
    X, active = codec.snap(U)
    losses, deviation = surface.model.predict(surface.features.of(Points(X, active)))
    shape = (len(y_units), len(x_units))
    allowed = [view.space.allows(config) for config in codec.decode(X)] if view.space.limits else np.ones(len(X), bool)
    return Contour(
        metric=objective.metric,
        direction=objective.direction,
        x=param_axis(first, x_param, configs),
        y=param_axis(second, y_param, configs),
        columns=_places(first, x_param, x_units),
        rows=_places(second, y_param, y_units),
        mean=(objective.sign * losses).reshape(shape),
        deviation=deviation.reshape(shape),
        allowed=np.array(allowed, bool).reshape(shape),
        numbers=np.array([trial.number for trial in chosen], np.int64),
        values=np.array([trial.values[objective.metric] for trial in chosen]),
        best=best.trial.number,
        others={name: value for name, value in base.items() if name in numbers and name not in (first, second)},
        total=len(trials),
    )


def _pair(view: View, params: tuple[str, str] | None, metric: str, base: Config) -> tuple[str, str]:
    varying = [name for name in view.space.codec().names if name in base and view.space.params[name].size != 1]
    if params is not None:
        unknown = [name for name in params if name not in varying]
        if unknown or params[0] == params[1]:
            raise InvalidStudy(f"params={params!r}: name two different parameters that vary in the best trial.")
        return params
    if len(varying) < 2:
        raise InvalidStudy(f"Study {view.spec.name!r} has no two parameters that vary in its best trial.")
    ranked = [share.name for share in importance(view, metric, resamples=0).params if share.name in varying]
    return ranked[0], ranked[1]


def _units(param: Varying) -> Floats:
    """Lines of the grid in the unit cube: every option or level of a few, else evenly spread."""
    if param.size is not None and param.size <= _CELLS:
        return level_units(param)
    return np.linspace(0.0, 1.0, _CELLS)


def _places(name: str, param: Varying, units: Floats) -> Floats:
    return param_axis(name, param, [{name: param.from_unit(float(unit))} for unit in units]).values
