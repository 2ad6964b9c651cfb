"""Inline: trials run one after another in this process. Nothing to start, easy to debug; a crash takes the study with it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from tunesmith.run.attempt import Target
from tunesmith.run.executor import Job, Parked, Signal, Update
from tunesmith.run.randomness import Randomness, present_randomness
from tunesmith.run.stepping import Stepping, begin
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
        self._parked: dict[int, _Run] = {}

    def submit(self, job: Job) -> None:
        assert self._run is None, "the only place is taken"
        self._run = self._unpark(job) or _Run(job, begin(self._target, job), time.monotonic())

    def _unpark(self, job: Job) -> _Run | None:
        run = self._parked.pop(job.trial, None)
        if run is None or run.parked is None:
            return None
        if run.job.attempt != job.attempt or not run.parked.goes_on_with(job):
            run.training.close()
            return None
        run.go_on()
        return run

    def poll(self, timeout: float) -> Sequence[Update]:  # noqa: ARG002  the work itself is the waiting
        run = self._run
        if run is None:
            return ()
        said = run.training.advance()
        job = run.job
        if isinstance(said, Parked):
            run.park(said)
            self._parked[job.trial], self._run = run, None
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
        elif what in ("stop", "release") and trial in self._parked:
            self._parked.pop(trial).training.close()

    def close(self) -> None:
        for run in (*self._parked.values(), *([self._run] if self._run is not None else [])):
            run.training.close()
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
    parked: Parked | None = None
    _randomness: Randomness | None = None

    @property
    def seconds(self) -> float:
        """How long it has been training."""
        return time.monotonic() - self.began

    def park(self, parked: Parked) -> None:
        self.parked, self.began = parked, -self.seconds
        self._randomness = present_randomness()

    def go_on(self) -> None:
        assert self._randomness is not None
        self.parked, self.began = None, time.monotonic() + self.began
        self._randomness.restore()
        self.training.answer("continue")
