"""An attempt at a trial in this process that can be left and taken up again, from one report to the next."""

from __future__ import annotations

import queue
import threading
from typing import Generic, NamedTuple, Protocol, TypeVar, final

from tunesmith.run.attempt import Spoken, Target, attempt_steps, run_attempt
from tunesmith.run.context import Said
from tunesmith.run.executor import Job, Parked, Signal
from tunesmith.trials.facts import Failed, Finished, Noted, Suggested


class Stepping(Protocol):
    """An attempt that only trains when it is told to."""

    def advance(self) -> Spoken:
        """Train on until there is something to say."""

    def answer(self, what: Signal) -> None:
        """What to do after the last report, or where it was parked; to be given before the next `advance`."""

    def close(self) -> None:
        """End it now."""


def begin(target: Target, job: Job) -> Stepping:
    """A function that takes a context runs in a thread of its own, since it reports from within a call."""
    return _Threaded(target, job) if target.binding.wants_context else _Stepped(target, job)


@final
class _Stepped:
    """Runs in the calling thread, from one yield to the next."""

    def __init__(self, target: Target, job: Job) -> None:
        self._steps = attempt_steps(target, job, _no_context)
        self._answer: Signal | None = None

    def advance(self) -> Spoken:
        spoken = self._steps.send(self._answer)
        self._answer = "continue"
        if spoken is None or isinstance(spoken, Finished | Failed):
            self._steps.close()
        return spoken

    def answer(self, what: Signal) -> None:
        self._answer = what

    def close(self) -> None:
        self._steps.close()


def _no_context(said: Said) -> Signal:
    raise AssertionError(f"{said} from a function without a context")


@final
class _Threaded:
    """Runs in a thread that waits for an answer after each report."""

    def __init__(self, target: Target, job: Job) -> None:
        self._spoken: queue.SimpleQueue[Spoken | BaseException] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, args=(target, job), name=f"trial-{job.trial}", daemon=True)

    def _main(self, target: Target, job: Job) -> None:
        try:
            self._spoken.put(run_attempt(target, job, self._exchange))
        except BaseException as error:  # noqa: BLE001  such as KeyboardInterrupt: whoever waits for the training gets it
            self._spoken.put(error)

    def _exchange(self, said: Said) -> Signal:
        self._spoken.put(said)
        return "continue" if isinstance(said, Suggested | Noted) else self._answers.get()

    def advance(self) -> Spoken:
        if self._thread.ident is None:
            self._thread.start()
        spoken = self._spoken.get()
        if spoken is None or isinstance(spoken, Finished | Failed | BaseException):
            self._thread.join()
        if isinstance(spoken, BaseException):
            raise spoken
        return spoken

    def answer(self, what: Signal) -> None:
        self._answers.put(what)

    def close(self) -> None:
        self._answers.put("release")


class Run(Protocol):
    """What an executor keeps of a trial that it trains by steps."""

    job: Job
    training: Stepping


R = TypeVar("R", bound=Run)


class _Waiting(NamedTuple, Generic[R]):
    run: R
    parked: Parked


@final
class ParkedRuns(Generic[R]):
    """Trainings that wait in this process where they paused, by trial."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting[R]] = {}

    def park(self, run: R, parked: Parked) -> None:
        self._waiting[run.job.trial] = _Waiting(run, parked)

    def take(self, job: Job) -> R | None:
        """The run that goes on with this job; it waits no longer. One whose trial was trained elsewhere meanwhile is ended."""
        waiting = self._waiting.pop(job.trial, None)
        if waiting is None:
            return None
        run, parked = waiting
        if run.job.attempt == job.attempt and parked.goes_on_with(job):
            return run
        run.training.close()
        return None

    def end(self, trial: int) -> None:
        """End a trial's training, if it waits here."""
        waiting = self._waiting.pop(trial, None)
        if waiting is not None:
            waiting.run.training.close()

    def clear(self) -> None:
        """End them all."""
        for trial in list(self._waiting):
            self.end(trial)
