"""The studies of a store as pages see them: each with its latest View, kept between requests."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeVar, final

from tunesmith.analysis.best import Best, best_of, observed_best
from tunesmith.analysis.health.examine import health
from tunesmith.analysis.health.finding import Finding
from tunesmith.analysis.panels.chronicle import MOST_FACTS, Chronicle, Chronicler
from tunesmith.analysis.ranking import ranking
from tunesmith.analysis.summary import Summary, summary
from tunesmith.analysis.table import Table, outline
from tunesmith.errors import TunesmithError, UnknownStudy
from tunesmith.run.threads import one_thread
from tunesmith.stores.base import Store, StudyInfo
from tunesmith.trials.facts import Event
from tunesmith.trials.trial import State
from tunesmith.trials.view import View
from tunesmith.web.notes import Notes, NotesReader

_LARGE: Final = 20_000
"""Trials whose loading is worth keeping the garbage collector away for."""

_SHARE: Final = 9.0
"""Looking into a study rests this many times as long as it worked: the processor is there for the trials."""

_FIRST_PAUSE: Final = 4.0
"""Seconds in which the first page of a study of more than `_SMALL` trials has the processor for itself."""
_SMALL: Final = 1000
_PATIENCE: Final = 20.0
"""Looking into a large study waits until nobody has asked for a page in `_FIRST_PAUSE`, but no longer than this."""

T = TypeVar("T")


class Moment(NamedTuple):
    """What pages are made of: how far the log has come, and how often something was found out beside it."""

    seq: int
    found: int


class Examined(NamedTuple):
    """What is wrong with a study, as found in the background."""

    findings: Sequence[Finding]
    ended: int
    """How many trials had ended then."""


@final
class StudyReader:
    """One study: its view without and with learning curves, and what was computed from them. For several threads.

    Which trial is best where noise is large takes seconds to weigh, and so does what is wrong with a study. Pages do not
    wait for that: they show the best by value, or what was found before, until it has been looked into in the background.
    """

    def __init__(self, store: Store, info: StudyInfo, turn: threading.Lock) -> None:
        self.name = info.name
        self.created = info.created
        self.store = store
        self._large = info.trials > _LARGE
        self._lock = threading.RLock()
        self._curves_lock = threading.Lock()
        """Pages need no curves, and so do not wait until those of a large study have been read."""
        self._turn = turn
        """Studies are looked into one at a time."""
        self._light = View(store.spec(info.name))
        self._full: View | None = None
        self._settled = 0
        """The seq of the last change that was more than a report of a running trial."""
        self._notes = NotesReader(store, info.name)
        self._kept: dict[str, tuple[Moment, Any]] = {}
        self._chronicler: Chronicler | None = Chronicler()
        self._told = 0
        """The seq up to which the chronicle is written."""
        self._weighed: Best | None = None
        self._weighed_against = -1
        """The trial that had the best value then."""
        self._examined: Examined | None = None
        self._found = 0
        self._looking = False
        self._looked_at = -1
        """How many trials had ended then."""
        self._pause = _FIRST_PAUSE if info.trials > _SMALL else 0.0
        self._asked = time.monotonic()

    @property
    def view(self) -> View:
        """The study as it is now, without learning curves: most of a large study's bulk."""
        self._asked = time.monotonic()
        with self._lock:
            before, self._light = self._light, self._advance(self._light, curves=False)
            if self._light is not before:
                if not _only_reported(before, self._light):
                    self._settled = self._light.seq
                self._look_into(self._light)
            return self._light

    @property
    def full(self) -> View:
        """The study as it is now, with its learning curves."""
        with self._curves_lock:
            self._full = self._advance(self._full or View(self._light.spec), curves=True)
            return self._full

    def _advance(self, view: View, *, curves: bool) -> View:
        with _quick(wanted=self._large and not view.seq):
            changes = self.store.changes(self.name, view.seq, reports=curves)
            return view.advance(changes) if changes.seq != view.seq else view

    # -- what takes long ---------------------------------------------------------------------------------------------

    @property
    def best(self) -> Best | None:
        """The best trial: as it was weighed, or by its value where another one has come since."""
        return self.best_in(self.view)

    def best_in(self, view: View) -> Best | None:
        """The same, as a trial of `view`, which may be an earlier one."""
        if view is not self._light:
            return self.kept("best of another view", view, self._believed)
        return self.settled("best", self._believed)

    def _believed(self, view: View) -> Best | None:
        observed, known = observed_best(view), self._weighed
        if known is None or observed is None or observed.trial.number != self._weighed_against:
            return observed
        luckier = known.luckier and view.trials[known.luckier.number]
        return known._replace(trial=view.trials[known.trial.number], luckier=luckier)

    @property
    def examined(self) -> Examined | None:
        """What is wrong with the study; None as long as nobody has looked."""
        return self._examined

    def _look_into(self, view: View) -> None:
        if not self._looking and _ended(view) != self._looked_at:
            self._looking = True
            threading.Thread(target=self._look, name="tunesmith-ui-look", daemon=True).start()

    def _wait(self) -> None:
        time.sleep(self._pause)
        latest = time.monotonic() + _PATIENCE
        while self._large and time.monotonic() < min(latest, self._asked + _FIRST_PAUSE):
            time.sleep(0.5)

    def _look(self) -> None:
        self._wait()
        with self._turn, one_thread():
            began = time.monotonic()
            try:
                # Pages would wait while the curves of a large study are read.
                view = self.view if self._large else self.full
            except TunesmithError:  # the study is gone, or the store closed
                return
            best, observed = best_of(view), observed_best(view)
            examined = Examined(health(view), _ended(view))
        with self._lock:
            self._pause = _SHARE * (time.monotonic() - began)
            changed = best != self._weighed or examined != self._examined
            self._weighed, self._examined = best, examined
            self._weighed_against = observed.trial.number if observed else -1
            self._looking, self._looked_at = False, examined.ended
            self._found += changed
            self._look_into(self._light)  # trials may have ended meanwhile

    @property
    def times_found(self) -> int:
        """Grows when the best trial turns out to be another one, or to be worth something else, or its study's health to differ."""
        return self._found

    @property
    def told(self) -> Chronicle | None:
        """What the log tells beyond the trials; None if it is too long to be read."""
        view = self.view
        with self._lock:
            if self._chronicler is not None and view.seq - self._told > MOST_FACTS:
                self._chronicler = None
            if self._chronicler is None:
                return None
            for event in self.store.events(self.name, after=self._told):
                self._chronicler.add(event)
                self._told = event.seq
            return self.kept("told", view, lambda _: self._chronicler and self._chronicler.chronicle)

    # -- what is computed once ---------------------------------------------------------------------------------------

    def moment(self, view: View) -> Moment:
        """What a page of this view is made of; nothing needs to be made again while it stays the same."""
        return Moment(view.seq, self._found)

    def kept(self, what: str, view: View, compute: Callable[[View], T]) -> T:
        """`compute(view)`, computed once for every moment of the study."""
        with self._lock:
            moment = self.moment(view)
            if what not in self._kept or self._kept[what][0] != moment:
                with _quick(wanted=self._large):
                    self._kept[what] = (moment, compute(view))
            found: T = self._kept[what][1]
            return found

    @property
    def settled_moment(self) -> Moment:
        """What a page of the trials that have ended is made of: reports of running ones change nothing there."""
        return Moment(self._settled, self._found)

    def settled(self, what: str, compute: Callable[[View], T]) -> T:
        """As `kept`, of what a report of a running trial does not change: a large study stays live."""
        with self._lock:
            view = self.view
            if what not in self._kept or self._kept[what][0] != self.settled_moment:
                with _quick(wanted=self._large):
                    self._kept[what] = (self.settled_moment, compute(view))
            found: T = self._kept[what][1]
            return found

    @property
    def summary(self) -> Summary:
        """What the study found so far; the steps of running trials are counted when the next one ends or begins."""
        return self.settled("summary", lambda view: summary(view, self.best))

    @property
    def table(self) -> Table:
        """All its trials as rows, each made when it is looked at."""
        return self.kept("table", self.view, outline)

    @property
    def ranking(self) -> Sequence[int]:
        """Numbers of the trials, best first."""
        return self.settled("ranking", lambda view: [trial.number for trial in ranking(view, self.best)])

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


def _only_reported(before: View, after: View) -> bool:
    """Whether nothing else has happened than that running trials reported."""
    if len(before.trials) != len(after.trials) or before.spec is not after.spec:
        return False
    changed = ((old, new) for old, new in zip(before.trials, after.trials, strict=True) if old is not new)
    return all(
        old.state is new.state is State.RUNNING and old.attempt == new.attempt and old.notes == new.notes
        for old, new in changed
    )


def _ended(view: View) -> int:
    return sum(trial.state.ended for trial in view.trials)


@contextmanager
def _quick(*, wanted: bool) -> Iterator[None]:
    """Without the collector's walks over objects that all stay, 100,000 trials are read and sorted in two thirds of the time."""
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
        self._turn = threading.Lock()
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
                reader = self._readers[name] = StudyReader(self.store, info, self._turn)
            return reader
