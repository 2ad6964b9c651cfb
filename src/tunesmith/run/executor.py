"""Executor: where trials run. The protocol, and the values that go in and come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeAlias, final

from tunesmith.space.params import Config
from tunesmith.trials.facts import Failed, Finished, Lost, Noted, Reported, Suggested

Signal: TypeAlias = Literal["continue", "stop", "pause", "release"]
"""What a trial is told after a report. "pause" parks its training, which keeps all that it holds in memory but leaves its
place; "release" ends the training, for another time or another worker."""


@final
@dataclass(frozen=True)
class Job:
    """One attempt at a trial, with all that its worker needs to know."""

    study: str
    trial: int
    attempt: int
    config: Config
    seed: int
    metrics: tuple[str, ...]
    """The objectives; a bare number that is returned or yielded belongs to the only one."""
    signs: tuple[float, ...] = (1.0,)
    """Per objective, 1 if smaller is better and -1 if larger is."""
    hints: Config | None = None
    """Define-by-run: values for parameters that the objective may ask for. None if the space is given."""
    by: str = ""
    budget: int | None = None
    after: int = 0
    """Reports up to this step are known already (a resumed trial)."""
    losses: Mapping[int, float] = field(default_factory=dict)
    """What was reported of the first objective before, by step; smaller is better."""
    folder: Path | None = None
    """Where this trial may keep files; not made yet."""
    rank: int = 0
    """Of this process among those that train the trial together; only rank 0 writes files."""


class Update(NamedTuple):
    """Something that happened to a trial. `None` says that it left its place as it was told to."""

    trial: int
    attempt: int
    fact: Reported | Suggested | Noted | Finished | Failed | Lost | None


class Parked(NamedTuple):
    """What a training that was told to pause says where it stops to wait; the answer lets it go on, or ends it."""

    step: int
    """Of its last report."""
    saved: bool
    """Whether its checkpoint belongs to that step, so that nothing is lost if it is ended here."""

    def goes_on_with(self, job: Job) -> bool:
        """Whether the job is to go on from here; if another driver has trained the trial meanwhile, it is not."""
        return self.step == job.after


class Executor(Protocol):
    """Runs up to `slots` trials at a time.

    After every `Reported` that `poll` returns, the caller sends one `signal`; trials may wait for it. A place is free
    again once `poll` has returned the trial's `Finished`, `Failed`, `Lost` or `None`.

    A job of a trial that is parked goes on from there, if the attempt is the same and the study knows no later report.
    Otherwise the function is called anew: it may load a checkpoint, and what it reports up to `Job.after` is not told
    again, but counted; before the first new report comes `Noted("retrained", steps)`.
    """

    slots: int
    parks: bool
    """Whether a trial that is paused can go on where it stopped."""

    @property
    def clock(self) -> Callable[[], float]:
        """The time in which trials run, in seconds: `time.time`, unless it is simulated."""

    def submit(self, job: Job) -> None:
        """Begin a trial, or let it go on; at most `slots` at a time."""

    def poll(self, timeout: float) -> Sequence[Update]:
        """What happened since the last call; waits up to `timeout` seconds for something to happen."""

    def signal(self, trial: int, what: Signal) -> None:
        """The answer to a report. Trials that have ended meanwhile are ignored.

        A trial that has nothing to be answered may be told to "stop" or to "release" what it holds: one that is parked, and
        no update follows; or one that trains in a process of its own, and it is killed if it does not end within seconds.
        """

    def close(self) -> None:
        """End everything that still runs, and give back processes and files. Closing twice is allowed."""
