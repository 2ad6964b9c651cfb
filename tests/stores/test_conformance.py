"""Every store keeps the laws of stores."""

from pathlib import Path

from tunesmith.stores.memory import MemoryStore
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.testing.stores import StoreConformance


class TestMemory(StoreConformance):
    persistent = False

    def open(self, where, clock):
        return MemoryStore(clock)


class TestSqlite(StoreConformance):
    def open(self, where: Path, clock):
        return SqliteStore(where / "study.db", clock=clock)
