"""Several objectives at once: the trials, the front among them, and how much of the space they have won over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.best import front_of
from tunesmith.analysis.ranking import choose
from tunesmith.space.params import Config
from tunesmith.surrogates.dominance import hypervolume
from tunesmith.trials.order import dominates, feasible, losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

MOST_OBJECTIVES: Final = 4
"""With more of them, exact hypervolumes take too long."""
_MOST: Final = 2000
_MOMENTS: Final = 120
_MARGIN: Final = 0.1


@final
@dataclass(frozen=True, eq=False)
class Pareto:
    """n trials with a finite value of each of m objectives."""

    metrics: list[str]
    directions: list[Literal["minimize", "maximize"]]
    numbers: NDArray[np.int64]
    """(n,)"""
    values: Floats
    """(n, m)"""
    front: NDArray[np.bool_]
    """(n,) which of them no other one beats in all objectives; these are all there."""
    feasible: NDArray[np.bool_]
    """(n,) which keep the limits on metrics."""
    states: list[Literal["done", "stopped"]]
    configs: list[Config]
    limits: list[str]
    """The limits, as text."""
    total: int
    """How many trials have such values; more than n if some are left out."""
    without: int
    """Trials that have ended without: failed, or a value is missing."""


def pareto(view: View) -> Pareto:
    """The trials by all objectives; of very many the front and an even spread of the others."""
    spec = view.spec
    valued = [trial for trial in view.trials if losses_of(spec, trial) is not None]
    front = {trial.number for trial in front_of(view)}
    ranked = sorted(valued, key=lambda trial: trial.number not in front)
    trials = choose(ranked, max(_MOST, len(front)), len(front))
    return Pareto(
        metrics=[o.metric for o in spec.objectives],
        directions=[o.direction for o in spec.objectives],
        numbers=np.array([trial.number for trial in trials], np.int64),
        values=_values(view, trials),
        front=np.array([trial.number in front for trial in trials], bool),
        feasible=np.array([feasible(spec, trial) for trial in trials], bool),
        states=["done" if trial.state is State.DONE else "stopped" for trial in trials],
        configs=[trial.config or {} for trial in trials],
        limits=[str(limit) for limit in spec.limits],
        total=len(valued),
        without=sum(trial.state.ended and trial.config is not None for trial in view.trials) - len(valued),
    )


@final
@dataclass(frozen=True, eq=False)
class Volume:
    """The hypervolume that trials dominate, as a share of the box between the best and a reference of each objective."""

    metrics: list[str]
    numbers: NDArray[np.int64]
    """(t,) trials after which it was computed: where the front changed, or an even spread of these."""
    shares: Floats
    """(t,) from 0 to 1, ascending."""
    reference: Floats
    """(m,) the reference point, in the objectives' own units."""
    changes: int
    """How often the front changed; more than t if some are left out."""
    last: int
    """The number of the last trial that counts."""


def volume(view: View) -> Volume | None:
    """Hypervolume over trials (Zitzler & Thiele 1998); None without a feasible outcome, or for more than four objectives.

    The reference lies a tenth beyond the worse of the front's worst and the median of each objective, so that it is not
    moved by outliers.
    """
    spec = view.spec
    valued = [(trial, losses_of(spec, trial)) for trial in view.trials if feasible(spec, trial)]
    rows = [(trial.number, losses) for trial, losses in valued if losses is not None]
    if not rows or not 1 < len(spec.objectives) <= MOST_OBJECTIVES:
        return None
    losses = np.array([row for _, row in rows], float)
    fronts = _fronts([row for _, row in rows])
    final_front = losses[fronts[-1][1]]
    ideal = losses.min(axis=0)
    reference = np.maximum(final_front.max(axis=0), np.median(losses, axis=0))
    reference = reference + _MARGIN * np.where(reference > ideal, reference - ideal, np.maximum(1.0, abs(ideal)))
    box = float(np.prod(reference - ideal))
    places = np.unique(np.linspace(0, len(fronts) - 1, min(len(fronts), _MOMENTS)).round().astype(int))
    signs = np.array([o.sign for o in spec.objectives])
    return Volume(
        metrics=[o.metric for o in spec.objectives],
        numbers=np.array([rows[fronts[place][0]][0] for place in places], np.int64),
        shares=np.array([hypervolume(losses[fronts[place][1]], reference) / box for place in places]),
        reference=signs * reference,
        changes=len(fronts),
        last=rows[-1][0],
    )


def _fronts(rows: list[tuple[float, ...]]) -> list[tuple[int, list[int]]]:
    """After which row the front changed, and the rows that it had then."""
    front: list[int] = []
    changes = []
    for place, row in enumerate(rows):
        if any(rows[other] == row or dominates(rows[other], row) for other in front):
            continue
        front = [other for other in front if not dominates(row, rows[other])] + [place]
        changes.append((place, front))
    return changes


def _values(view: View, trials: list[Trial]) -> Floats:
    objectives = view.spec.objectives
    found = [[trial.values[objective.metric] for objective in objectives] for trial in trials]
    return np.array(found, float).reshape(len(trials), len(objectives))
