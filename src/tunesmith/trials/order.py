"""Which trial is better: feasible before infeasible, then by the objectives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tunesmith.trials.trial import State, Trial

if TYPE_CHECKING:
    from tunesmith.trials.spec import MetricLimit, StudySpec


def losses_of(spec: StudySpec, trial: Trial) -> tuple[float, ...] | None:
    """The trial's objectives, signed so that smaller is better; None if it has no complete finite outcome."""
    if trial.state not in (State.DONE, State.STOPPED):
        return None
    values, losses = trial.values, []
    # Asked of every trial of a large study by every face: a loop takes half the time of two generators.
    for objective in spec.objectives:
        loss = objective.sign * values.get(objective.metric, math.nan)
        if not math.isfinite(loss):
            return None
        losses.append(loss)
    return tuple(losses)


def feasible(spec: StudySpec, trial: Trial) -> bool:
    """Whether a trial's outcome keeps all limits on metrics."""
    return not broken_limits(spec, trial)


def broken_limits(spec: StudySpec, trial: Trial) -> list[MetricLimit]:
    """The limits on metrics that a trial's outcome does not keep."""
    return [limit for limit in spec.limits if not limit.holds(trial.values)]


def best_trial(spec: StudySpec, trials: Sequence[Trial]) -> Trial | None:
    """The feasible trial with the least first objective; finished trials go before stopped ones at the same value.

    What was stopped on its way counts at its last report: of the best ones of a study whose time ended too early for any good
    one to finish, more is known than of what finished by chance. Paused trials do not count, since they may go on. Repeats
    are never the best: they tell what the trial is worth that they repeat.
    """
    ranked = [
        (losses[0], trial.state is not State.DONE, trial.number, trial) for losses, trial in _valued(spec, trials)
    ]
    return min(ranked, key=lambda entry: entry[:3])[3] if ranked else None


def _valued(spec: StudySpec, trials: Sequence[Trial]) -> list[tuple[tuple[float, ...], Trial]]:
    """Trials that can be the best, with their losses."""
    return [
        (losses, trial)
        for trial in trials
        if trial.twin is None and (losses := losses_of(spec, trial)) is not None and feasible(spec, trial)
    ]


def front(spec: StudySpec, trials: Sequence[Trial]) -> list[Trial]:
    """Feasible trials that no other one dominates, by number: the Pareto front, or the best with one objective."""
    if len(spec.objectives) == 1:
        best = best_trial(spec, trials)
        return [best] if best else []
    kept: list[tuple[tuple[float, ...], Trial]] = []
    # In lexicographic order nothing later can dominate what is kept already.
    for losses, trial in sorted(_valued(spec, trials), key=lambda pair: (pair[0], pair[1].number)):
        if not any(dominates(other, losses) for other, _ in kept):
            kept.append((losses, trial))
    return sorted((trial for _, trial in kept), key=lambda trial: trial.number)


def dominates(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether `a` is at least as good everywhere and better somewhere (smaller is better)."""
    return all(x <= y for x, y in zip(a, b, strict=True)) and any(x < y for x, y in zip(a, b, strict=True))
