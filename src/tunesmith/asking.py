"""Ask and tell: trials are given out one by one, to be trained wherever their owner pleases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, final

from tunesmith.errors import Conflict, InvalidStudy, NothingToDo, SpaceExhausted
from tunesmith.reading import Reading
from tunesmith.run.ahead import made_for
from tunesmith.run.context import checked_metrics, metrics_from
from tunesmith.run.outcome import finished, stopped
from tunesmith.run.proposing import asked_fact, config_key, trial_rng, trial_seed
from tunesmith.run.worker_id import is_dead
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.schedulers.base import Decision, New, Order, Pause, Resume, Scheduler, Stop
from tunesmith.trials.facts import Failed, Lost, Opened, Paused, Reported, Resumed, Started, Stopped
from tunesmith.trials.trial import FailureKind, State, Trial
from tunesmith.trials.view import FAILURES, View


@final
class Desk:
    """Gives out the trials of one study, and takes down what becomes of them. `Study` says what its methods mean."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def ask(self, sampler: Sampler, scheduler: Scheduler) -> Trial:
        while True:
            view = self._reading.view()
            try:
                waiting = self._waiting(view)
                if waiting is not None and waiting.state is State.READY:
                    return self._reading.append(waiting.number, self._started(waiting), expect=waiting)
                order = New() if waiting is not None else _first(scheduler.next(view, 1), view)
                if isinstance(order, Resume):
                    paused = view.trials[order.trial]
                    facts = Resumed(order.budget), self._started(paused)
                    return self._reading.append(paused.number, *facts, expect=paused)
                return self._ask(sampler, order, waiting or self._reading.open(Opened(self._reading.worker)))
            except Conflict:
                continue

    def _ask(self, sampler: Sampler, order: New, opened: Trial) -> Trial:
        try:
            proposal, view, seed = made_for(order, sampler, self._reading.view().asking(opened.number))
        except SpaceExhausted as error:
            self._reading.append(opened.number, Stopped(str(error), opened.attempt))
            raise
        asked = asked_fact(view, proposal, order, seed)
        key = config_key(view, asked)
        try:
            return self._reading.append(opened.number, asked, self._started(opened), expect=opened, key=key)
        except Conflict:
            if self._reading.current(opened).version == opened.version:
                # The configuration went to somebody else: the number waits for another one.
                self._reading.append(opened.number, Lost(opened.attempt))
            raise

    def _waiting(self, view: View) -> Trial | None:
        for trial in view.of(State.OPEN, State.READY, State.RUNNING):
            if trial.state is State.READY or (trial.state is State.OPEN and not trial.worker):
                return trial
            if is_dead(trial.worker):
                return self._reading.append(trial.number, Lost(trial.attempt), expect=trial)
        return None

    def _started(self, trial: Trial) -> Started:
        return Started(self._reading.worker, trial.attempt)

    def enqueue(self, config: Mapping[str, Any]) -> Trial:
        while True:
            view = self._reading.view(curves=False)
            checked = view.space.check(config, partial=True)
            asked = asked_fact(view, Proposal(checked, "person", "enqueued"), New(), trial_seed(trial_rng(view)))
            try:
                # At once: whoever looks for a trial takes a number that has no configuration yet.
                return self._reading.append(view.next, Opened(), asked)
            except Conflict:
                continue

    def report(self, trial: Trial, scheduler: Scheduler, step: int | None, metrics: Mapping[str, float]) -> Decision:
        if step is None:
            current = self._reading.current(trial)
            step = current.last.step + 1 if current.last and current.reports else 1
        trial = self._reading.append(trial.number, Reported(step, checked_metrics(metrics), trial.attempt))
        assert trial.last is not None
        view = self._reading.seen()
        decision = scheduler.decide(view, trial, trial.last)
        if isinstance(decision, Stop):
            self._reading.append(trial.number, stopped(view, trial, decision.reason))
        elif isinstance(decision, Pause):
            self._reading.append(trial.number, Paused(decision.reason, trial.attempt))
        return decision

    def tell(self, trial: Trial, value: float | Mapping[str, float] | None, metrics: Mapping[str, float]) -> Trial:
        names = tuple(objective.metric for objective in self._reading.seen(curves=False).spec.objectives)
        given = {**(metrics_from(value, names) if value is not None else {}), **metrics}
        current = self._reading.current(trial)
        end = finished(self._telling(), current, checked_metrics(given) if given else {})
        if isinstance(end, Failed) and end.kind == "error":
            raise InvalidStudy(f"tell(trial {trial.number}): {end.message}")
        return self._reading.append(trial.number, replace(end, attempt=trial.attempt))

    def fail(self, trial: Trial, kind: FailureKind, message: str) -> Trial:
        if kind not in FAILURES:
            raise InvalidStudy(f"fail(kind={kind!r}): say one of {', '.join(FAILURES)}.")
        return self._reading.append(trial.number, Failed(kind, message or kind, trial.attempt))

    def stop(self, trial: Trial, reason: str) -> Trial:
        current = self._reading.current(trial)
        return self._reading.append(trial.number, stopped(self._telling(), current, reason))

    def _telling(self) -> View:
        """What tells which report counts; learning curves take part only where it is not the last one."""
        return self._reading.seen(curves=self._reading.seen(curves=False).spec.pick != "last")


def _first(orders: Sequence[Order], view: View) -> Order:
    """What the scheduler wants first. Raises `NothingToDo` if that is to wait; a spent budget is the store's to tell."""
    if orders or view.remaining.nothing:
        return orders[0] if orders else New()
    running = len(view.of(State.RUNNING))
    raise NothingToDo(
        f"The scheduler gives out no trial before others have gone on; report or tell one of the {running} that run."
        if running
        else f"The scheduler has nothing left to train after {len(view.trials)} trials."
    )
