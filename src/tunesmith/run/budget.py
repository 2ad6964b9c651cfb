"""How much of a study's budgets is used up. Pure."""

from __future__ import annotations

import math
import statistics

from tunesmith.trials.spec import Budget
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import Remaining, View, cost_of


def active_seconds(view: View) -> float:
    """Seconds during which at least one trial ran, as far as the facts tell: the length of the union of their times."""
    total, until = 0.0, -1.0
    for begin, end in sorted(_interval(trial) for trial in view.trials if trial.started is not None):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _interval(trial: Trial) -> tuple[float, float]:
    end = trial.ended if trial.ended is not None else trial.last.at if trial.last is not None else trial.started
    begin = trial.started or 0.0
    # A trial that was tried several times has begun earlier than its last attempt.
    return begin - max(0.0, trial.spent - ((end or begin) - begin)), end or begin


def total_cost(view: View) -> float:
    """What all trials have cost so far."""
    return sum(cost_of(trial) for trial in view.trials)


def remaining(view: View, seconds: float, capacity: int | None) -> Remaining:
    """What is left of all budgets; arguments as for `spent_budget`."""
    budget: Budget = view.spec.budget
    return Remaining(
        math.inf if budget.trials is None else budget.trials - len(view.trials),
        math.inf if budget.time is None else budget.time - seconds,
        math.inf if budget.cost is None else budget.cost - total_cost(view),
        math.inf if capacity is None else capacity - sum(trial.twin is None for trial in view.trials),
    )


def spent_budget(view: View, seconds: float, capacity: int | None) -> str | None:
    """Why no further trial may be opened, in a few words; None while every budget has something left.

    `seconds` is the study's active time until now, `capacity` the number of configurations of a finite space.
    """
    budget: Budget = view.spec.budget
    left = remaining(view, seconds, capacity)
    if budget.trials is not None and len(view.trials) >= budget.trials:
        resting = len(view.of(State.PAUSED))
        if resting:
            return f"all {budget.trials} trials have had their turn; {resting} stay paused, as others did better"
        return f"all {budget.trials} trials are done"
    if left.seconds <= 0:
        return f"the time of {budget.time:g} s is used up"
    if left.cost <= 0:
        return f"the cost budget of {budget.cost:g} is used up"
    if left.configs <= 0:
        return f"all {capacity} configurations of the space have been tried"
    return None


def left_over(view: View, left: Remaining) -> str | None:
    """Why what is left of a budget is not spent, in a few words; None if it would do for another training."""
    budget, done = view.spec.budget, view.of(State.DONE)
    if done and left.seconds < statistics.median(trial.spent for trial in done):
        return f"what is left of the time of {budget.time:g} s is too little for another training"
    if done and left.cost < statistics.median(cost_of(trial) for trial in done):
        return f"what is left of the cost budget of {budget.cost:g} is too little for another training"
    return None
