"""Chronicle: what happened to trials and when, as only the log tells it: attempts, pauses, promotions, forks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple, TypeAlias, final

from tunesmith.trials.facts import (
    Asked,
    Event,
    Fact,
    Failed,
    Finished,
    Lost,
    Paused,
    Reported,
    Resumed,
    Started,
    Stopped,
)
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

MOST_FACTS: Final = 150_000
"""A longer log takes seconds to be read as a whole."""

End: TypeAlias = Literal["done", "stopped", "failed", "paused", "lost", "running"]


class Span(NamedTuple):
    """A trial was trained without a break; times in seconds since 1970."""

    trial: int
    attempt: int
    worker: str
    began: float
    ended: float
    """The last sign of life where a worker was lost; NaN while it runs."""
    how: End


class Mark(NamedTuple):
    """Something was decided about a trial at a step, with a reason."""

    trial: int
    step: int
    kind: Literal["pause", "promote", "fork"]
    reason: str


class Chronicle(NamedTuple):
    """A study in spans and marks."""

    spans: list[Span]
    marks: list[Mark]
    latest: float
    """When the last thing happened, in seconds since 1970; NaN if nothing did."""


@final
class Chronicler:
    """Writes a chronicle, event by event, in the order of the log."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._marks: list[Mark] = []
        self._latest = math.nan
        self._running: dict[int, Span] = {}
        self._steps: dict[int, int] = {}
        self._alive: dict[int, float] = {}
        self._forks: dict[int, str] = {}

    def add(self, event: Event) -> None:
        """The next event."""
        self._latest = event.at
        if event.trial is not None:
            self._decide(event.trial, event)
            self._train(event.trial, event)

    def _decide(self, number: int, event: Event) -> None:
        match event.fact:
            case Asked(parent=int(parent), why=why):
                self._forks[number] = f"goes on from trial {parent}: {why}"
            case Reported(step=step):
                self._steps[number], self._alive[number] = step, event.at
                if number in self._forks:
                    self._marks.append(Mark(number, step, "fork", self._forks.pop(number)))
            case Resumed(budget=budget):
                until = "to its end" if budget is None else f"up to step {budget}"
                self._marks.append(Mark(number, self._steps.get(number, 0), "promote", f"goes on, {until}"))
            case Paused(reason=reason):
                self._marks.append(Mark(number, self._steps.get(number, 0), "pause", reason))

    def _train(self, number: int, event: Event) -> None:
        if isinstance(event.fact, Started):
            fact = event.fact
            self._running[number] = Span(number, fact.attempt, fact.worker, event.at, math.nan, "running")
        how = _end(event.fact)
        if how is not None and number in self._running:
            span = self._running.pop(number)
            ended = max(span.began, self._alive.get(number, span.began)) if how == "lost" else event.at
            self._spans.append(span._replace(ended=ended, how=how))

    @property
    def chronicle(self) -> Chronicle:
        """What has been written so far."""
        spans = sorted([*self._spans, *self._running.values()], key=lambda span: span.began)
        return Chronicle(spans, list(self._marks), self._latest)


def chronicle(events: Iterable[Event]) -> Chronicle:
    """The chronicle of a study's whole log, in its order."""
    writer = Chronicler()
    for event in events:
        writer.add(event)
    return writer.chronicle


def _end(fact: Fact) -> End | None:
    match fact:
        case Finished():
            return "done"
        case Stopped():
            return "stopped"
        case Failed():
            return "failed"
        case Paused():
            return "paused"
        case Lost():
            return "lost"
        case _:
            return None


def chronicle_of(view: View) -> Chronicle:
    """As far as the trials themselves tell it: the last span of each, forks, and pauses that last. For very long logs."""
    spans, marks = [], []
    latest = math.nan
    for trial in view.trials:
        at = trial.last.at if trial.last else None
        if trial.started is not None:
            ended = trial.ended if trial.ended is not None else at if trial.state is not State.RUNNING else None
            how: End = "running" if ended is None else _how(trial.state)
            spans.append(
                Span(
                    trial.number, trial.attempt, trial.worker, trial.started, math.nan if ended is None else ended, how
                )
            )
        latest = max(filter(None, (trial.ended, at, trial.started, latest)), default=latest)
        if trial.state is State.PAUSED:
            marks.append(Mark(trial.number, trial.last.step if trial.last else 0, "pause", trial.reason))
        if trial.parent is not None:
            marks.append(Mark(trial.number, 0, "fork", f"goes on from trial {trial.parent}: {trial.why}"))
    return Chronicle(sorted(spans, key=lambda span: span.began), marks, latest)


def _how(state: State) -> End:
    ends: dict[State, End] = {State.DONE: "done", State.STOPPED: "stopped", State.FAILED: "failed"}
    return ends.get(state, "paused")
