"""Inline: trials run one after another in this process. Nothing to start, easy to debug; a crash takes the study with it."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from typing import Any, final

from tunesmith.run.attempt import Target, attempt_steps, run_attempt
from tunesmith.run.executor import Job, Signal, Update
from tunesmith.trials.facts import Failed, Finished, Reported, Suggested


@final
class Inline:
    """One trial at a time in this process.

    A function that takes a context runs in a thread of its own, since it reports from within a call; all others run in
    the calling thread. A trial's time limit is checked when it reports: a call cannot be interrupted from outside.
    """

    slots = 1

    def __init__(self, target: Target, *, time_limit: float | None = None) -> None:
        self._target = target
        self._time_limit = time_limit
        self._run: _Stepped | _Threaded | None = None

    def submit(self, job: Job) -> None:
        assert self._run is None, "the only place is taken"
        threaded = self._target.binding.wants_context
        self._run = _Threaded(self._target, job) if threaded else _Stepped(self._target, job)

    def poll(self, timeout: float) -> Sequence[Update]:  # noqa: ARG002  the work itself is the waiting
        run = self._run
        if run is None:
            return ()
        fact = run.advance()
        job = run.job
        if (
            self._time_limit is not None
            and isinstance(fact, Reported)
            and time.monotonic() - run.began > self._time_limit
        ):
            run.answer("stop")
            run.advance()
            fact = Failed("timeout", f"still training after the limit of {self._time_limit:g} s per trial", job.attempt)
        if not isinstance(fact, Reported | Suggested):
            self._run = None
        return (Update(job.trial, job.attempt, fact),)

    def signal(self, trial: int, what: Signal) -> None:
        if self._run is not None and self._run.job.trial == trial:
            self._run.answer(what)

    def close(self) -> None:
        if self._run is not None:
            self._run.close()
            self._run = None


@final
class _Stepped:
    """Runs in the calling thread, from one yield to the next."""

    def __init__(self, target: Target, job: Job) -> None:
        self.job = job
        self.began = time.monotonic()
        self._steps = attempt_steps(target, job, _no_context)
        self._answer: Signal | None = None

    def advance(self) -> Any:
        fact = self._steps.send(self._answer)
        if not isinstance(fact, Reported):
            self._steps.close()
        return fact

    def answer(self, what: Signal) -> None:
        self._answer = what

    def close(self) -> None:
        self._steps.close()


def _no_context(fact: Reported | Suggested) -> Signal:
    raise AssertionError(f"{fact} from a function without a context")


@final
class _Threaded:
    """Runs in a thread that waits for an answer after each report."""

    def __init__(self, target: Target, job: Job) -> None:
        self.job = job
        self.began = time.monotonic()
        self._facts: queue.SimpleQueue[Reported | Suggested | Finished | Failed | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Signal] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._main, args=(target,), name=f"trial-{job.trial}", daemon=True)
        self._thread.start()

    def _main(self, target: Target) -> None:
        self._facts.put(run_attempt(target, self.job, self._exchange))

    def _exchange(self, fact: Reported | Suggested) -> Signal:
        self._facts.put(fact)
        return "continue" if isinstance(fact, Suggested) else self._answers.get()

    def advance(self) -> Any:
        fact = self._facts.get()
        if not isinstance(fact, Reported | Suggested):
            self._thread.join()
        return fact

    def answer(self, what: Signal) -> None:
        self._answers.put(what)

    def close(self) -> None:
        self._answers.put("release")
