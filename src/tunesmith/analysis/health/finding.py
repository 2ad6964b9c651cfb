"""A finding: something about a study that its owner should know, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
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
