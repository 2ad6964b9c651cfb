"""Simulated: trials run on a virtual clock, on as many places as wanted, without waiting.

    study = ts.tune(train, minimize="loss", trials=500, parallel=64, executor=ts.simulated(seconds=40.0))
    max(trial.ended for trial in study.trials)                     how long it takes on 64 workers, in seconds

The training function is really called, one trial at a time, from one report to the next; how long that would take is said
by `seconds`. So whole studies, with schedulers that stop, pause and promote, are played through as fast as their functions
and samplers compute. Events come in the order of their virtual times, at one time in the order of submission: the same
study twice is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple, TypeAlias, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.attempt import Spoken, Target
from tunesmith.run.executor import Executor, Job, Parked, Signal, Update
from tunesmith.run.randomness import Randomness, present_randomness
from tunesmith.run.stepping import ParkedRuns, Stepping, begin
from tunesmith.space.params import Config
from tunesmith.trials.facts import Finished, Noted, Reported, Suggested

Seconds: TypeAlias = float | str | Callable[[Config, int, Mapping[str, float]], float]
"""How long a step takes: always the same, as a metric says that is reported with it, or computed from the configuration,
the step and its metrics."""


def simulated(*, seconds: Seconds = 1.0) -> Callable[..., Executor]:
    """What `tune(executor=...)` takes to run a study on a virtual clock that begins at 0, with `parallel` places.

    Every report takes virtual seconds, and so does an end that comes with values: `seconds` is a number, the name of a
    metric that is reported each time, or a function of (config, step, metrics). All else takes none.
    """
    return partial(Simulated, seconds=seconds)


@final
class Simulated:
    """Up to `slots` trials at a time, as far as the virtual clock can tell.

    Paused trials are kept; see `Restarting` for a world in which they are not. Raises `InvalidStudy` for `seconds` that
    are no time, at once or when they come.
    """

    parks = True

    def __init__(self, target: Target, slots: int, *, seconds: Seconds = 1.0) -> None:
        if slots < 1:
            raise InvalidStudy(f"slots={slots!r}: at least one trial must be allowed to run; give slots=1 or more.")
        self.slots = slots
        self._target = target
        self._seconds = seconds
        self._now = 0.0
        self._events: list[_Event] = []
        self._order = count()
        self._running: dict[int, _Run] = {}
        self._parked: ParkedRuns[_Run] = ParkedRuns()
        self._took(seconds if isinstance(seconds, int | float) else 0.0)

    def clock(self) -> float:
        """Virtual seconds since the executor was made; as `Driver(clock=...)` and of its store."""
        return self._now

    def submit(self, job: Job) -> None:
        assert len(self._running) < self.slots, "all places are taken"
        run = self._parked.take(job)
        if run is None:
            # It sends everything that it reports, since what the study knows already takes its time too.
            self._enter(_Run(job, begin(self._target, replace(job, after=0))))
        else:
            run.job = job
            self._enter(run, "continue")

    def _enter(self, run: _Run, answer: Signal | None = None) -> None:
        run.order = next(self._order)
        self._running[run.job.trial] = run
        self._advance(run, answer)

    def _advance(self, run: _Run, answer: Signal | None = None) -> None:
        """Train to the next report or to the end, and put it where it belongs in time."""
        at, retrained = self._now, 0
        run.take_turn()
        while True:
            if answer is not None:
                run.training.answer(answer)
            said = run.training.advance()
            answer = None
            if isinstance(said, Suggested):
                self._expect(at, run, said)
                continue
            at += self._length(run, said)
            if not isinstance(said, Reported) or said.step > run.job.after:
                break
            retrained += said.step - run.step
            run.step, answer = said.step, "continue"
        if isinstance(said, Reported):
            run.step = said.step
        if isinstance(said, Reported | Parked):
            run.end_turn()
        if retrained:
            self._expect(at, run, Noted("retrained", retrained))
        self._expect(at, run, said)

    def _expect(self, at: float, run: _Run, said: Spoken) -> None:
        heappush(self._events, _Event(at, run.order, next(self._order), run, said))

    def _length(self, run: _Run, said: Spoken) -> float:
        """The virtual seconds that a step of training takes."""
        if isinstance(said, Reported):
            step, metrics = said.step, said.metrics
        elif isinstance(said, Finished) and said.values:
            step, metrics = run.step + 1, said.values
        else:
            return 0.0
        if callable(self._seconds):
            return self._took(self._seconds(run.job.config, step, metrics))
        if isinstance(self._seconds, str):
            if self._seconds not in metrics:
                raise InvalidStudy(
                    f"seconds={self._seconds!r}: trial {run.job.trial} reported {', '.join(metrics)} at step {step}; "
                    f"report the seconds of every step too, or give a number."
                )
            return self._took(metrics[self._seconds])
        return self._seconds

    def _took(self, seconds: float) -> float:
        if not 0 <= seconds < float("inf"):
            raise InvalidStudy(f"A step that takes {seconds!r} seconds cannot be simulated; give 0 or more.")
        return seconds

    def poll(self, timeout: float) -> Sequence[Update]:  # noqa: ARG002  no real time passes
        updates: list[Update] = []
        while self._events and (not updates or self._events[0].at == self._now):
            event = heappop(self._events)
            self._now = event.at
            updates.append(self._happen(event.run, event.said))
        return updates

    def _happen(self, run: _Run, said: Spoken) -> Update:
        trial = run.job.trial
        run.awaits = isinstance(said, Reported)
        if isinstance(said, Parked):
            del self._running[trial]
            self._parked.park(run, said)
            return Update(trial, run.job.attempt, None)
        if not isinstance(said, Reported | Suggested | Noted):
            del self._running[trial]
        return Update(trial, run.job.attempt, said)

    def signal(self, trial: int, what: Signal) -> None:
        run = self._running.get(trial)
        if run is not None:
            if run.awaits:
                run.awaits = False
                self._advance(run, what)
        elif what in ("stop", "release"):
            self._parked.end(trial)

    def close(self) -> None:
        for run in self._running.values():
            run.training.close()
        self._running.clear()
        self._parked.clear()
        self._events.clear()


@final
@dataclass
class _Run:
    """A trial's training. Many of them take turns in one process, each with random numbers of its own."""

    job: Job
    training: Stepping
    order: int = 0
    step: int = 0
    """Of the last report."""
    awaits: bool = False
    """Whether its report has not been answered yet."""
    _randomness: Randomness | None = None

    def take_turn(self) -> None:
        if self._randomness is not None:
            self._randomness.restore()

    def end_turn(self) -> None:
        self._randomness = present_randomness()


class _Event(NamedTuple):
    """What a trial will have said at a time; compared by the first three fields, which differ between any two."""

    at: float
    order: int
    nth: int
    run: _Run
    said: Spoken


@final
class Restarting:
    """An executor in which pausing gives up all that a trial holds: it goes on from its checkpoint, or from the beginning."""

    parks = False

    def __init__(self, executor: Executor) -> None:
        self.slots = executor.slots
        self.clock = executor.clock
        self._executor = executor

    def submit(self, job: Job) -> None:
        self._executor.submit(job)

    def poll(self, timeout: float) -> Sequence[Update]:
        return self._executor.poll(timeout)

    def signal(self, trial: int, what: Signal) -> None:
        self._executor.signal(trial, "release" if what == "pause" else what)

    def close(self) -> None:
        self._executor.close()
