"""One thread of linear algebra while a sampler thinks.

Its matrices are small: with several threads these mostly wait for one another, the more so beside trials that keep the
cores busy, and a proposal takes many times as long.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries that are loaded use one thread inside."""
    # Which libraries there are is looked up once: before, and once more after scipy brought its own.
    before = [(library, library.num_threads) for library in _libraries("scipy.linalg" in sys.modules)]
    for library, _ in before:
        library.set_num_threads(1)
    try:
        yield
    finally:
        for library, threads in before:
            library.set_num_threads(threads)


@cache
def _libraries(_with_scipy: bool) -> Sequence[Any]:
    # Their own `limit` asks each for a description of itself first, which takes longer than most proposals.
    libraries: Sequence[Any] = ThreadpoolController().select(user_api="blas").lib_controllers
    return libraries
