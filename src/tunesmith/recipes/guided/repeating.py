"""Repeating: the scheduler of a guided search. The defaults are repeated first; then it does what the inner one does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

from tunesmith.recipes.guided.plan import Plan
from tunesmith.schedulers.auto import choose_scheduler
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Scheduler
from tunesmith.trials.spec import Budget
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View

_BY: Final = "baseline/repeat"


@final
class Repeating:
    """The default configuration is repeated on other seeds, to see how large noise is; then it is as `auto` would have it."""

    def __init__(self) -> None:
        self._chosen: tuple[Budget, Scheduler] | None = None

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        return CONTINUE if trial.by == _BY else self._inner(view).decide(view, trial, report)

    def next(self, view: View, slots: int) -> Sequence[Order]:
        if slots and view.trials and view.trials[0].config is not None and Plan(view).now == "baseline":
            why = "the defaults on another seed, to see how large noise is"
            return [New(config=view.trials[0].config, twin=0, by=_BY, why=why)]
        return self._inner(view).next(view, slots)

    def _inner(self, view: View) -> Scheduler:
        """What `auto` chooses for the study's budget."""
        if self._chosen is None or self._chosen[0] != view.spec.budget:
            auto = choose_scheduler(replace(view.spec, scheduler="auto"), parks=True)
            self._chosen = view.spec.budget, auto.scheduler
        return self._chosen[1]
