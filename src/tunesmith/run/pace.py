"""Pace: how far a run has come in each of its budgets, and how long it will take."""

from __future__ import annotations

import time
from typing import NamedTuple, final

from tunesmith.run.budget import active_seconds, total_cost
from tunesmith.run.progress import Tally
from tunesmith.run.words import duration, number
from tunesmith.trials.view import View


class Spent(NamedTuple):
    """One budget; `total` is None where there is no limit."""

    name: str
    amount: float
    total: float | None
    text: str
    """ "12 of 60"."""


@final
class Pace:
    """From the moment that a run begins, with what earlier runs of the study have used."""

    def __init__(self, view: View, tally: Tally) -> None:
        self._tally = tally
        self._began = time.time()
        self._before = active_seconds(view)
        self._ended_before = tally.ended

    def budgets(self, view: View) -> list[Spent]:
        """Trials and time always, cost where it is limited."""
        budget, ended, seconds = view.spec.budget, self._tally.ended, self._seconds
        rows: list[tuple[str, float, float | None, str, str]] = [
            ("trials", ended, budget.trials, str(ended), str(budget.trials)),
            ("time", seconds, budget.time, duration(seconds), duration(budget.time or 0)),
        ]
        if budget.cost is not None:
            cost = total_cost(view)
            rows.append(("cost", cost, budget.cost, number(cost), number(budget.cost)))
        return [
            Spent(name, spent, total, f"{now} of {all_}" if total else now) for name, spent, total, now, all_ in rows
        ]

    def seconds_left(self, view: View) -> float | None:
        """Until the first budget is used up, as far as can be told."""
        budget, done = view.spec.budget, self._tally.ended - self._ended_before
        lefts = [] if budget.time is None else [max(0.0, budget.time - self._seconds)]
        if budget.trials is not None and done >= 3:
            lefts.append((time.time() - self._began) / done * (budget.trials - self._tally.ended))
        return min(lefts, default=None)

    @property
    def _seconds(self) -> float:
        return self._before + time.time() - self._began
