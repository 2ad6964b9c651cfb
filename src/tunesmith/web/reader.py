"""The studies of a store as pages see them: each with its latest View, kept between requests."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar, final

from tunesmith.analysis.ranking import ranking
from tunesmith.analysis.summary import Summary, summary
from tunesmith.analysis.table import Table, table
from tunesmith.errors import UnknownStudy
from tunesmith.stores.base import Store, StudyInfo
from tunesmith.trials.facts import Event
from tunesmith.trials.view import View
from tunesmith.web.notes import Notes, NotesReader

_LARGE: Final = 20_000
"""Trials whose loading is worth keeping the garbage collector away for."""

T = TypeVar("T")


@final
class StudyReader:
    """One study: its view without and with learning curves, and what was computed from them. For several threads."""

    def __init__(self, store: Store, info: StudyInfo) -> None:
        self.name = info.name
        self.created = info.created
        self.store = store
        self._large = info.trials > _LARGE
        self._lock = threading.RLock()
        self._light = View(store.spec(info.name))
        self._full: View | None = None
        self._notes = NotesReader(store, info.name)
        self._kept: dict[str, tuple[int, Any]] = {}

    @property
    def view(self) -> View:
        """The study as it is now, without learning curves: most of a large study's bulk."""
        with self._lock:
            self._light = self._advance(self._light, curves=False)
            return self._light

    @property
    def full(self) -> View:
        """The study as it is now, with its learning curves."""
        with self._lock:
            self._full = self._advance(self._full or View(self._light.spec), curves=True)
            return self._full

    def _advance(self, view: View, *, curves: bool) -> View:
        with _quick_loading(wanted=self._large and not view.seq):
            changes = self.store.changes(self.name, view.seq, reports=curves)
            return view.advance(changes, self.store.spec(self.name)) if changes.seq != view.seq else view

    def kept(self, what: str, view: View, compute: Callable[[View], T]) -> T:
        """`compute(view)`, computed once for every state of the study."""
        with self._lock:
            seq, value = self._kept.get(what, (-1, None))
            if seq != view.seq:
                value = compute(view)
                self._kept[what] = (view.seq, value)
            found: T = value
            return found

    @property
    def summary(self) -> Summary:
        """What the study found so far."""
        return self.kept("summary", self.view, summary)

    @property
    def table(self) -> Table:
        """All its trials as rows."""
        return self.kept("table", self.view, table)

    @property
    def ranking(self) -> Sequence[int]:
        """Numbers of the trials, best first."""
        return self.kept("ranking", self.view, lambda view: [trial.number for trial in ranking(view)])

    def events(self, number: int) -> Iterator[Event]:
        """The log of one trial."""
        return self.store.events(self.name, trial=number)

    @property
    def notes(self) -> Notes:
        """Notes on the study as a whole."""
        return self._notes.until(self.view.seq)

    @property
    def is_loaded(self) -> bool:
        """Whether the study has been read before, so that looking at it is quick."""
        return self._light.seq > 0


@contextmanager
def _quick_loading(*, wanted: bool) -> Iterator[None]:
    """Without the collector's walks over objects that all stay, 100,000 trials load in two thirds of the time."""
    if not (wanted and gc.isenabled()):
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@final
class StoreReader:
    """All studies of a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._readers: dict[str, StudyReader] = {}

    def infos(self) -> Sequence[StudyInfo]:
        """The list of studies, the latest first."""
        return list(reversed(self.store.studies()))

    def study(self, name: str) -> StudyReader:
        """One study. Raises `UnknownStudy`."""
        info = next((info for info in self.store.studies() if info.name == name), None)
        if info is None:
            raise UnknownStudy(
                f"The store has no study named {name[:200]!r}; its studies are listed on the first page."
            )
        with self._lock:
            reader = self._readers.get(name)
            # A study may have been removed and begun again under its name.
            if reader is None or reader.created != info.created:
                reader = self._readers[name] = StudyReader(self.store, info)
            return reader
