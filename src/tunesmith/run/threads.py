"""One thread of linear algebra while a sampler thinks.

Its matrices are small: with several threads these mostly wait for one another, the more so beside trials that keep the
cores busy, and a proposal takes many times as long.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries that are loaded use one thread inside."""
    # Which libraries there are is looked up once: before, and once more after scipy brought its own.
    with _libraries("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries(_with_scipy: bool) -> ThreadpoolController:
    return ThreadpoolController()
