"""How much of a study's budgets is used up. Pure."""

from __future__ import annotations

from tunesmith.trials.spec import Budget
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View, cost_of


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


def spent_budget(view: View, seconds: float, capacity: int | None) -> str | None:
    """Why no further trial may be opened, in a few words; None while every budget has something left.

    `seconds` is the study's active time until now, `capacity` the number of configurations of a finite space.
    """
    budget: Budget = view.spec.budget
    opened = len(view.trials)
    if budget.trials is not None and opened >= budget.trials:
        return f"all {budget.trials} trials are done"
    if budget.time is not None and seconds >= budget.time:
        return f"the time of {budget.time:g} s is used up"
    if budget.cost is not None and total_cost(view) >= budget.cost:
        return f"the cost budget of {budget.cost:g} is used up"
    if capacity is not None:
        tried = sum(
            trial.state is not State.OPEN and trial.config is not None and trial.twin is None for trial in view.trials
        )
        if max(tried, opened) >= capacity:
            return f"all {capacity} configurations of the space have been tried"
    return None
