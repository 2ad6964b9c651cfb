"""SQLite: the default store. One file, any number of processes of one machine.

Write-ahead log, `BEGIN IMMEDIATE` for every write, and a patient wait for the lock, so that nobody ever meets "database is
locked". `synchronous=NORMAL` loses nothing to a killed process; a power cut may cost the last commits, never the file.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, final

from tunesmith.errors import DuplicateStudy, UnknownStudy
from tunesmith.stores.base import Staged, StudyInfo, holds_lease, stage
from tunesmith.stores.connection import SqliteFile
from tunesmith.stores.files import check_path
from tunesmith.stores.reports import all_reports, grouped, reports_of
from tunesmith.stores.rows import dumps, fact_body, fact_from, trial_doc, trials_from
from tunesmith.trials.changes import Changes, ReportColumns, ReportRow
from tunesmith.trials.facts import Draft, Event, Reported, Revised
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial

# AUTOINCREMENT gives no number twice: what another process has kept of a deleted study must not pass for a new one's.
_SCHEMA: Final = """
CREATE TABLE studies (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, spec TEXT NOT NULL, seq INTEGER NOT NULL,
    opened INTEGER NOT NULL, created REAL NOT NULL);
CREATE TABLE events (study INTEGER NOT NULL, seq INTEGER NOT NULL, trial INTEGER, version INTEGER NOT NULL,
    kind TEXT NOT NULL, at REAL NOT NULL, worker TEXT NOT NULL, key TEXT, body TEXT NOT NULL,
    PRIMARY KEY (study, seq)) WITHOUT ROWID;
CREATE UNIQUE INDEX events_by_key ON events (study, key) WHERE key IS NOT NULL;
CREATE INDEX events_by_trial ON events (study, trial);
CREATE TABLE reports (study INTEGER NOT NULL, trial INTEGER NOT NULL, attempt INTEGER NOT NULL, step INTEGER NOT NULL,
    metric TEXT NOT NULL, seq INTEGER NOT NULL, value REAL, at REAL NOT NULL,
    PRIMARY KEY (study, trial, attempt, step, metric)) WITHOUT ROWID;
CREATE TABLE trials (study INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL,
    attempt INTEGER NOT NULL, seq INTEGER NOT NULL, config TEXT, doc TEXT NOT NULL,
    PRIMARY KEY (study, number)) WITHOUT ROWID;
CREATE INDEX trials_by_seq ON trials (study, seq);
CREATE TABLE leases (study INTEGER NOT NULL, trial INTEGER NOT NULL, worker TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (study, trial)) WITHOUT ROWID;
"""


@final
class _Ledger:
    """A study's row and trials, read inside a write transaction."""

    def __init__(
        self, connection: sqlite3.Connection, study: int, spec: StudySpec, seq: int, opened: int, cache: _Cache
    ) -> None:
        self._connection = connection
        self.study = study
        self.spec = spec
        self.seq = seq
        self.opened = opened
        self._cache = cache

    def trial(self, number: int) -> Trial | None:
        row = self._connection.execute(
            "SELECT version, state, attempt FROM trials WHERE study = ? AND number = ?", (self.study, number)
        ).fetchone()
        if row is None:
            return None
        cached = self._cache.get((self.study, number))
        if cached is not None and (cached.version, cached.state.value, cached.attempt) == row:
            return cached
        full = self._connection.execute(_SELECT_TRIALS + " AND number = ?", (self.study, number)).fetchone()
        return trials_from([full])[0]

    def owner(self, key: str) -> int | None:
        row = self._connection.execute(
            "SELECT trial FROM events WHERE study = ? AND key = ?", (self.study, key)
        ).fetchone()
        return None if row is None else -1 if row[0] is None else int(row[0])


