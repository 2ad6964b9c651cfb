"""Trials from best to worst, and the choice of which ones to show where all are too many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.best import Best, best_of
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_FEASIBLE: Final = 0.0
_INFEASIBLE: Final = 1.0
_WAITING: Final = 2.0
_FAILED: Final = 3.0


def ranking(view: View, best: Best | None = None) -> list[Trial]:
    """All trials: feasible ones by the first objective, then infeasible ones, those without an outcome, and failures.

    The first is the study's best trial if it has one, also where others have a better value by luck.
    """
    # By columns: asked of every trial of a large study by every page.
    order = np.lexsort(tuple(reversed(_ranks(view.spec, view.trials))))
    ranked = [view.trials[place] for place in order.tolist()]
    best = best_of(view) if best is None else best
    if best is not None:
        # By number: it may be known from a moment before, and have a new note since.
        numbers = [trial.number for trial in ranked]
        ranked.insert(0, ranked.pop(numbers.index(best.trial.number)))
    return ranked


def _ranks(spec: StudySpec, trials: Sequence[Trial]) -> tuple[NDArray[np.float64], ...]:
    """What decides, the first thing first, (n,) each; among equals the number does."""
    losses = [losses_of(spec, trial) for trial in trials]
    valued = np.array([one is not None for one in losses], bool)
    failed = np.array([trial.state is State.FAILED for trial in trials], bool)
    kept = np.array([feasible(spec, trial) for trial in trials], bool) if spec.limits else valued
    return (
        np.where(valued, np.where(kept, _FEASIBLE, _INFEASIBLE), np.where(failed, _FAILED, _WAITING)),
        np.array([0.0 if one is None else one[0] for one in losses], float),
        np.where(valued, [trial.state is not State.DONE for trial in trials], 0.0),
    )


def choose(ranked: Sequence[Trial], most: int, best: int) -> list[Trial]:
    """At most `most` of the trials, by number: the `best` first ones, and an even spread over the numbers of the others."""
    if len(ranked) <= most:
        return sorted(ranked, key=lambda trial: trial.number)
    best = min(best, most)
    others = sorted(ranked[best:], key=lambda trial: trial.number)
    places = np.linspace(0, len(others) - 1, most - best).round().astype(int)
    return sorted([*ranked[:best], *(others[place] for place in places)], key=lambda trial: trial.number)


def why_ended(trial: Trial) -> str:
    """Why a trial was stopped or paused, or how it failed; empty if it simply finished or goes on."""
    if trial.failure is not None:
        return f"{trial.failure.kind}: {trial.failure.message}" if trial.failure.message else trial.failure.kind
    return trial.reason
