"""Processes: trials run in worker processes of this machine, one per slot.

    driver ── Popen ──▶ python -m tunesmith.run.worker     (own session; ends when the driver is gone)
      │  ◀── Reported, Finished, ... ──┐
      ╰──── job, signal ──────────────▶ one two-way pipe per worker

A worker serves its slot from trial to trial, so that imports and data are loaded once. After any failure, and when a
trial has left GPU memory behind, it is replaced by a fresh one. The training function travels by cloudpickle, so that
functions of scripts and notebooks work; the script itself is not run again.
"""

from __future__ import annotations

import contextlib
import os
import signal as signals
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Final, final

import cloudpickle

from tunesmith.errors import InvalidObjective
from tunesmith.run.attempt import Target
from tunesmith.run.devices import device_of
from tunesmith.run.executor import Job, Signal, Update
from tunesmith.run.failure import exit_in_words, tail
from tunesmith.trials.facts import Failed, Finished, Lost

_TRIES: Final = 2
"""A trial whose worker dies is tried once more: the cause may have been elsewhere on the machine."""


@final
class Processes:
    """Up to `slots` trials at a time, each in a process of its own.

    `devices` are given out one per slot through `CUDA_VISIBLE_DEVICES`. `time_limit` is in seconds per trial; a trial
    beyond it is killed. Raises `InvalidObjective` if the function cannot be sent to another process.
    """

    def __init__(
        self, target: Target, *, slots: int, devices: Sequence[str] = (), time_limit: float | None = None
    ) -> None:
        self.slots = slots
        self._payload = _pickled(target)
        self._devices = tuple(devices)
        self._time_limit = time_limit
        self._workers: list[_Worker | None] = [None] * slots

    def submit(self, job: Job) -> None:
        for slot, known in enumerate(self._workers):
            if known is None or known.job is None:
                worker = known or _Worker(self._payload, device_of(slot, self._devices), self.slots)
                self._workers[slot] = worker
                worker.begin(job, self._time_limit)
                return
        raise AssertionError("all places are taken")

    def poll(self, timeout: float) -> Sequence[Update]:
        busy = [worker for worker in self._workers if worker is not None and worker.job is not None]
        if not busy:
            return ()
        patience = min([timeout, *(worker.seconds_left() for worker in busy)])
        ready = wait([worker.pipe for worker in busy], max(0.0, patience))
        updates = [update for worker in busy if worker.pipe in ready for update in worker.receive()]
        updates += [update for worker in busy if worker.seconds_left() <= 0 for update in worker.overdue()]
        self._workers = [None if worker is not None and worker.gone else worker for worker in self._workers]
        return updates

    def signal(self, trial: int, what: Signal) -> None:
        for worker in self._workers:
            if worker is not None and worker.job is not None and worker.job.trial == trial:
                worker.send(("signal", what))

    def close(self) -> None:
        for worker in self._workers:
            if worker is not None:
                worker.end()
        self._workers = [None] * self.slots


@final
class _Worker:
    """One worker process, seen from the driver."""

    def __init__(self, payload: bytes, device: str | None, slots: int) -> None:
        self.pipe, theirs = Pipe()
        self.job: Job | None = None
        self.gone = False
        self._deadline = float("inf")
        self._limit = 0.0
        environment = {**_threads(slots), **os.environ}
        if device is not None:
            environment["CUDA_VISIBLE_DEVICES"] = device
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and module
            [sys.executable, "-m", "tunesmith.run.worker", str(theirs.fileno()), str(os.getpid())],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is the driver's to handle
        )
        theirs.close()
        self.send(("setup", {"path": sys.path, "cwd": str(Path.cwd()), "target": payload}))

    def begin(self, job: Job, time_limit: float | None) -> None:
        self.job = job
        self._limit = time_limit or 0.0
        self._deadline = time.monotonic() + time_limit if time_limit is not None else float("inf")
        self.send(("job", job))

    def seconds_left(self) -> float:
        return self._deadline - time.monotonic() if self.job is not None else float("inf")

    def send(self, message: tuple[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it has died; `receive` will notice
            self.pipe.send(message)

    def receive(self) -> list[Update]:
        assert self.job is not None
        try:
            fact, retires = self.pipe.recv()
        except (EOFError, OSError):
            return self._died()
        update = Update(self.job.trial, self.job.attempt, fact)
        if fact is None or isinstance(fact, Finished | Failed):
            self._leave(retires)
        return [update]

    def overdue(self) -> list[Update]:
        if self.job is None:
            return []
        message = f"still training after the limit of {self._limit:g} s per trial"
        update = Update(self.job.trial, self.job.attempt, Failed("timeout", message, self.job.attempt))
        self.end()
        return [update]

    def _died(self) -> list[Update]:
        assert self.job is not None
        job, code = self.job, self._process.wait()
        self._leave(retires=True)
        fact: Lost | Failed = Lost(job.attempt)
        if job.attempt >= _TRIES:
            output = _read(job.folder)
            fact = Failed(
                "killed",
                f"its worker process ended with {exit_in_words(code)}, {job.attempt} times",
                job.attempt,
                output,
            )
        return [Update(job.trial, job.attempt, fact)]

    def _leave(self, retires: bool) -> None:
        self.job, self._deadline = None, float("inf")
        if retires:
            self.end()

    def end(self) -> None:
        """Kill the process and all that it started."""
        if not self.gone:
            self.gone, self.job = True, None
            self.pipe.close()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signals.SIGKILL)
            self._process.wait()


def _threads(slots: int) -> dict[str, str]:
    """The cores, shared out: libraries that each start a thread per core slow parallel trials down many times over."""
    share = str(max(1, (os.cpu_count() or 1) // slots))
    return dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), share
    )


def _pickled(target: Target) -> bytes:
    try:
        pickled: bytes = cloudpickle.dumps(target)
    except Exception as error:
        name = getattr(target.function, "__name__", "the training function")
        raise InvalidObjective(
            f"{name} cannot be sent to worker processes ({error}); make what it uses inside it, or run with parallel=1."
        ) from error
    return pickled


def _read(folder: Path | None) -> str:
    path = None if folder is None else folder / "stderr.txt"
    return tail(path.read_text(errors="replace")) if path is not None and path.exists() else ""