_INSERT_TRIAL: Final = (
    "INSERT INTO trials (state, version, attempt, seq, doc, config, study, number) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_UPDATE_TRIAL: Final = (
    "UPDATE trials SET state = ?, version = ?, attempt = ?, seq = ?, doc = ? WHERE study = ? AND number = ?"
)
_UPDATE_TRIAL_AND_CONFIG: Final = (
    "UPDATE trials SET state = ?, version = ?, attempt = ?, seq = ?, doc = ?, config = ? WHERE study = ? AND number = ?"
)
_Cache = dict[tuple[int, int], Trial]
_SELECT_EVENTS: Final = "SELECT seq, trial, version, kind, at, worker, body FROM events WHERE study = ? AND seq > ?"
_SELECT_REPORTS: Final = "SELECT trial, attempt, step, metric, value, at, seq FROM reports WHERE study = ? AND seq > ?"
_SELECT_TRIALS: Final = "SELECT number, state, version, attempt, config, doc FROM trials WHERE study = ?"


@final
class SqliteStore:
    """Studies in one SQLite file, which is made if it does not exist (unless `create=False`)."""

    def __init__(
        self, path: str | os.PathLike[str], *, create: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self.path = Path(path).absolute()
        self._clock = clock
        self._cache: _Cache = {}
        self._specs: dict[str, StudySpec] = {}
        check_path(self.path, create)
        self._file = SqliteFile(self.path, _SCHEMA)

    def create(self, spec: StudySpec) -> None:
        with self._file.write() as connection:
            if connection.execute("SELECT 1 FROM studies WHERE name = ?", (spec.name,)).fetchone():
                raise DuplicateStudy(
                    f"{self.path} has a study named {spec.name!r} already; open it, or choose another name."
                )
            now = self._clock()
            study = connection.execute(
                "INSERT INTO studies (name, spec, seq, opened, created) VALUES (?, ?, 1, 0, ?)",
                (spec.name, dumps(spec.to_json()), now),
            ).lastrowid
            connection.execute(
                "INSERT INTO events VALUES (?, 1, NULL, 0, 'revised', ?, '', NULL, ?)",
                (study, now, fact_body(Revised(spec))),
            )

    def studies(self) -> Sequence[StudyInfo]:
        with self._file.read() as connection:
            return [
                StudyInfo(*row)
                for row in connection.execute("SELECT name, created, opened, seq FROM studies ORDER BY id")
            ]

    def spec(self, study: str) -> StudySpec:
        with self._file.read() as connection:
            return self._ledger(connection, study).spec

    def append(
        self,
        study: str,
        drafts: Sequence[Draft],
        *,
        expect: Mapping[int, int] | None = None,
        lease: float | None = None,
    ) -> Changes:
        with self._file.write() as connection:
            ledger = self._ledger(connection, study)
            staged = stage(ledger, drafts, expect, self._clock())
            self._insert(connection, ledger, staged, lease)
        # Only now, after the commit: a cache of what was rolled back would poison later transactions.
        if len(self._cache) > 10_000:
            self._cache.clear()
        self._cache.update({(ledger.study, number): trial for number, trial in staged.trials.items()})
        return Changes(ledger.seq, staged.seq, list(staged.trials.values()), staged.reports, spec=staged.spec)

    def _insert(self, connection: sqlite3.Connection, ledger: _Ledger, staged: Staged, lease: float | None) -> None:
        study = ledger.study
        if staged.events:
            connection.executemany(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        study,
                        e.seq,
                        e.trial,
                        e.version,
                        type(e.fact).__name__.lower(),
                        e.at,
                        e.worker,
                        key,
                        fact_body(e.fact),
                    )
                    for e, key in staged.events
                ],
            )
        if staged.reports:
            connection.executemany(
                "INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (study, row.trial, row.attempt, row.step, metric, row.seq, value, row.at)
                    for row in staged.reports
                    for metric, value in row.metrics.items()
                ],
            )
        opened = ledger.opened
        for number, trial in staged.trials.items():
            row = (trial.state.value, trial.version, trial.attempt, staged.seq, trial_doc(trial))
            known = self._cache.get((study, number))
            if number >= ledger.opened:
                opened += 1
                connection.execute(_INSERT_TRIAL, (*row, _config_text(trial), study, number))
            elif known is not None and known.config is trial.config:
                connection.execute(_UPDATE_TRIAL, (*row, study, number))
            else:
                connection.execute(_UPDATE_TRIAL_AND_CONFIG, (*row, _config_text(trial), study, number))
            if not holds_lease(trial):
                connection.execute("DELETE FROM leases WHERE study = ? AND trial = ?", (study, number))
            elif lease is not None:
                connection.execute(
                    "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?)", (study, number, trial.worker, lease)
                )
        connection.execute("UPDATE studies SET seq = ?, opened = ? WHERE id = ?", (staged.seq, opened, study))
        if staged.spec is not None:
            connection.execute("UPDATE studies SET spec = ? WHERE id = ?", (dumps(staged.spec.to_json()), study))

    def changes(self, study: str, after: int = 0, *, reports: bool = True) -> Changes:
        with self._file.read() as connection:
            ledger = self._ledger(connection, study)
            trials: list[Trial] = []
            if ledger.seq > after:
                query = _SELECT_TRIALS + (" AND seq > ? ORDER BY number" if after else " AND seq >= ? ORDER BY number")
                trials = trials_from(connection.execute(query, (ledger.study, after)).fetchall())
            expired = [
                row[0]
                for row in connection.execute(
                    "SELECT trial FROM leases WHERE study = ? AND until < ?", (ledger.study, self._clock())
                )
            ]
            rows: Sequence[ReportRow] | ReportColumns = ()
            if reports and trials:
                rows = (
                    all_reports(connection, ledger.study, trials)
                    if after == 0
                    else reports_of(connection, ledger.study, trials, after)
                )
            return Changes(after, ledger.seq, trials, rows, expired, ledger.spec)

    def events(self, study: str, trial: int | None = None, after: int = 0) -> Iterator[Event]:
        which, arguments = ("", ()) if trial is None else (" AND trial = ?", (trial,))
        with self._file.read() as connection:
            key = (self._ledger(connection, study).study, after, *arguments)
            facts = [
                Event(seq, number, version, at, worker, fact_from(kind, body))
                for seq, number, version, kind, at, worker, body in connection.execute(
                    _SELECT_EVENTS + which,
                    key,
                )
            ]
            rows = connection.execute(_SELECT_REPORTS + which, key)
            facts += [
                Event(row.seq, row.trial, 0, row.at, "", Reported(row.step, row.metrics, row.attempt))
                for row in grouped(rows)
            ]
        return iter(sorted(facts, key=lambda event: event.seq))

    def renew(self, study: str, worker: str, trials: Sequence[int], until: float) -> Sequence[int]:
        with self._file.write() as connection:
            key = self._ledger(connection, study).study
            return [
                number
                for number in trials
                if connection.execute(
                    "UPDATE leases SET until = ? WHERE study = ? AND trial = ? AND worker = ?",
                    (until, key, number, worker),
                ).rowcount
                == 0
            ]

    def delete(self, study: str) -> None:
        with self._file.write() as connection:
            key = self._ledger(connection, study).study
            for table in ("events", "reports", "trials", "leases"):
                connection.execute(f"DELETE FROM {table} WHERE study = ?", (key,))  # noqa: S608  our own table names
            connection.execute("DELETE FROM studies WHERE id = ?", (key,))
        self._cache.clear()

    def close(self) -> None:
        self._file.close()

    def _ledger(self, connection: sqlite3.Connection, study: str) -> _Ledger:
        row = connection.execute("SELECT id, spec, seq, opened FROM studies WHERE name = ?", (study,)).fetchone()
        if row is None:
            known = ", ".join(name for (name,) in connection.execute("SELECT name FROM studies ORDER BY id LIMIT 10"))
            raise UnknownStudy(f"{self.path} has no study named {study!r}; it has: {known or 'none yet'}.")
        key, text, seq, opened = row
        spec = self._specs.get(text)
        if spec is None:
            self._specs = {text: (spec := StudySpec.from_json(json.loads(text)))}
        return _Ledger(connection, key, spec, seq, opened, self._cache)


def _config_text(trial: Trial) -> str | None:
    return None if trial.config is None else dumps(trial.config)
