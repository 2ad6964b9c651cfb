"""Hyperband (Li et al. 2018, JMLR 18:185), asynchronously: several brackets of promotion, each with its own first rung."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.schedulers.base import CONTINUE, Decision, New, Order
from tunesmith.schedulers.promotion import allowance, at_rung, first_rung, promotions
from tunesmith.schedulers.rungs import Ints, Rungs, check_rungs
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View

_SHARE: Final = 81


@final
class Hyperband:
    """Hedges against early values that mislead: some trials are compared from step `first` on, others only later.

    Trials are dealt out to brackets as in the paper: the bracket that begins at first * eta^s gets its share of trials so
    that all brackets train about as many steps. Trials are compared within their bracket only. `first` is by default an
    81st of a full training; while its length is unknown there is one bracket.
    """

    def __init__(self, *, eta: int = 3, first: int | None = None) -> None:
        check_rungs("Hyperband", eta, first)
        self.eta = eta
        self.first = first

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        if trial.budget is None:
            return CONTINUE
        dealt = _dealt(self._brackets(view), self.eta)
        bracket = dealt[trial.number % len(dealt)]
        return at_rung(view, trial, report, self._rungs(view, bracket), lambda numbers: _in(dealt, numbers, bracket))

    def next(self, view: View, slots: int) -> Sequence[Order]:
        dealt = _dealt(self._brackets(view), self.eta)
        orders: list[Order] = []
        for bracket in range(max(dealt), -1, -1):
            rungs = self._rungs(view, bracket)
            orders += promotions(view, rungs, slots, lambda numbers, b=bracket: _in(dealt, numbers, b))  # type: ignore[misc]  # bound now
        for number in range(view.next, view.next + slots):
            first = self._rungs(view, dealt[number % len(dealt)]).first
            orders.append(New(budget=allowance(number, first)))
        return orders[:slots]

    def _brackets(self, view: View) -> int:
        """How many brackets there are: one for each rung before the end of a training."""
        rungs, count = self._rungs(view, 0), 1
        while view.full_steps is not None and rungs.first * self.eta**count < view.full_steps:
            count += 1
        return count

    def _rungs(self, view: View, bracket: int) -> Rungs:
        first = self.first or first_rung(view, _SHARE)
        return Rungs(first * self.eta**bracket, self.eta, view.full_steps)


@cache
def _dealt(brackets: int, eta: int) -> tuple[int, ...]:
    """The bracket of each trial of one round: the longest-lived lottery first, as in algorithm 1 of the paper."""
    counts = [-(-brackets * eta**rungs // (rungs + 1)) for rungs in range(brackets - 1, -1, -1)]
    return tuple(bracket for bracket, count in enumerate(counts) for _ in range(count))


def _in(dealt: tuple[int, ...], numbers: Ints, bracket: int) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.array(dealt)[numbers % len(dealt)] == bracket
    return found
