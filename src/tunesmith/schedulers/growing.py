"""PASHA: promotion that goes no farther than it must (Bohdal et al. 2023, "PASHA: Efficient HPO and NAS")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.schedulers.base import Decision, New, Order
from tunesmith.schedulers.promotion import at_rung, promotions
from tunesmith.schedulers.rungs import Ints, Rungs, check_rungs, standing
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View

_MOST: Final = 30
"""Curves of so many trials tell how much they cross."""


@final
class PASHA:
    """Promotion with a ceiling: at first nobody goes beyond the second rung.

    The ceiling rises by a rung whenever the two rungs below it order their trials differently; orders that differ only
    between trials whose values are no farther apart than curves that cross each other are taken to be the same. For
    trainings of which nobody knows how long they must be. `Finals` then trains the best to their end.
    """

    def __init__(self, *, eta: int = 3, first: int = 1) -> None:
        check_rungs("PASHA", eta, first)
        self.eta = eta
        self.first = first

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        rungs = self._rungs(view)
        return at_rung(view, trial, report, rungs, top=ceiling(view, rungs))

    def next(self, view: View, slots: int) -> Sequence[Order]:
        rungs = self._rungs(view)
        orders: list[Order] = [*promotions(view, rungs, slots, top=ceiling(view, rungs))]
        return [*orders, *(New(budget=rungs.first) for _ in range(slots))][:slots]

    def _rungs(self, view: View) -> Rungs:
        return Rungs(self.first, self.eta, view.full_steps)


def ceiling(view: View, rungs: Rungs) -> int:
    """The highest rung that trials may train to now."""
    low = rungs.first
    while True:
        high = rungs.above(low)
        if high is None:
            return low
        if is_stable(view, low, high):
            return high
        low = high


def is_stable(view: View, low: int, high: int) -> bool:
    """Whether two rungs order the trials that reached both alike, but for values that are hardly apart."""
    lower, higher = standing(view, low), standing(view, high)
    common, at_low, at_high = np.intersect1d(lower.numbers, higher.numbers, return_indices=True)
    if len(common) < 2:
        return True
    placed = higher.badness[at_high][np.argsort(lower.badness[at_low], kind="stable")]
    # Each trial may stand after those that the lower rung puts before it, but for a little.
    with np.errstate(over="ignore"):
        behind = np.maximum.accumulate(placed)[:-1] - placed[1:]
    return bool(np.all(behind <= _tolerance(view, common, high)))


def _tolerance(view: View, numbers: Ints, step: int) -> float:
    """How far apart curves are that cross each other to and fro: nine in ten such pairs are nearer at this step."""
    metric = view.spec.objectives[0].metric
    steps, _ = view.curve(int(numbers[0]), metric)
    steps = steps[steps <= step]
    curves = [_at(view, number, metric, steps) for number in numbers[:_MOST].tolist()]
    values = np.stack(curves)
    i, j = np.triu_indices(len(values), 1)
    ahead = (values[i] > values[j]).astype(int) - (values[i] < values[j])
    to_and_fro = (ahead[:, 1:] * ahead[:, :-1] < 0).sum(axis=1) >= 2
    with np.errstate(over="ignore"):
        apart = np.abs(values[i, -1] - values[j, -1])[to_and_fro]
    apart = apart[np.isfinite(apart)]
    return float(np.quantile(apart, 0.9)) if len(apart) else 0.0


def _at(view: View, number: int, metric: str, steps: Ints) -> NDArray[np.float64]:
    """A trial's values at some steps; NaN where it reported none."""
    known, values = view.curve(number, metric)
    found = np.full(len(steps), np.nan)
    _, where, which = np.intersect1d(steps, known, return_indices=True)
    found[where] = values[which]
    return found
