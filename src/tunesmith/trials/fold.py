"""The fold: the only place where a trial's state changes."""

from __future__ import annotations

from typing import Any

from tunesmith.errors import IllegalTransition
from tunesmith.trials.facts import (
    Asked,
    Event,
    Fact,
    Failed,
    Finished,
    Lost,
    Noted,
    Opened,
    Paused,
    Reported,
    Resumed,
    Started,
    Stopped,
    Suggested,
)
from tunesmith.trials.story import story
from tunesmith.trials.trial import Failure, Report, State, Trial, evolve


def fold(trial: Trial | None, event: Event) -> Trial:
    """The trial after the event. Raises `IllegalTransition`, with the trial's story, for what cannot happen to it now."""
    fact = event.fact
    if isinstance(fact, Opened):
        if trial is not None:
            raise _refuse(trial, fact, "its number is taken")
        assert event.trial is not None
        return Trial(number=event.trial, state=State.OPEN, worker=fact.worker, opened=event.at)
    if trial is None:
        raise IllegalTransition(
            f"Trial {event.trial} cannot be {_verb(fact)}: there is no such trial; ask for one first."
        )
    changes = _changes(trial, fact, event.at)
    changes["version"] = trial.version + 1
    return evolve(trial, changes)


def _changes(trial: Trial, fact: Fact, at: float) -> dict[str, Any]:
    state = trial.state
    match fact:
        case Reported():
            return _report(trial, fact, at)
        case Asked():
            _require(trial, fact, state is State.OPEN)
            return {
                "state": State.READY,
                "config": fact.config,
                "by": fact.by,
                "why": fact.why,
                "seed": fact.seed,
                "seen": fact.seen,
                "hints": fact.hints,
                "parent": fact.parent,
                "twin": fact.twin,
                "budget": fact.budget,
            }
        case Started():
            _require(trial, fact, state is State.READY)
            _fence(trial, fact, fact.attempt)
            return {"state": State.RUNNING, "worker": fact.worker, "record": fact.record, "started": at, "reason": ""}
        case Suggested():
            _require(trial, fact, state is State.RUNNING)
            _fence(trial, fact, fact.attempt)
            return {
                "config": {**(trial.config or {}), fact.name: fact.value},
                "params": {**trial.params, fact.name: fact.param},
            }
        case Finished():
            _require(trial, fact, state is State.RUNNING)
            _fence(trial, fact, fact.attempt)
            return {"state": State.DONE, "values": dict(fact.values), **_end(trial, at)}
        case Stopped():
            _require(trial, fact, not state.ended)
            _fence(trial, fact, fact.attempt)
            last = dict(trial.last.metrics) if trial.last else {}
            values = last if fact.values is None else dict(fact.values)
            return {"state": State.STOPPED, "reason": fact.reason, "values": values, **_end(trial, at)}
        case Failed():
            _require(trial, fact, state is State.RUNNING)
            _fence(trial, fact, fact.attempt)
            failure = Failure(fact.kind, fact.message, fact.trace)
            return {"state": State.FAILED, "failure": failure, **_end(trial, at)}
        case Paused():
            _require(trial, fact, state is State.RUNNING)
            _fence(trial, fact, fact.attempt)
            return {"state": State.PAUSED, "reason": fact.reason, "worker": "", "spent": _spent(trial, at)}
        case Resumed():
            _require(trial, fact, state is State.PAUSED)
            return {"state": State.READY, "budget": fact.budget}
        case Lost():
            _require(trial, fact, state in (State.OPEN, State.RUNNING))
            _fence(trial, fact, fact.attempt)
            return {
                "state": State.OPEN if state is State.OPEN else State.READY,
                "attempt": trial.attempt + 1,
                "worker": "",
                # What happened between the last sign of life and now is not training.
                "spent": _spent(trial, trial.last.at if trial.last else None),
                "reports": 0,
            }
        case Noted():
            return {"notes": {**trial.notes, fact.key: fact.value}}
        case _:
            raise _refuse(trial, fact, "that concerns the study, not a trial")


def _report(trial: Trial, fact: Reported, at: float) -> dict[str, Any]:
    if trial.state is not State.RUNNING:
        raise _refuse(trial, fact, f"it is {trial.state.value}")
    if fact.attempt != trial.attempt:
        _fence(trial, fact, fact.attempt)
    last = trial.last
    if last is None or not trial.reports or fact.step > last.step:
        return {"last": Report(fact.step, fact.metrics, at), "reports": trial.reports + 1}
    if fact.step < last.step:
        raise _refuse(trial, fact, f"step {fact.step} comes after step {last.step}")
    again = sorted(fact.metrics.keys() & last.metrics.keys())
    if again:
        raise _refuse(trial, fact, f"{again[0]} was reported for step {fact.step} already")
    return {"last": Report(fact.step, {**last.metrics, **fact.metrics}, at)}


def _end(trial: Trial, at: float) -> dict[str, Any]:
    return {"ended": at, "spent": _spent(trial, at)}


def _spent(trial: Trial, until: float | None) -> float:
    if trial.state is not State.RUNNING or trial.started is None or until is None:
        return trial.spent
    return trial.spent + max(0.0, until - trial.started)


def _require(trial: Trial, fact: Fact, condition: bool) -> None:
    if not condition:
        raise _refuse(trial, fact, f"it is {trial.state.value}")


def _fence(trial: Trial, fact: Fact, attempt: int) -> None:
    if attempt != trial.attempt:
        raise _refuse(
            trial,
            fact,
            f"that comes from attempt {attempt}, which was given up; attempt {trial.attempt} is the present one",
        )


def _refuse(trial: Trial, fact: Fact, reason: str) -> IllegalTransition:
    return IllegalTransition(f"Trial {trial.number} cannot be {_verb(fact)}: {reason}. Its story: {story(trial)}")


def _verb(fact: Fact) -> str:
    return type(fact).__name__.lower()
