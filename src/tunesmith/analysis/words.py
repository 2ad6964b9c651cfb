"""Words for numbers and lists, in sentences about a study."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number_text(number: float) -> str:
    """A metric's value, short: 0.08123, 12345, 1.2e-05, nan."""
    if math.isfinite(number) and abs(number) < 1e9 and number == int(number):
        return str(int(number))
    return f"{number:.4g}"


def percent_text(share: float) -> str:
    """0.843 as "84 %"."""
    return f"{100 * share:.0f} %"


def count_text(count: int, noun: str) -> str:
    """ "1 trial", "2,000 trials"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def join_text(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def trials_text(numbers: Sequence[int], most: int = 5) -> str:
    """ "trial 3", "trials 3, 5 and 8", "trials 3, 5, 8, 9, 12 and 4 more"."""
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    rest = [f"{len(numbers) - most:,} more"] if len(numbers) > most else []
    return f"trials {join_text([*(str(number) for number in numbers[:most]), *rest])}"
