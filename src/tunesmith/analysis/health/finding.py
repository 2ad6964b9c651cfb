"""A finding: something about a study that its owner should know, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, final

from tunesmith.space.params import Json

Severity: TypeAlias = Literal["problem", "warning", "note"]

SEVERITIES: Final[tuple[Severity, ...]] = ("problem", "warning", "note")


@final
@dataclass(frozen=True)
class Finding:
    """Something about a study that its owner should know."""

    name: str
    """Which kind of finding this is, such as "at-bound"."""
    severity: Severity
    """"problem": the result cannot be trusted, or the search does not work. "warning": quality or time is lost. "note": good
    to know."""
    sentence: str
    """What was found, in plain words and with its numbers."""
    remedy: str
    """What to do."""
    trials: tuple[int, ...] = ()
    """The trials it is about, by number."""
    evidence: Mapping[str, Json] = field(default_factory=dict)
    """The numbers behind the sentence."""


def number_text(value: float) -> str:
    """A number in a sentence: 0.0312, 512, 1.2e-05."""
    if abs(value) < 1e9 and value == int(value):
        return str(int(value))
    return f"{value:.3g}"


def count_text(count: int, noun: str) -> str:
    """ "1 trial", "12 trials"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def trials_text(numbers: Sequence[int], most: int = 5) -> str:
    """ "trial 3", "trials 3, 5 and 8", "trials 3, 5, 8, 9, 12 and 4 more"."""
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    shown = [str(number) for number in numbers[:most]]
    if len(numbers) > most:
        return f"trials {', '.join(shown)} and {len(numbers) - most} more"
    return f"trials {', '.join(shown[:-1])} and {shown[-1]}"


def joined(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
