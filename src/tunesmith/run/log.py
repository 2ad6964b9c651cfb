"""A study's log, as one driver sees it: its present view, and how facts are added."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import final

from tunesmith.errors import IllegalTransition
from tunesmith.run.watcher import Watcher
from tunesmith.run.worker_id import is_dead, worker_id
from tunesmith.stores.base import LEASE, Store, holds_lease
from tunesmith.trials.changes import Changes
from tunesmith.trials.facts import Draft, Fact, Lost
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View


@final
class StudyLog:
    """Keeps a view up to date with what this driver and others append."""

    def __init__(self, store: Store, study: str, watcher: Watcher, clock: Callable[[], float]) -> None:
        self.view = View(store.spec(study))
        self.worker = worker_id()
        self.waiting: set[int] = set()
        """Trials that nobody works on: opened by a worker that is gone, set back, or enqueued by a person."""
        self._held: set[int] = set()
        """Trials that a worker, also of another driver, has opened or trains."""
        self._store = store
        self._study = study
        self._watcher = watcher
        self._clock = clock

    def draft(self, number: int | None, fact: Fact, key: str | None = None) -> Draft:
        """A fact that this driver states."""
        return Draft(number, fact, key, self.worker)

    def append(
        self, drafts: Sequence[Draft], expect: Mapping[int, int] | None = None, *, lease: bool = False
    ) -> Changes:
        """Add facts, all or none; with `lease`, trials that are opened or started are this driver's for a while."""
        until = self._clock() + LEASE if lease else None
        changes = self._store.append(self._study, drafts, expect=expect, lease=until)
        if changes.since == self.view.seq:
            self._advance(changes)
        else:
            self.refresh()
        return changes

    def add(self, number: int, fact: Fact) -> Trial | None:
        """Add a fact about a running trial; None if it was ended or taken over from elsewhere meanwhile."""
        try:
            self.append([self.draft(number, fact)])
        except IllegalTransition:
            self.refresh()
            return None
        return self.view.trials[number]

    def append_each(self, drafts: Sequence[Draft]) -> None:
        """Add facts together if that is possible; if one of them is refused, the others do not suffer for it."""
        if not drafts:
            return
        try:
            self.append(drafts)
        except IllegalTransition:
            for draft in drafts:
                assert draft.trial is not None
                self.add(draft.trial, draft.fact)

    def refresh(self) -> Sequence[int]:
        """See what others did; returns the trials whose worker let its lease run out."""
        changes = self._store.changes(self._study, self.view.seq)
        self._advance(changes)
        return changes.expired

    def take_over(self, busy: Collection[int]) -> None:
        """See what others did, and let trials wait for another worker whose own is gone; `busy` ones are in good hands."""
        expired = set(self.refresh())
        doubtful = sorted((self._held | expired).difference(busy))
        dead = {worker for worker in {self.view.trials[number].worker for number in doubtful} if is_dead(worker)}
        for number in doubtful:
            trial = self.view.trials[number]
            if number in expired or trial.worker in dead:
                self.add(number, Lost(trial.attempt))

    def renew(self, trials: Sequence[int]) -> None:
        """Prolong this driver's leases."""
        if trials:
            self._store.renew(self._study, self.worker, trials, self._clock() + LEASE)

    def _advance(self, changes: Changes) -> None:
        self.view = self.view.advance(changes)
        for trial in changes.trials:
            held = holds_lease(trial)
            waits = trial.state is State.READY or (trial.state is State.OPEN and not held)
            (self._held.add if held else self._held.discard)(trial.number)
            (self.waiting.add if waits else self.waiting.discard)(trial.number)
        self._watcher.changed(self.view, changes)
