"""Findings about early stopping: trials that were stopped although they might have won."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata, spearmanr, t as student

from tunesmith.analysis.health.finding import Finding
from tunesmith.trials.order import losses_of
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_FINISHED: Final = 8
_STOPPED: Final = 5
_WINNERS: Final = 1.0
_CHANCE: Final = 0.03
"""So many winners among the stopped trials, and this chance of each to be one, are too many."""
_AGREES: Final = 0.8


class _Curve(NamedTuple):
    number: int
    steps: NDArray[np.int64]
    losses: Floats
    end: float
    """The loss that counts."""

    def at(self, step: int) -> float:
        """The loss at a step, NaN if none was reported there."""
        place = int(np.searchsorted(self.steps, step))
        return float(self.losses[place]) if place < len(self.steps) and self.steps[place] == step else float("nan")


def stopped_too_early(view: View) -> Finding | None:
    """Trials were stopped that might have won, by what finished trials were like at the same step."""
    finished, stopped = _curves(view, State.DONE), _curves(view, State.STOPPED)
    if len(finished) < _FINISHED or len(stopped) < _STOPPED:
        return None
    chances = _chances(finished, stopped)
    if len(chances) < _STOPPED:
        return None
    winners = sum(chances.values())
    if winners < _WINNERS or winners < _CHANCE * len(chances):
        return None
    likeliest = sorted(chances, key=lambda number: -chances[number])
    metric = view.spec.objectives[0].metric
    step = _agreeing_step(finished)
    return Finding(
        "stopped-too-early",
        "warning",
        f"By the curves of {len(finished)} finished trials, about {round(winners)} of {len(chances):,} stopped ones would "
        f"have ended better than the best: where {metric} stood when they were stopped says too little about its end.",
        'Let trials train to their end (scheduler="none"): early values say little about late ones here.'
        if step is None
        else f"Let trials train longer before the first is stopped, as scheduler=ts.Median(warmup={step}) does: from step "
        f"{step} on, trials are in about the order of their ends.",
        tuple(likeliest[: max(1, round(winners))]),
        {"would_have_won": winners, "stopped": len(chances), "finished": len(finished), "step": step},
    )


def _chances(finished: list[_Curve], stopped: list[_Curve]) -> dict[int, float]:
    """The chance of each stopped trial to have ended better than all finished ones, where enough of these tell.

    At the step of the stop, each trial has a rank among all that got so far. How the ends of finished trials depend on
    that rank is a straight line with noise; it predicts the others (Student's distribution of a new observation).
    """
    ends = _scores(np.array([curve.end for curve in finished]))
    chances: dict[int, float] = {}
    for step in {int(curve.steps[-1]) for curve in stopped}:
        then = np.array([curve.at(step) for curve in finished])
        known = np.isfinite(then)
        waiting = [curve for curve in stopped if np.isfinite(curve.at(step))]
        if known.sum() < _FINISHED:
            continue
        scores = _scores(np.concatenate([then[known], [curve.at(step) for curve in waiting]]))
        here = [place for place, curve in enumerate(waiting, int(known.sum())) if curve.steps[-1] == step]
        below = _below(scores[: known.sum()], ends[known], scores[here], float(ends.min()))
        chances |= {waiting[place - int(known.sum())].number: float(p) for place, p in zip(here, below, strict=True)}
    return chances


def _scores(values: Floats) -> Floats:
    """Normal scores: ranks as quantiles of a normal distribution."""
    scores: Floats = ndtri((rankdata(values) - 0.5) / len(values))
    return scores


def _below(x: Floats, y: Floats, at: Floats, bound: float) -> Floats:
    """The chance that a new observation at each place is below a bound, by linear regression of y on x."""
    n, centred = len(x), x - x.mean()
    squares = float(centred @ centred)
    slope = float(centred @ y) / squares if squares > 0 else 0.0
    rest = y - y.mean() - slope * centred
    deviation = np.sqrt(float(rest @ rest) / (n - 2))
    reach = (at - x.mean()) ** 2 / squares if squares > 0 else np.zeros(len(at))
    expected = y.mean() + slope * (at - x.mean())
    chance: Floats = student.cdf((bound - expected) / np.maximum(deviation * np.sqrt(1 + 1 / n + reach), 1e-12), n - 2)
    return chance


def _curves(view: View, state: State) -> list[_Curve]:
    objective = view.spec.objectives[0]
    found = []
    for trial in view.of(state):
        losses = losses_of(view.spec, trial)
        steps, values = view.curve(trial.number, objective.metric)
        if losses is not None and len(steps):
            found.append(_Curve(trial.number, steps, objective.sign * values, losses[0]))
    return found


def _agreeing_step(finished: list[_Curve]) -> int | None:
    """The first step from which on the order of finished trials is about that of their ends; None if only the last does."""
    ends = np.array([curve.end for curve in finished])
    steps = np.unique(np.concatenate([curve.steps for curve in finished]))[:-1]
    agreeing = None
    for step in steps[::-1].tolist():
        then = np.array([curve.at(step) for curve in finished])
        known = np.isfinite(then)
        if known.sum() < _FINISHED or np.ptp(then[known]) == 0 or np.ptp(ends[known]) == 0:
            continue
        if not float(spearmanr(then[known], ends[known])[0]) >= _AGREES:
            break
        agreeing = int(step)
    return agreeing
