"""Asynchronous successive halving that pauses and promotes (Li et al. 2020, algorithm 2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Pause, Resume
from tunesmith.schedulers.rungs import Rungs, Some, check_rungs, first_at, standing
from tunesmith.schedulers.trust import audits, trusted
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import STATES, View

_PAUSED: Final = STATES.index(State.PAUSED)


@final
class Promotion:
    """Trials pause at steps first, first * eta, first * eta^2, ...; the best 1/eta of those at a rung go on to the next.

    A trial that is among them when it arrives goes on at once; of equal ones the first counts as the best, since else all would
    go on where a metric stands still at chance level. A free place first takes the trial that can be promoted
    from the highest rung, else a new one. Paused trials go on where they stopped, if the executor could keep them or
    they saved a checkpoint.

    `first` is the step of the first rung, by default one `share`-th of a full training. The study's first trial goes on to its
    end, and so does now and then one from the middle of the first rung; as trials finish, the first rung rises, faster if
    it does not order them as their ends do (`trust.py`). `among` says which trials of a View are compared at rungs; all of them,
    unless it is given.
    """

    def __init__(
        self,
        *,
        eta: int = 3,
        first: int | None = None,
        share: int = 81,
        among: Callable[[View], Some] | None = None,
    ) -> None:
        check_rungs("Promotion", eta, first)
        if share < 1:
            raise InvalidStudy(
                f"Promotion(share={share}): give the part of a full training as a whole number, such as 81."
            )
        self.eta = eta
        self.first = first
        self.share = share
        self.among = among

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        return at_rung(view, trial, report, self._rungs(view), self._some(view))

    def next(self, view: View, slots: int) -> Sequence[Order]:
        rungs = self._rungs(view)
        first, some = trusted(view, rungs), self._some(view)
        audited = [Resume(number) for number in audits(view, first, some)]
        chosen = {order.trial for order in audited}
        promoted = [order for order in promotions(view, rungs, slots, some) if order.trial not in chosen]
        new: list[Order] = [New(budget=allowance(view.next + i, first)) for i in range(slots)]
        return [*audited, *promoted, *new][:slots]

    def _some(self, view: View) -> Some | None:
        return None if self.among is None else self.among(view)

    def _rungs(self, view: View) -> Rungs:
        return Rungs(self.first or first_rung(view, self.share), self.eta, view.full_steps)


def first_rung(view: View, share: int) -> int:
    """Step of the first rung: a part of a full training, in whole reports of the study's first trial."""
    steps, _ = view.curve(0, view.spec.objectives[0].metric)
    unit = max(1, int(steps[0])) if len(steps) else 1
    return unit * max(1, round((view.full_steps or 0) / share / unit))


def allowance(number: int, first: int) -> int | None:
    """Up to which step a new trial may train: the first one to its end, to show how long that is and what it comes to."""
    return None if number == 0 else first


def at_rung(
    view: View, trial: Trial, report: Report, rungs: Rungs, some: Some | None = None, top: int | None = None
) -> Decision:
    """Pause a trial that has come to a rung, unless it is among those that go on; `some` are compared, none leaves `top`."""
    rung = rungs.reached(report.step)
    if rung is None or trial.budget is None or rung < trial.budget or (rungs.full is not None and rung >= rungs.full):
        return CONTINUE
    if not first_at(view, trial.number, rung, report.step):
        return CONTINUE
    found = standing(view, report.step, some)
    place, keep = found.place(trial.number), len(found) // rungs.eta
    held = top is not None and rung >= top
    # Without a value of every objective it waits for one.
    if place is None or (place <= keep and not held):
        return CONTINUE
    values = ", ".join(f"{o.metric} {report.metrics[o.metric]:.4g}" for o in view.spec.objectives)
    goes_on = "nobody goes beyond this step yet" if held else f"the best {keep} go on"
    return Pause(f"{values} at step {report.step} is number {place} of {len(found)}; {goes_on}")


def promotions(view: View, rungs: Rungs, slots: int, some: Some | None = None, top: int | None = None) -> list[Resume]:
    """Paused trials that are among the best of their rung, those of the highest rung first."""
    orders: list[Resume] = []
    columns = view.columns
    waits = columns.step[columns.state == _PAUSED]
    for rung in rungs.below(int(waits.max(initial=0))):
        if len(orders) >= slots:
            break
        if top is not None and rung >= top:
            continue
        # They wait at the rung itself, unless reports come at other steps.
        for step in np.unique(waits[(waits >= rung) & (waits < rung * rungs.eta)]).tolist():
            found = standing(view, step, some)
            best = np.array(found.best(len(found) // rungs.eta), np.int64)
            waiting = best[(columns.state[best] == _PAUSED) & (columns.step[best] == step)]
            orders += [Resume(number, rungs.above(rung)) for number in waiting.tolist()]
    return orders[:slots]
