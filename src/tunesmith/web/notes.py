"""Notes on a study as a whole: its text, its tags, and the records of where its trials ran."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final, NamedTuple, final

from tunesmith.space.params import Json
from tunesmith.stores.base import Store
from tunesmith.trials.facts import Noted

MOST_FACTS: Final = 150_000
"""A longer log is not searched for notes that were made before the dashboard was started."""


class Notes(NamedTuple):
    """The study's notes by key; `complete` is False if the log was too long to be searched for earlier ones."""

    values: Mapping[str, Json]
    complete: bool


@final
class NotesReader:
    """Follows the notes of one study. For several threads."""

    def __init__(self, store: Store, study: str) -> None:
        self._store = store
        self._study = study
        self._lock = threading.Lock()
        self._seq = 0
        self._notes = Notes({}, complete=True)

    def until(self, seq: int) -> Notes:
        """The notes as of fact `seq`."""
        with self._lock:
            if seq == self._seq:
                return self._notes
            complete = self._notes.complete
            if seq - self._seq > MOST_FACTS:
                self._seq, complete = seq - MOST_FACTS, False
            values = dict(self._notes.values)
            for event in self._store.events(self._study, after=self._seq):
                if event.trial is None and isinstance(event.fact, Noted):
                    values[event.fact.key] = event.fact.value
                self._seq = max(self._seq, event.seq)
            self._notes = Notes(values, complete)
            return self._notes
