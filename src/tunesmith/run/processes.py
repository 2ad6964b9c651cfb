"""Processes: trials run in worker processes of this machine, one per slot.

    driver ── Popen ──▶ python -m tunesmith.run.worker     (own session; ends when the driver is gone)
      │  ◀── Reported, Finished, ... ──┐
      ╰──── job, signal ──────────────▶ one two-way pipe per worker

A worker serves its slot from trial to trial, so that imports and data are loaded once. After any failure, and when a
trial has left GPU memory behind, it is replaced by a fresh one. A paused trial keeps its worker, in which it waits; its
place gets another one. The training function travels by cloudpickle, so that functions of scripts and notebooks work; the
script itself is not run again.
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
from tunesmith.run.executor import Job, Parked, Signal, Update
from tunesmith.run.failure import exit_in_words, tail
from tunesmith.run.guard import signal_tree
from tunesmith.run.parking import Parking, Waiting, default_parked_memory, memory_of
from tunesmith.trials.facts import Failed, Finished, Lost, Reported

_TRIES: Final = 2
"""A trial whose worker dies is tried once more: the cause may have been elsewhere on the machine."""
_START: Final = 0.3
"""About what a new worker takes to start, in seconds; so long it is worth waiting for one that is about to be free."""
_GRACE: Final = 5.0
"""Seconds that a trial which is told to end, without having reported, has to report or to run its `finally` blocks."""


@final
class Processes:
    """Up to `slots` trials at a time, each in a process of its own.

    `devices` are given out one per slot through `CUDA_VISIBLE_DEVICES`. `time_limit` is in seconds per trial; a trial
    beyond it is killed. Workers of paused trials are kept while their memory is less than `parked_memory` bytes together, by
    default half of what is available; with `devices` only those that could not go on from a checkpoint. Raises `InvalidObjective` if the function cannot be
    sent to another process.
    """

    parks = True

    def __init__(
        self,
        target: Target,
        *,
        slots: int,
        devices: Sequence[str] = (),
        time_limit: float | None = None,
        parked_memory: float | None = None,
    ) -> None:
        self.slots = slots
        self.clock = time.time
        self._payload = _pickled(target)
        self._devices = tuple(devices) or (None,)
        self._time_limit = time_limit
        self._busy: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._leaving: list[_Worker] = []
        """Workers whose trial was told to end while it was parked."""
        limit = default_parked_memory() if parked_memory is None else parked_memory
        self._parking: Parking[_Worker] = Parking(limit, spares_saved=not devices)

    def submit(self, job: Job) -> None:
        assert len(self._busy) < self.slots, "all places are taken"
        worker = self._unpark(job)
        if worker is None:
            worker = self._worker()
            worker.begin(job, self._time_limit)
        self._busy.append(worker)

    def _unpark(self, job: Job) -> _Worker | None:
        waiting = self._parking.take(job.trial)
        if waiting is None:
            return None
        worker = waiting.holder
        if waiting.job.attempt == job.attempt and waiting.parked.goes_on_with(job) and worker.lives:
            worker.go_on()
            return worker
        self._dismiss(worker, "release")
        return None

    def _worker(self) -> _Worker:
        """One that has nothing to do, for the device that has the least to do."""
        if not self._idle and self._leaving:
            wait([worker.pipe for worker in self._leaving], _START)
        self._see_off()
        busy = [worker.device for worker in self._busy]
        device = min(self._devices, key=busy.count)
        for worker in self._idle:
            if worker.device == device:
                self._idle.remove(worker)
                return worker
        if self._idle and len(self._busy) + len(self._idle) >= self.slots:
            self._idle.pop(0).end()
        return _Worker(self._payload, device, self.slots)

    def poll(self, timeout: float) -> Sequence[Update]:
        self._see_off()
        if not self._busy:
            return ()
        patience = min([timeout, *(worker.seconds_left() for worker in self._busy)])
        ready = wait([worker.pipe for worker in self._busy], max(0.0, patience))
        updates = [update for worker in self._busy if worker.pipe in ready for update in worker.receive()]
        updates += [update for worker in self._busy if worker.seconds_left() <= 0 for update in worker.overdue()]
        for worker in [worker for worker in self._busy if worker.job is None or worker.parked is not None]:
            self._busy.remove(worker)
            if worker.job is not None and worker.parked is not None:
                waiting = Waiting(worker.job, worker.parked, worker, memory_of(worker.pid))
                for other in self._parking.add(waiting):
                    self._dismiss(other, "release")
            elif not worker.gone:
                self._idle.append(worker)
        return updates

    def _dismiss(self, worker: _Worker, what: Signal) -> None:
        """End a parked trial; its `finally` blocks run, if they are quick."""
        worker.tell_to_leave(what)
        self._leaving.append(worker)

    def _see_off(self) -> None:
        """Workers whose parked trial has ended serve others, if there are not enough of them."""
        staying = []
        for worker in self._leaving:
            if not worker.pipe.poll() and worker.seconds_left() > 0:
                staying.append(worker)
            elif worker.has_left() and len(self._busy) + len(self._idle) < self.slots:
                self._idle.append(worker)
            else:
                worker.end()
        self._leaving = staying

    def signal(self, trial: int, what: Signal) -> None:
        for worker in self._busy:
            if worker.job is not None and worker.job.trial == trial:
                worker.hear(what)
                return
        if what in ("stop", "release"):
            waiting = self._parking.take(trial)
            if waiting is not None:
                self._dismiss(waiting.holder, what)

    def close(self) -> None:
        for worker in (*self._busy, *self._idle, *self._leaving, *self._parking.clear()):
            worker.end()
        self._busy, self._idle, self._leaving = [], [], []


@final
class _Worker:
    """One worker process, seen from the driver."""

    def __init__(self, payload: bytes, device: str | None, slots: int) -> None:
        self.pipe, theirs = Pipe()
        self.device = device
        self.job: Job | None = None
        self.parked: Parked | None = None
        self.gone = False
        self._awaits = False
        """Whether its report has not been answered yet."""
        self._leaves = False
        """Whether its trial was told to leave its place."""
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

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def begin(self, job: Job, time_limit: float | None) -> None:
        self.job = job
        self._awaits = self._leaves = False
        self._limit = time_limit or 0.0
        self._deadline = time.monotonic() + time_limit if time_limit is not None else float("inf")
        self.send(("job", job))

    def go_on(self) -> None:
        """Let the parked trial go on, with the time that it had left."""
        self.parked, self._leaves, self._deadline = None, False, time.monotonic() + self._deadline
        self.send(("signal", "continue"))

    def hear(self, what: Signal) -> None:
        """The answer to its report. If it has not reported, it can only be told to end, if that has not been done already."""
        if self._awaits:
            self._awaits, self._leaves = False, what != "continue"
            self.send(("signal", what))
        elif what in ("stop", "release") and not self._leaves:
            self.tell_to_leave(what)

    def tell_to_leave(self, what: Signal) -> None:
        """Let the trial end, parked or not, within a few seconds."""
        self._leaves, self._deadline = True, time.monotonic() + _GRACE
        self.send(("signal", what))

    def seconds_left(self) -> float:
        return self._deadline - time.monotonic() if self.job is not None else float("inf")

    def send(self, message: tuple[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it has died; `receive` will notice
            self.pipe.send(message)

    def receive(self) -> list[Update]:
        assert self.job is not None
        try:
            said, retires = self.pipe.recv()
        except (EOFError, OSError):
            return self._died()
        if isinstance(said, Parked):
            self.parked, self._deadline = said, self.seconds_left()
            return [Update(self.job.trial, self.job.attempt, None)]
        update = Update(self.job.trial, self.job.attempt, said)
        self._awaits = isinstance(said, Reported)
        if said is None or isinstance(said, Finished | Failed):
            self._leave(retires)
        return [update]

    def has_left(self) -> bool:
        """Whether a trial that was told to leave has done so, and the worker can serve another one."""
        if not self.pipe.poll():
            return False
        (update,) = self.receive()
        self.parked = None
        return update.fact is None and not self.gone

    def overdue(self) -> list[Update]:
        if self.job is None or self.parked is not None:
            return []
        job, fact = self.job, None
        if not self._leaves:
            message = f"still training after the limit of {self._limit:g} s per trial"
            fact = Failed("timeout", message, job.attempt)
        self.end()
        return [Update(job.trial, job.attempt, fact)]

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
            signal_tree(self._process.pid, signals.SIGKILL)
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
