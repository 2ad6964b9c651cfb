"""The connection to one SQLite file."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

from tunesmith.errors import NewerFormat, StoreError
from tunesmith.stores.files import PATIENCE, translated

_FORMAT: Final = 1


@final
class SqliteFile:
    """Transactions on one file. Threads take turns; after a fork each process gets connections of its own."""

    def __init__(self, path: Path, schema: str) -> None:
        self._path = path
        self._schema = schema
        self._lock = threading.RLock()
        self._open()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A consistent look at the file; writers go on meanwhile."""
        with self._lock, translated(self._path):
            self._check_process()
            connection = self._connection
            connection.execute("BEGIN")
            try:
                # The first look takes the snapshot; only then can another process be in the way, for a moment.
                _patiently(connection, "SELECT 1 FROM studies")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """All that is written in it, or nothing if it raises."""
        with self._lock, translated(self._path):
            self._check_process()
            connection = self._connection
            _begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _open(self) -> None:
        self._pid = os.getpid()
        with translated(self._path):
            # No busy time-out of SQLite's own, see _patiently. One connection for reading and writing: after a write,
            # its pages are still there for the read that follows.
            self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0)
            try:
                self._check_format()
            except BaseException:
                self._connection.close()
                raise

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            self._open()

    def _check_format(self) -> None:
        if self._format() == 0:
            _patiently(self._connection, "PRAGMA journal_mode = WAL")
            _begin(self._connection)
            try:
                if self._format() == 0:
                    self._create_tables()
            finally:
                self._connection.execute("COMMIT")
        found = self._format()
        if found > _FORMAT:
            raise NewerFormat(
                f"{self._path} has store format {found}, newer than {_FORMAT}; upgrade Tunesmith to read it"
            )
        self._connection.execute("PRAGMA synchronous = NORMAL")
        # Moving the log into the file waits for the disk; with 32 MB of log that happens a tenth as often.
        self._connection.execute("PRAGMA wal_autocheckpoint = 8000")

    def _format(self) -> int:
        return int(_patiently(self._connection, "PRAGMA user_version").fetchone()[0])

    def _create_tables(self) -> None:
        if self._connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise StoreError(
                f"{self._path} is an SQLite file of another program; name another file for Tunesmith's studies."
            )
        for statement in self._schema.split(";\n"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _begin(connection: sqlite3.Connection) -> None:
    """Take the write lock. SQLite's own wait backs off to 0.1 s, which leaves a busy file idle; this one stays awake."""
    _patiently(connection, "BEGIN IMMEDIATE")


def _patiently(connection: sqlite3.Connection, statement: str) -> sqlite3.Cursor:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.0002, 0.002))  # noqa: S311
