"""Finals: the best trials are trained to their end before the budget is spent."""

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
_QUICK: Final = 0.1


@final
class Finals:
    """What the inner scheduler does; and before the budget ends, the best `count` trials are trained to their end.

    They are the best where trials got farthest. With a budget of trials that is when no new one can be opened and
    nothing more is promoted; of a budget of time or cost as much is kept as they are expected to need. Once that is too
    little for another training, no trial begins any more; those that can still come to their end do so.
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
        openable = min(left.trials, left.configs)
        if openable > 0 and math.isinf(left.seconds) and math.isinf(left.cost):
            return self.inner.next(view, slots)
        waiting = self._waiting(view)
        late = _is_time(view, waiting, slots)
        if openable > 0 and not late and _may_end(view):
            return self.inner.next(view, slots)
        promoted: list[Resume] = []
        if openable <= 0 or not late:
            promoted = [order for order in self.inner.next(view, slots) if isinstance(order, Resume)]
        chosen = {order.trial for order in promoted}
        finals = [Resume(trial.number) for trial in waiting if trial.number not in chosen and _can_end(view, trial)]
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
    seconds = [_need(view, trial, _spent) for trial in waiting]
    costs = [_need(view, trial, cost_of) for trial in waiting]
    if left.seconds < min(seconds) or left.cost < min(costs):
        return False  # not even one would come to its end
    rounds = math.ceil(len(waiting) / max(1, slots + len(view.of(State.RUNNING))))
    return left.seconds <= _MARGIN * rounds * max(seconds) or left.cost <= _MARGIN * sum(costs)


def _may_end(view: View) -> bool:
    """Whether a new trial may come to its end within what is left: as long as it does if it is as quick as the quickest tenth."""
    done, left = view.of(State.DONE), view.remaining
    if not done:
        return True
    return all(
        amount >= np.quantile([of(trial) for trial in done], _QUICK)
        for amount, of in ((left.seconds, _spent), (left.cost, cost_of))
    )


def _can_end(view: View, trial: Trial) -> bool:
    left = view.remaining
    return left.seconds >= _need(view, trial, _spent) and left.cost >= _need(view, trial, cost_of)


def _need(view: View, trial: Trial, of: Callable[[Trial], float]) -> float:
    """What a paused trial takes to come to its end: as much per step as so far, within what full trainings have taken."""
    step = trial.last.step if trial.last else 0
    share = min(1.0, step / view.full_steps) if view.full_steps else 0.0
    if not share:
        return 0.0
    full = of(trial) / share
    done = [of(other) for other in view.of(State.DONE)]
    # The first steps may be slow, as long as libraries and data are loaded.
    return (1 - share) * (min(max(full, min(done)), max(done)) if done else full)


def _spent(trial: Trial) -> float:
    return trial.spent
