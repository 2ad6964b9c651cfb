"""Replay: a study computed again from its log, and its proposals asked for again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import final

from tunesmith.run.ahead import made
from tunesmith.samplers.base import Sampler
from tunesmith.stores.base import Store
from tunesmith.trials.changes import Changes, ReportRow
from tunesmith.trials.facts import Asked, Event, Reported, Revised
from tunesmith.trials.fold import fold
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View


def check_log(store: Store, study: str) -> list[str]:
    """What differs between the store's snapshots and the fold of its log, one sentence each; empty if all is well."""
    events = list(store.events(study))
    now = store.changes(study, reports=False)
    found: list[str] = []
    if [event.seq for event in events] != list(range(1, now.seq + 1)):
        found.append(f"The log has {len(events)} facts, but the study counts {now.seq}.")
    folded: dict[int, Trial] = {}
    for event in events:
        if event.trial is not None:
            folded[event.trial] = fold(folded.get(event.trial), event)
    if sorted(folded) != list(range(len(folded))):
        found.append("Trial numbers have gaps.")
    kept = {trial.number: trial for trial in now.trials}
    found += [
        f"Trial {number}: its snapshot and its facts differ."
        for number in sorted(folded.keys() | kept.keys())
        if not _same(folded.get(number), kept.get(number))
    ]
    return found


def _same(one: Trial | None, other: Trial | None) -> bool:
    """Equality in which NaN equals NaN and the order of metrics does not matter."""
    return one == other or _text(one) == _text(other)


def _text(trial: Trial | None) -> str:
    return json.dumps(
        vars(trial) if trial else None, sort_keys=True, default=lambda part: getattr(part, "__dict__", repr(part))
    )


def check_proposals(store: Store, study: str, choose: Callable[[StudySpec], Sampler]) -> tuple[int, list[str]]:
    """Ask again for every proposal that a sampler made, from the history that it saw.

    Returns how many were asked for, and a sentence for each that comes out otherwise.
    """
    events = list(store.events(study))
    asked = sorted(
        (
            (event.fact.seen, event.trial, event.fact)
            for event in events
            if isinstance(event.fact, Asked)
            and event.fact.by != "person"
            and event.fact.parent is None
            and event.fact.twin is None
        ),
        key=lambda item: item[:2],
    )
    found: list[str] = []
    history = _History(events, store.spec(study))
    for seen, number, fact in asked:
        assert number is not None
        view = history.at(seen).asking(number)
        again = made(choose(view.spec), view).proposal.config
        given = {**fact.config, **(fact.hints or {})}
        if again != given:
            found.append(
                f"Trial {number}: the sampler proposes {again} from the history that it saw, but {given} was recorded."
            )
    return len(asked), found


@final
class _History:
    """Views of a study at earlier moments, in growing order."""

    def __init__(self, events: Sequence[Event], spec: StudySpec) -> None:
        self._events = events
        self._next = 0
        self._trials: dict[int, Trial] = {}
        self._view = View(spec)

    def at(self, seq: int) -> View:
        changed: dict[int, Trial] = {}
        reports: list[ReportRow] = []
        spec: StudySpec | None = None
        for event in self._until(seq):
            if isinstance(event.fact, Revised):
                spec = event.fact.spec
            if event.trial is None:
                continue
            trial = fold(self._trials.get(event.trial), event)
            self._trials[event.trial] = changed[event.trial] = trial
            if isinstance(event.fact, Reported):
                reports.append(
                    ReportRow(event.trial, event.fact.attempt, event.fact.step, event.at, event.seq, event.fact.metrics)
                )
        if seq > self._view.seq:
            trials = [changed[number] for number in sorted(changed)]
            self._view = self._view.advance(Changes(self._view.seq, seq, trials, reports, spec=spec))
        return self._view

    def _until(self, seq: int) -> Iterable[Event]:
        start = self._next
        while self._next < len(self._events) and self._events[self._next].seq <= seq:
            self._next += 1
        return self._events[start : self._next]
