"""History: how the objective went from trial to trial."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import is_wide, near_range
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.ranking import why_ended
from tunesmith.analysis.summary import Standing, standings_of
from tunesmith.space.params import Config
from tunesmith.trials.order import best_trial, feasible
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View


@final
@dataclass(frozen=True, eq=False)
class History:
    """The first objective of the n trials that were tried and have ended, by number."""

    metric: str
    direction: Literal["minimize", "maximize"]
    numbers: NDArray[np.int64]
    """(n,) trial numbers."""
    values: NDArray[np.float64]
    """(n,) the first objective; NaN for failures, and where it was not reported."""
    states: list[Literal["done", "stopped", "failed"]]
    feasible: NDArray[np.bool_]
    """(n,) whether the trial keeps all limits on metrics; failures do not."""
    so_far: NDArray[np.float64]
    """(n,) the best value among the feasible ones of the trials up to this number; NaN before the first."""
    best: int | None
    """The number of the best trial."""
    best_value: float
    """Its value; NaN if there is none."""
    limited: bool
    """Whether the study limits metrics at all."""
    log: bool
    """Whether the values call for a log axis."""
    near: tuple[float, float] | None
    """The range worth showing first, where outliers would crush the rest."""
    configs: list[Config]
    reasons: list[str]
    """Why a trial was stopped, or how it failed; "" for those that finished."""
    caveat: str = ""
    """What to know of the best value where noise is large."""
    standings: Sequence[Standing] = ()
    """What the best ones came to on fresh seeds, where they were trained again."""


def history(view: View, only: Container[int] | None = None, best: Best | None = None) -> History:
    """The history of a study; with `only`, of the trials of these numbers."""
    spec = view.spec
    objective = spec.objectives[0]
    trials = [
        trial
        for trial in view.of(State.DONE, State.STOPPED, State.FAILED)
        if trial.config is not None and (only is None or trial.number in only)
    ]
    values = np.array([_value(trial, objective.metric) for trial in trials], float)
    holds = np.array([trial.failure is None and feasible(spec, trial) for trial in trials], bool)
    searched = np.array([trial.twin is None for trial in trials], bool)
    counts = holds & searched & _complete(spec, trials, values)
    so_far = _so_far(values, counts, objective.sign)
    best = best_of(view) if best is None else best
    winner, caveat = (best.trial, "" if best.confirmed else best.caveat) if best else (None, "")
    if winner is not None and only is not None and winner.number not in only:
        leading = [trials[place] for place in np.flatnonzero(counts & (values == so_far[-1:]))]
        winner, caveat = best_trial(spec, leading), ""
    return History(
        metric=objective.metric,
        direction=objective.direction,
        numbers=np.array([trial.number for trial in trials], np.int64),
        values=values,
        states=[_state(trial) for trial in trials],
        feasible=holds,
        so_far=so_far,
        best=winner.number if winner else None,
        best_value=_value(winner, objective.metric) if winner else math.nan,
        limited=bool(spec.limits),
        log=is_wide(values, objective.sign),
        near=near_range(values, objective.sign),
        configs=[trial.config or {} for trial in trials],
        reasons=[why_ended(trial) for trial in trials],
        caveat=caveat,
        standings=standings_of(best) if only is None else (),
    )


def _complete(spec: StudySpec, trials: Sequence[Trial], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n,) which trials have a finite value of every objective; `values` are those of the first."""
    finite: NDArray[np.bool_] = np.isfinite(values)
    for objective in spec.objectives[1:]:
        finite &= np.isfinite([_value(trial, objective.metric) for trial in trials])
    return finite


def _value(trial: Trial, metric: str) -> float:
    return math.nan if trial.state is State.FAILED else trial.values.get(metric, math.nan)


def _state(trial: Trial) -> Literal["done", "stopped", "failed"]:
    if trial.state is State.FAILED:
        return "failed"
    return "stopped" if trial.state is State.STOPPED else "done"


def _so_far(values: NDArray[np.float64], counts: NDArray[np.bool_], sign: float) -> NDArray[np.float64]:
    losses = np.minimum.accumulate(np.where(counts, sign * values, np.inf)) if len(values) else np.empty(0)
    return np.where(np.isfinite(losses), sign * losses, np.nan)
