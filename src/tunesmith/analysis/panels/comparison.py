"""Studies side by side: the best value so far of each, over trials and over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import is_wide, near_range
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, eq=False)
class Course:
    """How the best value of one study went: i improvements, and the present as the last point."""

    study: str
    trials: Floats
    """(i + 1,) how many trials had ended; 1 for the first."""
    trial_values: Floats
    """(i + 1,) the best value after so many trials, by their numbers; NaN without any."""
    seconds: Floats
    """(j + 1,) seconds since the study's first trial began."""
    time_values: Floats
    """(j + 1,) the best value at that time."""
    ended: int
    best: int | None
    """The trial with the best value."""
    value: float


@final
@dataclass(frozen=True, eq=False)
class Comparison:
    """Several studies by the first objective of the first of them."""

    metric: str
    direction: Literal["minimize", "maximize"]
    courses: list[Course]
    others: list[str]
    """Studies with another objective, which cannot be compared."""
    log: bool
    near: tuple[float, float] | None


def comparison(views: Sequence[View]) -> Comparison:
    """Best-so-far of one or more studies; those without the first one's metric, or with another direction, are left out."""
    first = views[0].spec.objectives[0]
    fits = [first in view.spec.objectives for view in views]
    courses = [_course(view, first.metric) for view, fit in zip(views, fits, strict=True) if fit]
    values = np.concatenate([course.trial_values for course in courses])
    return Comparison(
        metric=first.metric,
        direction=first.direction,
        courses=courses,
        others=[view.spec.name for view, fit in zip(views, fits, strict=True) if not fit],
        log=is_wide(values, first.sign),
        near=near_range(values, first.sign),
    )


def _course(view: View, metric: str) -> Course:
    spec = view.spec
    sign = next(o.sign for o in spec.objectives if o.metric == metric)
    ended = [trial for trial in view.trials if trial.state.ended and trial.config is not None]
    losses = np.array([_loss(view, trial, metric, sign) for trial in ended], float)
    began = min((trial.started for trial in ended if trial.started is not None), default=math.nan)
    times = np.array([(trial.ended or math.nan) - began for trial in ended], float)
    order = np.argsort(times, kind="stable")
    trials, trial_values = _improvements(np.arange(1.0, len(ended) + 1), losses, sign)
    seconds, time_values = _improvements(times[order], losses[order], sign)
    least = int(losses.argmin()) if np.isfinite(losses).any() else None
    return Course(
        study=spec.name,
        trials=trials,
        trial_values=trial_values,
        seconds=seconds,
        time_values=time_values,
        ended=len(ended),
        best=None if least is None else ended[least].number,
        value=math.nan if least is None else float(sign * losses[least]),
    )


def _loss(view: View, trial: Trial, metric: str, sign: float) -> float:
    valued = losses_of(view.spec, trial) is not None and feasible(view.spec, trial)
    return sign * trial.values[metric] if valued else math.inf


def _improvements(at: Floats, losses: Floats, sign: float) -> tuple[Floats, Floats]:
    """Where the least loss changed, and the last place; the values there."""
    if not np.isfinite(losses).any():
        return at[-1:], np.full(len(at[-1:]), np.nan)
    so_far = np.minimum.accumulate(losses)
    places = np.flatnonzero(so_far < np.append(np.inf, so_far[:-1]))
    places = np.append(places, len(at) - 1)
    return at[places], sign * so_far[places]
