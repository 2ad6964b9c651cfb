"""Inline: trials run one after another in this process. Nothing to start, easy to debug; a crash takes the study with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from tunesmith.run.attempt import Target
from tunesmith.run.executor import Job, Parked, Signal, Update
from tunesmith.run.randomness import Randomness, present_randomness
from tunesmith.run.stepping import ParkedRuns, Stepping, begin
from tunesmith.trials.facts import Failed, Noted, Reported, Suggested


@final
class Inline:
    """One trial at a time in this process.

    A function that takes a context runs in a thread of its own, since it reports from within a call; all others run in
    the calling thread. A trial's time limit is checked when it reports: a call cannot be interrupted from outside.
    Parked trials stay in memory, however many there are.
    """

    slots = 1
    parks = True

    def __init__(self, target: Target, *, time_limit: float | None = None) -> None:
        self.clock = time.time
        self._target = target
        self._time_limit = time_limit
        self._run: _Run | None = None
        self._parked: ParkedRuns[_Run] = ParkedRuns()

    def submit(self, job: Job) -> None:
        assert self._run is None, "the only place is taken"
        run = self._parked.take(job)
        if run is None:
            run = _Run(job, begin(self._target, job), time.monotonic())
        else:
            run.go_on()
        self._run = run

    def poll(self, timeout: float) -> Sequence[Update]:  # noqa: ARG002  the work itself is the waiting
        run = self._run
        if run is None:
            return ()
        said = run.training.advance()
        job = run.job
        if isinstance(said, Parked):
            run.rest()
            self._parked.park(run, said)
            self._run = None
            return (Update(job.trial, job.attempt, None),)
        if isinstance(said, Reported) and self._time_limit is not None and run.seconds > self._time_limit:
            run.training.answer("stop")
            run.training.advance()
            said = Failed("timeout", f"still training after the limit of {self._time_limit:g} s per trial", job.attempt)
        run.awaits = isinstance(said, Reported)
        if not isinstance(said, Reported | Suggested | Noted):
            self._run = None
        return (Update(job.trial, job.attempt, said),)

    def signal(self, trial: int, what: Signal) -> None:
        run = self._run
        if run is not None and run.job.trial == trial:
            if run.awaits:
                run.awaits = False
                run.training.answer(what)
        elif what in ("stop", "release"):
            self._parked.end(trial)

    def close(self) -> None:
        if self._run is not None:
            self._run.training.close()
        self._parked.clear()
        self._run = None


@final
@dataclass
class _Run:
    """A trial's training, which has this process to itself or is parked in it."""

    job: Job
    training: Stepping
    began: float
    awaits: bool = False
    """Whether its report has not been answered yet."""
    _randomness: Randomness | None = None

    @property
    def seconds(self) -> float:
        """How long it has been training."""
        return time.monotonic() - self.began

    def rest(self) -> None:
        """Stop the clock, and let others draw random numbers."""
        self.began = -self.seconds
        self._randomness = present_randomness()

    def go_on(self) -> None:
        assert self._randomness is not None
        self.began = time.monotonic() + self.began
        self._randomness.restore()
        self.training.answer("continue")
