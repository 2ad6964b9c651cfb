"""Program: one attempt at a trial as a process of this machine, from its start to its end."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal as signals
import subprocess
import tempfile
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from selectors import EVENT_READ, BaseSelector
from typing import Final, final

from tunesmith.run.executor import Job, Parked, Update
from tunesmith.run.failure import UNTRACED, failure_from_exit
from tunesmith.run.guard import Guard, signal_tree
from tunesmith.run.metrics import Meter
from tunesmith.run.parking import memory_of
from tunesmith.run.streams import Appended, Stream
from tunesmith.run.template import config_json, fill, needs_json_file
from tunesmith.trials.facts import Failed, Finished, Reported

_ALL_IN_A_PIPE: Final = 64
_HOPELESS: Final = (errno.ENOENT, errno.EACCES, errno.ENOEXEC)


@final
class Program:
    """Starts at once. `selector` calls back what it should do when something arrives; see `Command.poll`.

    Its process leads a group and a session of its own, so that all that it starts can be stopped and ended with it.
    """

    def __init__(self, job: Job, slot: int, selector: BaseSelector, guard: Guard) -> None:
        self.job = job
        self.slot = slot
        self.deadline = float("inf")
        """When it will be killed, on the executor's clock."""
        self.is_running = False
        self.is_told = False
        """Whether it was told to leave; from then on nothing that it says counts."""
        self.is_over = False
        """Whether its end has been told."""
        self.parked: Parked | None = None
        """Where it was stopped, to go on another time."""
        self._selector = selector
        self._guard = guard
        self._meter = Meter(job.metrics, job.attempt, job.after)
        self._reports: deque[Reported] = deque()
        self._step = job.after
        """Of the last report that was told."""
        self._end: Finished | Failed | None = None
        self._overdue: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._exit: int | None = None
        self._metrics: Appended | None = None
        self._streams: list[Stream] = []
        """Its output, and its error output."""
        self._temporary: str | None = None

    # -- start -------------------------------------------------------------------------------------------------------

    def start(self, template: Sequence[str], environ: Mapping[str, str], cwd: Path | None, metrics_file: str) -> None:
        """Begin; a program that cannot be started is a failed trial."""
        try:
            self._start(template, environ, cwd, metrics_file)
        except (OSError, ValueError) as error:
            self._cannot_start(error, template[0])

    def _start(self, template: Sequence[str], environ: Mapping[str, str], cwd: Path | None, metrics_file: str) -> None:
        folder = self._make_folder()
        metrics = folder / metrics_file
        metrics.parent.mkdir(parents=True, exist_ok=True)
        self._metrics = Appended(metrics)
        environ = {**environ, **self._variables(folder, metrics)}
        json_file = folder / "config.json"
        if needs_json_file(template):
            json_file.write_text(config_json(self.job.config), encoding="utf-8")
        words = fill(template, self.job.config, environ=environ, json_file=str(json_file))
        self._guard.start()
        process = subprocess.Popen(  # noqa: S603  the user's own command
            words,
            env=environ,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self._process, self.is_running = process, True
        self._guard.watch(process.pid)
        self._listen(process, folder)

    def _make_folder(self) -> Path:
        if self.job.folder is None:
            self._temporary = tempfile.mkdtemp(prefix="tunesmith-")
            return Path(self._temporary)
        folder = self.job.folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _variables(self, folder: Path, metrics: Path) -> dict[str, str]:
        job = self.job
        return {
            "PYTHONUNBUFFERED": "1",  # else a Python program's lines come in lumps, far too late to stop it
            "TUNESMITH_STUDY": job.study,
            "TUNESMITH_TRIAL": str(job.trial),
            "TUNESMITH_ATTEMPT": str(job.attempt),
            "TUNESMITH_SEED": str(job.seed),
            "TUNESMITH_CONFIG": json.dumps(job.config),
            "TUNESMITH_FOLDER": str(folder),
            "TUNESMITH_METRICS": str(metrics),
        }

    def _listen(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self._streams.append(Stream(process.stdout.fileno(), folder / "stdout.txt", self._take))
        self._streams.append(Stream(process.stderr.fileno(), folder / "stderr.txt"))
        for stream in self._streams:
            self._selector.register(stream.pipe, EVENT_READ, partial(self._receive, stream))
        self._exit = _exit_descriptor(process.pid)
        if self._exit is not None:
            self._selector.register(self._exit, EVENT_READ, self.finish)

    def _cannot_start(self, error: OSError | ValueError, name: str) -> None:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        # Without a trace it ends the study: no configuration will start a program that is not there.
        trace = "" if isinstance(error, OSError) and error.errno in _HOPELESS else UNTRACED
        failure = Failed("error", f"{name} cannot be started: {reason}", self.job.attempt, trace)
        if self.is_running:
            self.kill()
            self.finish()
        self._clear_away()
        self._end = failure

    # -- while it runs -----------------------------------------------------------------------------------------------

    @property
    def announces_its_end(self) -> bool:
        """Whether the selector wakes when it ends; else somebody must look."""
        return self._exit is not None

    def look(self) -> None:
        """See what no descriptor tells: lines in the metrics file, and on some systems the end."""
        if self._metrics is not None and self.is_running:
            for line in self._metrics.read():
                self._take(line)
        if self._exit is None:
            self._see_end()

    def _see_end(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self.finish()

    def _receive(self, stream: Stream) -> None:
        if self.is_running:
            stream.read()
            if stream.is_ended:
                # The program may well go on: some close their output, to work in the background.
                self._unregister(stream.pipe)

    def _take(self, line: str) -> None:
        report = self._meter.read(line)
        if report is not None and not self.is_told:
            self._reports.append(report)

    def park(self, now: float) -> None:
        """Stop it where it is. It may have come further than it was told to; those reports are told when it goes on."""
        if self.parked is None and not self.is_told:
            self.parked = Parked(self._step, saved=False)
            self.deadline -= now
            self._signal_all(signals.SIGSTOP)

    def goes_on_with(self, job: Job) -> bool:
        """Whether it is parked where a job begins; one that came to grief has to begin anew."""
        self._see_end()
        fits = self.parked is not None and self.parked.goes_on_with(job) and self.job.attempt == job.attempt
        return fits and not isinstance(self._end, Failed)

    def go_on(self, job: Job, slot: int, now: float) -> None:
        """Continue, with the time that was left."""
        self.job, self.slot, self.parked = job, slot, None
        self.deadline += now
        self._signal_all(signals.SIGCONT)

    def tell_to_leave(self, deadline: float) -> None:
        """Ask it to end; if it has ended meanwhile, that does not count any more."""
        self._reports.clear()
        if not self.is_told:
            self.is_told = True
            self.deadline = deadline
            self._signal_all(signals.SIGTERM)
            if self.parked is not None:
                self._signal_all(signals.SIGCONT)

    def wait(self, seconds: float) -> None:
        """Give one that was told to leave some time to do so, then end it."""
        if self._process is not None and self.is_running:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()
        self.finish()

    def kill(self, overdue: str | None = None) -> None:
        """End it at once; `overdue` says why, if it was not told to leave."""
        self._overdue = overdue
        self.deadline = float("inf")
        self._signal_all(signals.SIGKILL)

    def _signal_all(self, what: signals.Signals) -> None:
        if self._process is not None and self.is_running:
            # Whoever is asked to end asks its own children.
            if what == signals.SIGTERM:
                with suppress(OSError):  # it has just ended
                    os.killpg(self._process.pid, what)
            else:
                signal_tree(self._process.pid, what)

    @property
    def memory(self) -> float:
        """Bytes that ending it would give back."""
        return memory_of(self._process.pid) if self._process is not None and self.is_running else 0.0

    # -- end ---------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """It has ended: end what it left behind, take its last words, and judge its exit code."""
        if self._process is None or not self.is_running:
            return
        self._signal_all(signals.SIGKILL)
        self._guard.forget(self._process.pid)
        code = self._process.wait()
        self.is_running, self.deadline = False, float("inf")
        self._hear_out()
        self._clear_away()
        self._end = self._judge(code)

    def _hear_out(self) -> None:
        for stream in self._streams:
            # A process that left the group may write for ever, so not more than a pipe can hold.
            for _ in range(_ALL_IN_A_PIPE):
                if not stream.read():
                    break
            stream.close()
        if self._metrics is not None:
            for line in self._metrics.end():
                self._take(line)

    def _judge(self, code: int) -> Finished | Failed:
        attempt = self.job.attempt
        if code == 0:
            return Finished({}, attempt)
        last_words = next((stream.tail for stream in reversed(self._streams) if stream.tail.strip()), UNTRACED)
        if self._overdue is not None:
            return Failed("timeout", self._overdue, attempt, last_words)
        return failure_from_exit(code, last_words, attempt)

    def _clear_away(self) -> None:
        for stream in self._streams:
            self._unregister(stream.pipe)
            stream.close()
        for pipe in (self._process.stdout, self._process.stderr) if self._process is not None else ():
            if pipe is not None:
                pipe.close()
        if self._exit is not None:
            self._unregister(self._exit)
            os.close(self._exit)
            self._exit = None
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _unregister(self, descriptor: int) -> None:
        with suppress(KeyError):  # that was done when it ended
            self._selector.unregister(descriptor)

    def next_update(self) -> Update | None:
        """What to tell the driver next: one report at a time, so that a signal comes before the report after it."""
        fact: Reported | Finished | Failed | None = None
        if self.parked is not None:
            pass  # it has left its place
        elif not self.is_told and self._reports:
            fact = self._reports.popleft()
            self._step = fact.step
        elif self._end is None:
            return None
        else:
            self.is_over = True
            fact = None if self.is_told else self._end
        return Update(self.job.trial, self.job.attempt, fact)


def _exit_descriptor(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; Linux has it."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
