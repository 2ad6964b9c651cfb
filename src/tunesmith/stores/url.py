"""The store that a URL or a path names."""

from __future__ import annotations

from pathlib import Path

from tunesmith.errors import StoreError
from tunesmith.stores.base import Store
from tunesmith.stores.memory import MemoryStore
from tunesmith.stores.sqlite import SqliteStore


def open_store(where: str | Path | Store | None, *, create: bool = True) -> Store:
    """`None` or "memory" is memory; "sqlite:///tunesmith.db" or a path is an SQLite file; a store is taken as it is."""
    if where is None or where == "memory":
        return MemoryStore()
    if isinstance(where, Path):
        return SqliteStore(where, create=create)
    if not isinstance(where, str):
        return where
    if where.startswith("sqlite:///"):
        return SqliteStore(where.removeprefix("sqlite:///"), create=create)
    if "://" in where:
        scheme = where.split("://", maxsplit=1)[0]
        raise StoreError(f"store={where!r}: {scheme} is not known; use sqlite:///FILE, or a file's path.")
    if not where:
        raise StoreError("store='': name a file such as sqlite:///tunesmith.db, or None to keep the study in memory.")
    return SqliteStore(where, create=create)
