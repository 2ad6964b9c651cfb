"""Memory: the reference implementation of a store; gone with the process."""

from __future__ import annotations

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import final

from tunesmith.errors import DuplicateStudy, UnknownStudy
from tunesmith.stores.base import StudyInfo, holds_lease, stage
from tunesmith.trials.changes import Changes, ReportRow
from tunesmith.trials.facts import Draft, Event, Reported, Revised
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial


@final
class _Study:
    """One study's facts and snapshots; it is its own ledger."""

    def __init__(self, spec: StudySpec, created: float) -> None:
        self.spec = spec
        self.created = created
        self.seq = 0
        self.trials: list[Trial] = []
        self.log: list[int] = []
        """For each seq, beginning with 1, the trial that it concerns; -1 for the study."""
        self.events: list[Event] = []
        self.reports: list[ReportRow] = []
        self.keys: dict[str, int] = {}
        self.leases: dict[int, tuple[str, float]] = {}

    @property
    def opened(self) -> int:
        return len(self.trials)

    def trial(self, number: int) -> Trial | None:
        return self.trials[number] if 0 <= number < len(self.trials) else None

    def owner(self, key: str) -> int | None:
        return self.keys.get(key)


@final
class MemoryStore:
    """Studies in this process's memory."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._studies: dict[str, _Study] = {}
        self._lock = threading.RLock()

    def create(self, spec: StudySpec) -> None:
        with self._lock:
            if spec.name in self._studies:
                raise DuplicateStudy(f"A study named {spec.name!r} exists already; open it, or choose another name.")
            own = self._studies[spec.name] = _Study(spec, self._clock())
            own.seq = 1
            own.log.append(-1)
            own.events.append(Event(1, None, 0, own.created, "", Revised(spec)))

    def studies(self) -> Sequence[StudyInfo]:
        with self._lock:
            return [StudyInfo(name, s.created, s.opened, s.seq) for name, s in self._studies.items()]

    def spec(self, study: str) -> StudySpec:
        return self._study(study).spec

    def append(
        self,
        study: str,
        drafts: Sequence[Draft],
        *,
        expect: Mapping[int, int] | None = None,
        lease: float | None = None,
    ) -> Changes:
        with self._lock:
            own = self._study(study)
            since = own.seq
            staged = stage(own, drafts, expect, self._clock())
            for event, key in staged.events:
                own.events.append(event)
                if key is not None:
                    own.keys[key] = -1 if event.trial is None else event.trial
            own.reports.extend(staged.reports)
            own.log.extend(staged.log)
            for number, trial in staged.trials.items():
                if number == len(own.trials):
                    own.trials.append(trial)
                else:
                    own.trials[number] = trial
                if not holds_lease(trial):
                    own.leases.pop(number, None)
                elif lease is not None:
                    own.leases[number] = (trial.worker, lease)
            own.spec = staged.spec or own.spec
            own.seq = staged.seq
            return Changes(since, staged.seq, list(staged.trials.values()), staged.reports, spec=staged.spec)

    def changes(self, study: str, after: int = 0, *, reports: bool = True) -> Changes:
        with self._lock:
            own = self._study(study)
            now = self._clock()
            changed = sorted(set(own.log[after:]) - {-1})
            trials = [own.trials[number] for number in changed]
            start = bisect_right(own.reports, after, key=lambda row: row.seq) if reports else len(own.reports)
            expired = [number for number, (_, until) in own.leases.items() if until < now]
            return Changes(after, own.seq, trials, own.reports[start:], expired, own.spec)

    def events(self, study: str, trial: int | None = None, after: int = 0) -> Iterator[Event]:
        with self._lock:
            own = self._study(study)
            reported = [
                Event(row.seq, row.trial, 0, row.at, "", Reported(row.step, row.metrics, row.attempt))
                for row in own.reports
            ]
            log = sorted(own.events + reported, key=lambda event: event.seq)
        return (event for event in log if event.seq > after and trial in (None, event.trial))

    def renew(self, study: str, worker: str, trials: Sequence[int], until: float) -> Sequence[int]:
        with self._lock:
            own = self._study(study)
            lost = [number for number in trials if own.leases.get(number, ("", 0.0))[0] != worker]
            own.leases.update({number: (worker, until) for number in trials if number not in lost})
            return lost

    def delete(self, study: str) -> None:
        with self._lock:
            self._study(study)
            del self._studies[study]

    def close(self) -> None:
        """Nothing to give back; the studies stay."""

    def _study(self, name: str) -> _Study:
        try:
            return self._studies[name]
        except KeyError:
            raise UnknownStudy(
                f"There is no study named {name!r} in memory; known: {', '.join(self._studies) or 'none'}."
            ) from None
