"""Finals: the winner is one that has been trained to its end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import Decision, Order, Resume, Scheduler
from tunesmith.schedulers.rungs import standing
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View, cost_of

_MARGIN: Final = 1.2
"""So many times the time that the finals are expected to take is kept for them."""


@final
class Finals:
    """What the inner scheduler does; and before the budget ends, the best `count` trials are trained to their end.

    They are the best where trials got farthest. With a budget of trials that is when no new one can be opened and
    nothing more is promoted; of a budget of time or cost as much is kept as they are expected to need.
    """

    def __init__(self, inner: Scheduler, *, count: int = 3) -> None:
        if count < 1:
            raise InvalidStudy(f"Finals(count={count}): give the number of trials to train to their end, 1 or more.")
        self.inner = inner
        self.count = count

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        return self.inner.decide(view, trial, report)

    def next(self, view: View, slots: int) -> Sequence[Order]:
        left = view.remaining
        if left.trials > 0 and math.isinf(left.seconds) and math.isinf(left.cost):
            return self.inner.next(view, slots)
        waiting = self._waiting(view)
        if left.trials > 0 and not _is_time(view, waiting, slots):
            return self.inner.next(view, slots)
        promoted: list[Resume] = []
        if left.trials <= 0:
            promoted = [order for order in self.inner.next(view, slots) if isinstance(order, Resume)]
        chosen = {order.trial for order in promoted}
        finals = [Resume(trial.number) for trial in waiting if trial.number not in chosen]
        return [*promoted, *finals][:slots]

    def _waiting(self, view: View) -> list[Trial]:
        """The finalists that are paused."""
        return [trial for trial in self._finalists(view) if trial.state is State.PAUSED]

    def _finalists(self, view: View) -> list[Trial]:
        """The best of those that got as far as any paused trial, or less far if they are too few."""
        paused = {trial.last.step for trial in view.of(State.PAUSED) if trial.last is not None}
        for step in sorted(paused, reverse=True):
            found = standing(view, step)
            if len(found) >= self.count or step == min(paused):
                return [view.trials[number] for number in found.best(self.count)]
        return []


def _is_time(view: View, waiting: Sequence[Trial], slots: int) -> bool:
    """Whether what is left of time or cost is just enough for the finals."""
    if not waiting:
        return False
    left = view.remaining
    shares = [1 - _share(view, trial) for trial in waiting]
    places = slots + len(view.of(State.RUNNING))
    one, cost = max(shares) * _full(view, lambda trial: trial.spent), sum(shares) * _full(view, cost_of)
    if left.seconds < one or left.cost < cost / len(shares):
        return False  # not even one would come to its end
    return left.seconds <= _MARGIN * math.ceil(len(shares) / places) * one or left.cost <= _MARGIN * cost


def _share(view: View, trial: Trial) -> float:
    """The part of a full training that a trial has behind it."""
    step = trial.last.step if trial.last else 0
    return min(1.0, step / view.full_steps) if view.full_steps else 0.0


def _full(view: View, amount: Callable[[Trial], float]) -> float:
    """What a full training takes: as finished ones did, else as paused ones would."""
    finished = [amount(trial) for trial in view.of(State.DONE)]
    begun = [amount(trial) / share for trial in view.of(State.PAUSED) if (share := _share(view, trial))]
    known = finished or begun
    return float(np.median(known)) if known else 0.0
