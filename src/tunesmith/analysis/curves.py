"""Learning curves: how each trial's metric went from step to step, and where and why it was stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import is_wide, near_range
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.panels.chronicle import Chronicle, chronicle_of
from tunesmith.analysis.ranking import choose, ranking, why_ended
from tunesmith.space.params import Config
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_KEPT: Final = 20
"""How many of the best trials are always shown."""
_POINTS: Final = 60_000
"""How many points all lines together may have; more make a page slow."""
_LEAST_POINTS: Final = 100
_MOST_RUNGS: Final = 10


@final
@dataclass(frozen=True, eq=False)
class Line:
    """The learning curve of one trial."""

    number: int
    steps: NDArray[np.int64]
    """(s,) in ascending order."""
    values: NDArray[np.float64]
    """(s,) may hold NaN and infinities, as they were reported."""
    state: Literal["open", "ready", "running", "paused", "done", "stopped", "failed"]
    best: bool
    """Whether this is the study's best trial."""
    reason: str
    """Why it was stopped or paused, or how it failed."""
    config: Config

    @property
    def end(self) -> tuple[int, float]:
        """The last step, and the last finite value (NaN if there is none), where a mark of the stop belongs."""
        finite = self.values[np.isfinite(self.values)]
        return int(self.steps[-1]), float(finite[-1]) if len(finite) else float("nan")


class Decided(NamedTuple):
    """A mark on a learning curve: what was decided there, and why."""

    number: int
    step: int
    value: float
    kind: Literal["pause", "promote", "fork"]
    reason: str


@final
@dataclass(frozen=True, eq=False)
class Curves:
    """The learning curves of a study."""

    metric: str
    direction: Literal["minimize", "maximize"] | None
    """None for a metric that is no objective."""
    lines: list[Line]
    """By trial number; trials that never reported the metric have none."""
    total: int
    """How many trials reported the metric; more than there are lines if some are left out."""
    stopped: int
    """How many of the `total` were stopped before their end."""
    paused: int
    """How many of them are paused."""
    best: int | None
    """The number of the study's best trial, if it has a line."""
    points: int | None
    """How many points the longer lines were thinned to, least and greatest values kept; None if all are there."""
    log: bool
    near: tuple[float, float] | None
    decided: list[Decided]
    """Pauses, promotions and forks of the trials that have a line; stops and failures are ends of lines."""
    rungs: list[int]
    """The steps at which trials are paused and promoted, or, where none are, stopped; empty if these are no few steps."""


def curves(
    view: View,
    metric: str | None = None,
    most: int = 200,
    only: Container[int] | None = None,
    best: Best | None = None,
    told: Chronicle | None = None,
) -> Curves:
    """Learning curves of `metric` (the first objective), at most `most` of them: the best 20 and an even spread.

    With `only`, of the trials of these numbers. `told` is the chronicle of the study's log; without it, only the last pause
    of a trial is known.
    """
    metric = view.spec.objectives[0].metric if metric is None else metric
    direction = next((o.direction for o in view.spec.objectives if o.metric == metric), None)
    lengths = {trial.number: len(view.curve(trial.number, metric)[0]) for trial in view.trials}
    reported = [
        trial for trial in ranking(view, best) if lengths[trial.number] and (only is None or trial.number in only)
    ]
    trials = choose(reported, most, _KEPT)
    points = max(_LEAST_POINTS, _POINTS // max(1, len(trials)))
    best = best_of(view) if best is None else best
    told = chronicle_of(view) if told is None else told
    lines = [_line(view, trial, metric, points, best=best is not None and trial is best.trial) for trial in trials]
    values = np.concatenate([line.values for line in lines]) if lines else np.empty(0)
    sign = -1.0 if direction == "maximize" else 1.0
    return Curves(
        metric=metric,
        direction=direction,
        lines=lines,
        total=len(reported),
        stopped=sum(trial.state is State.STOPPED for trial in reported),
        paused=sum(trial.state is State.PAUSED for trial in reported),
        best=next((line.number for line in lines if line.best), None),
        points=points if any(lengths[trial.number] > points for trial in trials) else None,
        log=is_wide(values, sign),
        near=near_range(values, sign) if direction else None,
        decided=_decided(view, told, metric, {line.number for line in lines}),
        rungs=_rungs(told, reported),
    )


def _decided(view: View, told: Chronicle, metric: str, shown: Container[int]) -> list[Decided]:
    found = []
    for mark in told.marks:
        if mark.trial in shown:
            steps, values = view.curve(mark.trial, metric)
            place = min(int(np.searchsorted(steps, mark.step)), len(steps) - 1)
            found.append(Decided(mark.trial, int(steps[place]), float(values[place]), mark.kind, mark.reason))
    return found


def _rungs(told: Chronicle, trials: Sequence[Trial]) -> list[int]:
    """Where trials are paused; or, where none are, where many of them were stopped."""
    steps = Counter(mark.step for mark in told.marks if mark.kind == "pause" and mark.step)
    steps = steps or Counter(t.last.step for t in trials if t.state is State.STOPPED and t.last)
    few = 0 < len(steps) <= _MOST_RUNGS and steps.total() >= 3 * len(steps)
    return sorted(steps) if few else []


def _line(view: View, trial: Trial, metric: str, points: int, *, best: bool) -> Line:
    steps, values = thinned(*view.curve(trial.number, metric), points)
    return Line(trial.number, steps, values, trial.state.value, best, why_ended(trial), trial.config or {})


def thinned(
    steps: NDArray[np.int64], values: NDArray[np.float64], most: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """At most `most` (an even number, 4 or more) of the s points: the ends, and each stretch's least and greatest."""
    if len(steps) <= most:
        return steps, values
    keep = {0, len(steps) - 1}
    for part in np.array_split(np.arange(1, len(steps) - 1), most // 2 - 1):
        finite = part[np.isfinite(values[part])]
        if len(finite):
            keep |= {int(finite[values[finite].argmin()]), int(finite[values[finite].argmax()])}
        else:
            keep.add(int(part[0]))  # a stretch of NaN stays a gap
    places = sorted(keep)
    return steps[places], values[places]
