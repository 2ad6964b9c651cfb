"""Command: trials are runs of any program, one process per trial on this machine.

    Command(["python", "train.py", "--lr", "{lr}"], slots=2)

The program says how it does by printing (`loss=0.3`, `{"epoch": 3, "loss": 0.3}`; see `metrics.py`) or by appending such
lines to the file that `TUNESMITH_METRICS` names. It finds its place in the variables `TUNESMITH_STUDY`, `_TRIAL`,
`_ATTEMPT`, `_SEED`, `_CONFIG` (JSON by dotted names) and `_FOLDER`. What it prints is kept in its trial's folder.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from selectors import DefaultSelector
from typing import Final, final

from tunesmith.errors import InvalidStudy
from tunesmith.run.devices import device_of
from tunesmith.run.executor import Job, Signal, Update
from tunesmith.run.guard import Guard
from tunesmith.run.parking import Parking, Waiting, default_parked_memory
from tunesmith.run.program import Program

_METRICS: Final = "metrics.txt"
_GRACE: Final = 10.0
_TICK: Final = 0.2
"""So often the metrics files are looked at, in seconds; no descriptor tells that a file has grown."""
_SHORT_TICK: Final = 0.02
_MOST_PARKED: Final = 100
_SCRIPTS: Final = (".py", ".sh")


@final
class Command:
    """Up to `slots` runs of a program at a time.

    `template` is its command line, with values as `{lr}` and the macros of `template.py`; without any of them
    `--name=value` flags are added. `devices` are given out one per slot through `CUDA_VISIBLE_DEVICES`. `time_limit` is in
    seconds per trial; a program beyond it is killed. One that is told to end gets SIGTERM, and SIGKILL after `grace`
    seconds. `metrics_file` is the file that it appends metrics to: within its trial's folder, or, where only one trial runs at
    a time, anywhere.

    A program that is told to pause is stopped (SIGSTOP to all that it started) and continued later, while the memory of those
    that wait is less than `parked_memory` bytes together, by default half of what is available, and of 100 at most. Not with `devices`, whose
    memory a stopped program would hold, nor with one metrics file for all: there `parks` is False, and a pause ends the program.

    Raises `InvalidStudy` if the program or its script is not there.
    """

    def __init__(
        self,
        template: Sequence[str],
        *,
        slots: int = 1,
        devices: Sequence[str] = (),
        time_limit: float | None = None,
        cwd: Path | None = None,
        metrics_file: str | None = None,
        grace: float = _GRACE,
        parked_memory: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.slots = slots
        self.clock = time.time
        self._template = tuple(template)
        self._devices = tuple(devices)
        self._time_limit = time_limit
        self._cwd = cwd
        self._metrics_file = metrics_file or _METRICS
        self._grace = grace
        self._clock = clock
        self._check()
        self.parks = not self._devices and not Path(self._metrics_file).is_absolute()
        self._programs: list[Program] = []
        self._leaving: list[Program] = []
        """Those that were told to end while they were parked."""
        limit = default_parked_memory() if parked_memory is None else parked_memory
        self._parking: Parking[Program] = Parking(limit)
        self._least = limit / _MOST_PARKED
        """What a parked program counts for at least, in bytes: each holds five of the files that a process may have open."""
        self._selector: DefaultSelector | None = None
        self._guard = Guard()

    def _check(self) -> None:
        if self.slots < 1:
            raise InvalidStudy(
                f"slots={self.slots!r}: at least one program must be allowed to run; give slots=1 or more."
            )
        if self._time_limit is not None and not self._time_limit > 0:
            raise InvalidStudy(
                f"time_limit={self._time_limit!r}: give the seconds that a trial may take, or leave it out."
            )
        if self.slots > 1 and Path(self._metrics_file).is_absolute():
            raise InvalidStudy(
                f"metrics_file={self._metrics_file!r}: several trials would write to this one file; give a name within the "
                f"trial's folder (TUNESMITH_FOLDER), or run one trial at a time."
            )
        if self._cwd is not None and not self._cwd.is_dir():
            raise InvalidStudy(
                f"cwd={str(self._cwd)!r} is not a directory; give the one that the program shall run in."
            )
        check_program(self._template, (self._cwd or Path.cwd()).absolute())

    def submit(self, job: Job) -> None:
        taken = {program.slot for program in self._programs}
        slot = next((slot for slot in range(self.slots) if slot not in taken), None)
        assert slot is not None, "all places are taken"
        if not self._go_on(job, slot):
            self._start(job, slot)

    def _go_on(self, job: Job, slot: int) -> bool:
        """Continue the program of a job, if it waits where the job begins."""
        waiting = self._parking.take(job.trial)
        if waiting is None or not waiting.holder.goes_on_with(job):
            if waiting is not None:
                self._dismiss(waiting.holder)
            return False
        waiting.holder.go_on(job, slot, self._clock())
        self._programs.append(waiting.holder)
        return True

    def _start(self, job: Job, slot: int) -> None:
        for program in self._leaving:
            if program.job.trial == job.trial:  # two of one trial would write to one folder
                program.wait(self._grace)
        self._selector = self._selector or DefaultSelector()
        program = Program(job, slot, self._selector, self._guard)
        self._programs.append(program)
        environ = dict(os.environ)
        device = device_of(slot, self._devices)
        if device is not None:
            environ["CUDA_VISIBLE_DEVICES"] = device
        if self._time_limit is not None:
            program.deadline = self._clock() + self._time_limit
        program.start(self._template, environ, self._cwd, self._metrics_file)

    def poll(self, timeout: float) -> Sequence[Update]:
        until = time.monotonic() + timeout
        updates = self._take()
        while not updates and self._programs:
            left = until - time.monotonic()
            self._wait(max(0.0, left))
            updates = self._take()
            if left <= 0:
                break
        return updates

    def _take(self) -> list[Update]:
        updates = []
        for program in tuple(self._programs):
            update = program.next_update()
            if update is not None:
                updates.append(update)
            if program.parked is not None:
                self._programs.remove(program)
                memory = max(self._least, program.memory)
                for other in self._parking.add(Waiting(program.job, program.parked, program, memory)):
                    self._dismiss(other)
            elif program.is_over:
                self._programs.remove(program)
        self._leaving = [program for program in self._leaving if program.is_running]
        return updates

    def _wait(self, patience: float) -> None:
        """Until something arrives, the next look at the metrics files or the next time limit."""
        assert self._selector is not None
        programs = [*self._programs, *self._leaving]
        tick = _TICK if all(program.announces_its_end for program in programs) else _SHORT_TICK
        limit = min(program.deadline for program in programs) - self._clock()
        for key, _ in self._selector.select(max(0.0, min(patience, tick, limit))):
            key.data()
        for program in programs:
            program.look()
            if program.deadline <= self._clock():
                self._end(program)

    def _end(self, program: Program) -> None:
        limit = self._time_limit or math.inf
        program.kill(overdue=None if program.is_told else f"still training after the limit of {limit:g} s per trial")

    def signal(self, trial: int, what: Signal) -> None:
        for program in self._programs:
            if program.job.trial == trial and what == "pause" and self.parks:
                program.park(self._clock())
            elif program.job.trial == trial and what != "continue":
                program.tell_to_leave(self._clock() + self._grace)
        waiting = self._parking.take(trial) if what in ("stop", "release") else None
        if waiting is not None:
            self._dismiss(waiting.holder)

    def _dismiss(self, program: Program) -> None:
        """End a parked program; it gets its time to save something."""
        program.tell_to_leave(self._clock() + self._grace)
        self._leaving.append(program)

    def close(self) -> None:
        programs = [*self._programs, *self._leaving, *self._parking.clear()]
        for program in programs:
            program.kill()
        for program in programs:
            program.finish()
        self._programs.clear()
        self._leaving.clear()
        self._guard.close()
        if self._selector is not None:
            self._selector.close()
            self._selector = None


def check_program(template: Sequence[str], cwd: Path) -> None:
    """Raise `InvalidStudy` if the program, or the script that it is to run, is certainly not there."""
    if not template:
        raise InvalidStudy(
            "The command is empty; give the program and its arguments, such as python train.py --lr {lr}."
        )
    program, *arguments = template
    if program in ("${env}", "env", "/usr/bin/env") and arguments and "=" not in arguments[0]:
        program, *arguments = arguments
    if not _is_open(program) and _program(program, cwd) is None:
        raise InvalidStudy(f"The program {program!r} was not found; install it, or give its path from {cwd} on.")
    _check_script(arguments, cwd)


def _check_script(arguments: Sequence[str], cwd: Path) -> None:
    for before, word in zip(("", *arguments), arguments, strict=False):
        if word in ("-c", "-m"):  # what follows is code or a module, and then arguments of its own
            return
        if word.endswith(_SCRIPTS) and not before.startswith("--") and not _is_open(word):
            if not (cwd / word).exists():
                raise InvalidStudy(
                    f"The script {word!r} was not found in {cwd}; give its path, or start from its directory."
                )
            return


def _is_open(word: str) -> bool:
    """Whether the word is only known once a trial fills it."""
    return "{" in word or word.startswith("-")


def _program(name: str, cwd: Path) -> str | None:
    return shutil.which(str(cwd / name)) if os.sep in name else shutil.which(name)
