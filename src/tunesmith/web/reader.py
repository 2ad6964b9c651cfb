"""The studies of a store as pages see them: each with its latest View, kept between requests."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeVar, final

from tunesmith.analysis.best import Best, observed_best, suppose, weighed
from tunesmith.analysis.ranking import ranking
from tunesmith.analysis.summary import Summary, summary
from tunesmith.analysis.table import Table, table
from tunesmith.errors import TunesmithError, UnknownStudy
from tunesmith.run.threads import one_thread
from tunesmith.stores.base import Store, StudyInfo
from tunesmith.trials.facts import Event
from tunesmith.trials.view import View
from tunesmith.web.notes import Notes, NotesReader

_LARGE: Final = 20_000
"""Trials whose loading is worth keeping the garbage collector away for."""

_SHARE: Final = 9.0
"""Weighing rests this many times as long as it worked: the processor is there for the trials."""

T = TypeVar("T")


class Moment(NamedTuple):
    """What pages are made of: how far the log has come, and how often the best trial has been weighed."""

    seq: int
    weighed: int


@final
class StudyReader:
    """One study: its view without and with learning curves, and what was computed from them. For several threads.

    Which trial is best where noise is large takes seconds to weigh. Pages do not wait for that: they show the best by
    value, or what was found before, until it has been weighed in the background.
    """

    def __init__(self, store: Store, info: StudyInfo) -> None:
        self.name = info.name
        self.created = info.created
        self.store = store
        self._large = info.trials > _LARGE
        self._lock = threading.RLock()
        self._light = View(store.spec(info.name))
        self._full: View | None = None
        self._notes = NotesReader(store, info.name)
        self._kept: dict[str, tuple[Moment, Any]] = {}
        self._best: Best | None = None
        self._weighed = 0
        self._weighed_at = -1
        """How many trials had ended then."""
        self._weighing = False
        self._pause = 0.0

    @property
    def view(self) -> View:
        """The study as it is now, without learning curves: most of a large study's bulk."""
        with self._lock:
            before, self._light = self._light, self._advance(self._light, curves=False)
            if self._light is not before:
                self._suppose(self._light)
            return self._light

    @property
    def full(self) -> View:
        """The study as it is now, with its learning curves."""
        with self._lock:
            before, self._full = self._full, self._advance(self._full or View(self._light.spec), curves=True)
            if self._full is not before:
                self._suppose(self._full)
            return self._full

    @property
    def settled(self) -> View:
        """As `full`, with the best trial weighed: for what is kept, such as a report."""
        view = self.full
        suppose(view, weighed(view))
        return view

    def _advance(self, view: View, *, curves: bool) -> View:
        with _quick_loading(wanted=self._large and not view.seq):
            changes = self.store.changes(self.name, view.seq, reports=curves)
            return view.advance(changes, self.store.spec(self.name)) if changes.seq != view.seq else view

    # -- the best trial ----------------------------------------------------------------------------------------------

    def _suppose(self, view: View) -> None:
        observed = observed_best(view)
        known = self._best
        if (
            known is not None
            and observed is not None
            and (known.luckier or known.trial).number == observed.trial.number
        ):
            luckier = known.luckier and view.trials[known.luckier.number]
            observed = known._replace(trial=view.trials[known.trial.number], luckier=luckier)
        suppose(view, observed)
        if _ended(view) != self._weighed_at and not self._weighing and len(view.spec.objectives) == 1:
            self._weighing = True
            threading.Thread(target=self._weigh, name="tunesmith-ui-weigh", daemon=True).start()

    def _weigh(self) -> None:
        time.sleep(self._pause)
        try:
            view, began = self.view, time.monotonic()
        except TunesmithError:  # the study is gone, or the store closed
            return
        with one_thread():
            found = weighed(view)
        with self._lock:
            self._pause = _SHARE * (time.monotonic() - began)
            changed, self._best, self._weighing, self._weighed_at = found != self._best, found, False, _ended(view)
            for each in (self._light, self._full):
                if each is not None:
                    self._suppose(each)
            self._weighed += changed

    @property
    def times_weighed(self) -> int:
        """Grows when the best trial turns out to be another one, or to be worth something else."""
        return self._weighed

    # -- what is computed once ---------------------------------------------------------------------------------------

    def moment(self, view: View) -> Moment:
        """What a page of this view is made of; nothing needs to be made again while it stays the same."""
        return Moment(view.seq, self._weighed)

    def kept(self, what: str, view: View, compute: Callable[[View], T]) -> T:
        """`compute(view)`, computed once for every moment of the study."""
        with self._lock:
            moment = self.moment(view)
            if what not in self._kept or self._kept[what][0] != moment:
                self._kept[what] = (moment, compute(view))
            found: T = self._kept[what][1]
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

    # -- the log -----------------------------------------------------------------------------------------------------

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


def _ended(view: View) -> int:
    return sum(trial.state.ended for trial in view.trials)


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
