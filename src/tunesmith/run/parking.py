"""Parking: trainings that were paused wait in their processes, as long as there is memory for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar, final

import psutil

from tunesmith.run.executor import Job, Parked

T = TypeVar("T")

_SHARE: Final = 0.5
_GROUPS: Final = Path("/sys/fs/cgroup")


class Waiting(NamedTuple, Generic[T]):
    """A parked training: the job that it was begun with, how far it is, and the process that holds it."""

    job: Job
    parked: Parked
    holder: T
    memory: float
    """Bytes that ending it gives back."""


@final
class Parking(Generic[T]):
    """Holds trainings whose memory is together at most `limit` bytes.

    `spares_saved` is False where a place is worth more than the time that loading takes: then trainings with a checkpoint
    at their last step do not wait here at all.
    """

    def __init__(self, limit: float, *, spares_saved: bool = True) -> None:
        self._limit = limit
        self._spares_saved = spares_saved
        self._waiting: dict[int, Waiting[T]] = {}
        """By trial, the one that has waited longest first."""

    def add(self, waiting: Waiting[T]) -> list[T]:
        """Park one; returns the holders of those that must go for it, itself perhaps among them."""
        self._waiting[waiting.job.trial] = waiting
        gone = [one for one in self._waiting.values() if one.parked.saved and not self._spares_saved]
        for one in gone:
            del self._waiting[one.job.trial]
        while sum(one.memory for one in self._waiting.values()) > self._limit:
            # Whatever has a checkpoint loses nothing; `min` takes the first, which is the oldest.
            loses_least = min(self._waiting.values(), key=lambda one: not one.parked.saved)
            gone.append(self._waiting.pop(loses_least.job.trial))
        return [one.holder for one in gone]

    def take(self, trial: int) -> Waiting[T] | None:
        """The training of a trial, which waits no longer; None if it is not here."""
        return self._waiting.pop(trial, None)

    def clear(self) -> list[T]:
        """Empty it; returns all holders."""
        holders = [one.holder for one in self._waiting.values()]
        self._waiting.clear()
        return holders


def default_parked_memory() -> float:
    """Bytes that parked trainings may take: half of what is available now."""
    return _SHARE * min([float(psutil.virtual_memory().available), *_group_limits()])


def _group_limits() -> Iterator[float]:
    """What the control groups of this process leave it, on Linux: containers and batch systems give less than there is."""
    with contextlib.suppress(OSError, ValueError):
        own = Path("/proc/self/cgroup").read_text(encoding="ascii").strip().rpartition("::")[2]
        group = _GROUPS / own.strip("/")
        for level in (group, *group.parents):
            if (level / "memory.max").exists():
                limit = (level / "memory.max").read_text(encoding="ascii").strip()
                used = (level / "memory.current").read_text(encoding="ascii")
                if limit != "max":
                    yield float(limit) - float(used)


def memory_of(pid: int) -> float:
    """Bytes that ending a process and all that it started would give back."""
    total = 0.0
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                total += float(one.memory_full_info().uss)
    return total
