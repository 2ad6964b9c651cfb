"""How much of a study's budget is used, and what trials used of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tunesmith.run.budget import active_seconds
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View, cost_of

_SMALLEST: Final = 1e-12


def shares(view: View) -> Callable[[Sequence[Trial]], float]:
    """A function that tells which share some trials used of the budget that is for the search; 0 for a study without one.

    Repeats are paid for by the part that is for the confirmation.
    Of several budgets it is the one that will end first. The seconds and the cost of a trial that runs are not all known yet.
    """
    budget, search = view.spec.budget, 1.0 - view.spec.confirm
    trials = [trial for trial in view.trials if trial.twin is None]
    part = len(trials) / max(len(view.trials), 1)
    amounts: list[tuple[float, Callable[[Trial], float]]] = [(0.0, _one)]
    if budget.trials is not None:
        amounts.append((len(trials) / budget.trials, _one))
    if budget.time is not None:
        amounts.append((part * active_seconds(view) / budget.time, _seconds))
    if budget.cost is not None:
        amounts.append((sum(map(cost_of, trials)) / budget.cost, cost_of))
    used, amount = max(amounts, key=lambda pair: pair[0])
    total = sum(map(amount, trials))
    scale = used / search / max(total, _SMALLEST)
    return lambda some: scale * sum(amount(trial) for trial in some if trial.twin is None)


def _one(trial: Trial) -> float:  # noqa: ARG001  all count alike
    return 1.0


def _seconds(trial: Trial) -> float:
    return trial.spent
