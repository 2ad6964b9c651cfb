"""Scheduler: what to keep running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias, final

from tunesmith.space.params import Config
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View


@final
@dataclass(frozen=True)
class Continue:
    """Train on."""


@final
@dataclass(frozen=True)
class Stop:
    """End the trial; its last report counts. `reason` is a sentence for people: what was seen and what it was compared with."""

    reason: str


@final
@dataclass(frozen=True)
class Pause:
    """Set the trial aside; it may be resumed."""

    reason: str


Decision: TypeAlias = Continue | Stop | Pause
CONTINUE = Continue()


class New(NamedTuple):
    """Start a trial. Without a config the sampler is asked; `parent` is forked, `twin` repeated on another seed."""

    config: Config | None = None
    parent: int | None = None
    twin: int | None = None
    budget: int | None = None
    by: str = ""
    why: str = ""


class Resume(NamedTuple):
    """Let a paused trial go on, up to `budget` steps."""

    trial: int
    budget: int | None = None


Order: TypeAlias = New | Resume


class Scheduler(Protocol):
    """Decides, from the view alone, which trials go on and which start. Same view, same answer."""

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        """What becomes of a running trial after a report, which `view` already holds."""

    def next(self, view: View, slots: int) -> Sequence[Order]:
        """What to start in up to `slots` free places; fewer orders mean: wait."""


def fresh(slots: int) -> Sequence[Order]:
    """New trials for all free places: the `next` of schedulers that only stop."""
    return [New()] * slots
