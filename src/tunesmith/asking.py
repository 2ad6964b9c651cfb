"""Ask and tell: trials are given out one by one, to be trained wherever their owner pleases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

from tunesmith.errors import Conflict, InvalidStudy, SpaceExhausted
from tunesmith.reading import Reading
from tunesmith.run.ahead import made
from tunesmith.run.context import checked_metrics, metrics_from
from tunesmith.run.outcome import finished, stopped
from tunesmith.run.proposing import asked_fact, config_key, trial_rng, trial_seed
from tunesmith.run.worker_id import is_dead
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.schedulers.base import Decision, New, Scheduler, Stop
from tunesmith.trials.facts import Failed, Lost, Opened, Reported, Started, Stopped
from tunesmith.trials.trial import FailureKind, State, Trial
from tunesmith.trials.view import FAILURES, View


@final
class Desk:
    """Gives out the trials of one study, and takes down what becomes of them. `Study` says what its methods mean."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def ask(self, sampler: Sampler) -> Trial:
        while True:
            view = self._reading.view()
            waiting = self._waiting(view)
            try:
                if waiting is not None and waiting.state is State.READY:
                    return self._reading.append(waiting.number, self._started(waiting), expect=waiting)
                if waiting is None:
                    waiting = self._reading.open(Opened(self._reading.worker))
                    view = self._reading.view()
                return self._ask(sampler, view.asking(waiting.number), waiting)
            except Conflict:
                continue

    def _ask(self, sampler: Sampler, view: View, opened: Trial) -> Trial:
        try:
            proposal, _, seed = made(sampler, view)
        except SpaceExhausted as error:
            self._reading.append(opened.number, Stopped(str(error), opened.attempt))
            raise
        asked = asked_fact(view, proposal, New(), seed)
        key = config_key(view, asked)
        return self._reading.append(opened.number, asked, self._started(opened), expect=opened, key=key)

    def _waiting(self, view: View) -> Trial | None:
        for trial in view.of(State.OPEN, State.READY, State.RUNNING):
            if trial.state is State.READY or (trial.state is State.OPEN and not trial.worker):
                return trial
            if is_dead(trial.worker):
                return self._reading.append(trial.number, Lost(trial.attempt))
        return None

    def _started(self, trial: Trial) -> Started:
        return Started(self._reading.worker, trial.attempt)

    def enqueue(self, config: Mapping[str, Any]) -> Trial:
        checked = self._reading.view(curves=False).space.check(config, partial=True)
        opened = self._reading.open(Opened())
        view = self._reading.view(curves=False).asking(opened.number)
        asked = asked_fact(view, Proposal(checked, "person", "enqueued"), New(), trial_seed(trial_rng(view)))
        return self._reading.append(opened.number, asked)

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
        return decision

    def tell(self, trial: Trial, value: float | Mapping[str, float] | None, metrics: Mapping[str, float]) -> Trial:
        names = tuple(objective.metric for objective in self._reading.seen(curves=False).spec.objectives)
        given = {**(metrics_from(value, names) if value is not None else {}), **metrics}
        current = self._reading.current(trial)
        end = finished(self._reading.view(), current, checked_metrics(given) if given else {})
        if isinstance(end, Failed) and end.kind == "error":
            raise InvalidStudy(f"tell(trial {trial.number}): {end.message}")
        return self._reading.append(trial.number, replace(end, attempt=trial.attempt))

    def fail(self, trial: Trial, kind: FailureKind, message: str) -> Trial:
        if kind not in FAILURES:
            raise InvalidStudy(f"fail(kind={kind!r}): say one of {', '.join(FAILURES)}.")
        return self._reading.append(trial.number, Failed(kind, message or kind, trial.attempt))

    def stop(self, trial: Trial, reason: str) -> Trial:
        current = self._reading.current(trial)
        return self._reading.append(trial.number, stopped(self._reading.view(), current, reason))
