"""A study as one handle reads it: its latest view, carried forward."""

from __future__ import annotations

from typing import final

from tunesmith.errors import IllegalTransition
from tunesmith.run.worker_id import worker_id
from tunesmith.stores.base import Store
from tunesmith.trials.facts import Asked, Draft, Fact
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View


@final
class Reading:
    """Looks at one study in a store, and adds facts to it."""

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        self.worker = worker_id()
        self._view = View(self.spec)
        self._has_curves = False
        """Whether `_view` holds learning curves; most of a large study's bulk, which a look at its trials can do without."""

    @property
    def spec(self) -> StudySpec:
        """What is searched, for what, within which budget."""
        return self.store.spec(self.name)

    def view(self, *, curves: bool = True) -> View:
        """The study as it is now."""
        if curves and not self._has_curves:
            self._view, self._has_curves = View(self.spec), True
        changes = self.store.changes(self.name, self._view.seq, reports=self._has_curves)
        self._view = self._view.advance(changes)
        return self._view

    def seen(self, *, curves: bool = True) -> View:
        """The study as it was when something was last read or added here, which takes no look at the store."""
        return self._view if self._has_curves or not curves else self.view()

    def current(self, trial: Trial) -> Trial:
        """How a trial stands now. Raises `IllegalTransition` if the study has no such trial."""
        trials = self.view(curves=False).trials
        if trial.number >= len(trials):
            raise IllegalTransition(f"Study {self.name!r} has no trial {trial.number}; it has {len(trials)}.")
        return trials[trial.number]

    def open(self, fact: Fact) -> Trial:
        """Add a trial, with its first fact."""
        return self.store.append(self.name, [Draft(None, fact, worker=self.worker)]).trials[0]

    def append(self, number: int, *facts: Fact, expect: Trial | None = None, key: str | None = None) -> Trial:
        """Add facts about a trial, all or none, and return it as it stands then."""
        drafts = [Draft(number, fact, key if isinstance(fact, Asked) else None, self.worker) for fact in facts]
        expected = {expect.number: expect.version} if expect else None
        changes = self.store.append(self.name, drafts, expect=expected)
        if changes.since == self._view.seq:
            self._view = self._view.advance(changes)
        else:
            self.view(curves=self._has_curves)
        return self._view.trials[number]
