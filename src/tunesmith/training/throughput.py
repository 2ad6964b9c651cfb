"""How many examples per second each batch size trains, and from which size on more brings little."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, final

from tunesmith.errors import InvalidStudy

_ENOUGH: Final = 0.9


@final
@dataclass(frozen=True)
class Throughput:
    """Examples per second by batch size. `knee` is the smallest size with 90 % of the best throughput."""

    sizes: tuple[int, ...]
    examples_per_second: tuple[float, ...]
    knee: int
    why: str


def throughput(
    try_step: Callable[[int], object],
    sizes: Sequence[int],
    *,
    repeats: int = 5,
    synchronize: Callable[[], object] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Throughput:
    """Times `try_step(size)`, one training step, for each size: the median of `repeats` after one that warms up.

    `synchronize` waits for a device that works on while Python goes on, such as `torch.cuda.synchronize`.
    """
    if not sizes or min(sizes) < 1 or repeats < 1:
        raise InvalidStudy(f"throughput(sizes={list(sizes)}, repeats={repeats}): give sizes and repeats of at least 1.")
    rates = []
    for size in sizes:
        try_step(size)
        seconds = []
        for _ in range(repeats):
            synchronize()
            begun = clock()
            try_step(size)
            synchronize()
            seconds.append(clock() - begun)
        rates.append(size / max(statistics.median(seconds), 1e-9))
    best = max(rates)
    knee = min(size for size, rate in zip(sizes, rates, strict=True) if rate >= _ENOUGH * best)
    why = f"{knee} examples at a time reach {_ENOUGH:.0%} of the {best:,.0f} examples per second of the best size"
    return Throughput(tuple(sizes), tuple(rates), knee, why)
