"""The file that SQLite keeps a store in: where it may lie, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tunesmith.errors import Conflict, StoreError
from tunesmith.stores.network import network_filesystem

PATIENCE: Final = 120.0
"""Seconds that a write waits for other processes."""


def check_path(path: Path, create: bool) -> None:
    """Raise `StoreError` if no store can be at a path; make its directory if need be."""
    if path.is_dir():
        raise StoreError(f"{path} is a directory; name a file in it, such as {path / 'tunesmith.db'}.")
    if not path.exists():
        if not create:
            raise StoreError(
                f"There is no store at {path}; name one with --store, or begin a study with: tunesmith run"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{path.parent} cannot be made ({error.strerror}); name a store in a directory that you may write to."
            ) from None
    kind = network_filesystem(path.parent)
    if kind is not None:
        raise StoreError(
            f"{path} lies on a network file system ({kind}), where SQLite loses data; keep it on a local disk, "
            f"as studies shared between machines will need PostgreSQL, which this version does not support yet."
        )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors in words that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        if isinstance(error, sqlite3.IntegrityError):
            raise Conflict(f"{path}: another process was faster ({text}); decide anew.") from error
        if "readonly" in text:
            advice = "may not be written to; change its permissions or name another file"
        elif "full" in text:
            advice = "is on a disk that is full; make room and run the same command again, nothing recorded is lost"
        elif "locked" in text or "busy" in text:
            advice = f"was held by another process for {PATIENCE:.0f} s; look for a program that keeps it open"
        elif "not a database" in text or "malformed" in text:
            advice = "is not an SQLite file, or is damaged; name another file, or restore it from a backup"
        elif "unable to open" in text:
            advice = "cannot be opened; check that its directory exists and may be written to"
        elif "closed" in text:
            advice = "was closed; open the study again"
        else:
            advice = f"failed: {text}; check the disk"
        raise StoreError(f"The store {path} {advice}.") from error
