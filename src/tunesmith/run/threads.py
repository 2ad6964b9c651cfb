"""One thread of linear algebra while a sampler thinks.

Its matrices are small: with several threads these mostly wait for one another, the more so beside trials that keep the
cores busy, and a proposal takes many times as long.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, final

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries that are loaded use one thread inside; as many as before, once nobody in this program is inside."""
    _LIMIT.begin()
    try:
        yield
    finally:
        _LIMIT.end()


@final
class _Limit:
    """How many are inside at the same time, such as a dashboard's threads beside a search, and what to put back after the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before: dict[str, tuple[Any, int]] = {}
        """By the file of each library: how many threads it had."""

    def begin(self) -> None:
        with self._lock:
            self._inside += 1
            # Which libraries there are is looked up once: before, and once more after scipy brought its own.
            for library in _libraries("scipy.linalg" in sys.modules):
                if library.filepath not in self._before:
                    self._before[library.filepath] = library, library.num_threads
                    library.set_num_threads(1)

    def end(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                for library, threads in self._before.values():
                    library.set_num_threads(threads)
                self._before.clear()


_LIMIT: Final = _Limit()


@cache
def _libraries(_with_scipy: bool) -> Sequence[Any]:
    # Their own `limit` asks each for a description of itself first, which takes longer than most proposals.
    libraries: Sequence[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries
