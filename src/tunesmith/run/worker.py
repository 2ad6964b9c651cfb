"""The worker process of `processes.py`: receives the training function once, then trial after trial."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import cloudpickle

from tunesmith.errors import InvalidObjective
from tunesmith.run.attempt import Target, run_attempt
from tunesmith.run.context import Said
from tunesmith.run.executor import Job, Signal
from tunesmith.run.failure import failure_from
from tunesmith.run.guard import signal_tree
from tunesmith.trials.facts import Failed, Finished, Noted, Suggested

_HEARTBEAT: Final = 0.5


def main(descriptor: int, parent: int) -> None:
    """Serve the driver that holds the other end of the pipe, until it closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    pipe: Connection[Any, Any] = Connection(descriptor)
    try:
        _, setup = pipe.recv()
        target = _unpickled(setup)
        while True:
            kind, job = pipe.recv()
            if kind != "job":
                continue  # an answer to a trial that has ended meanwhile
            fact = _attempt(target, job, pipe)
            pipe.send((fact, isinstance(fact, Failed) or _leaves_memory()))
    except (EOFError, OSError):
        os._exit(0)  # the driver is gone, and with it everybody who could want our result


def _end_with(parent: int) -> None:
    """A killed driver must not leave trainings behind."""
    while os.getppid() == parent:
        time.sleep(_HEARTBEAT)
    signal_tree(os.getpid(), signal.SIGKILL)


def _unpickled(setup: dict[str, Any]) -> Target | Exception:
    sys.path[:] = setup["path"]
    try:
        os.chdir(setup["cwd"])
        target: Target = cloudpickle.loads(setup["target"])
        return target
    except Exception as error:  # noqa: BLE001  importing the user's module runs arbitrary code
        return error


def _attempt(target: Target | Exception, job: Job, pipe: Connection[Any, Any]) -> Finished | Failed | None:
    if isinstance(target, Exception):
        error = InvalidObjective(
            f"The training function cannot be loaded in a worker process: {type(target).__name__}: {target}."
        )
        return failure_from(error, job.attempt)
    with _output_to(job.folder):
        return run_attempt(target, job, lambda said: _exchange(said, pipe))


def _exchange(said: Said, pipe: Connection[Any, Any]) -> Signal:
    pipe.send((said, False))
    if isinstance(said, Suggested | Noted):
        return "continue"
    _, signal_ = pipe.recv()
    answer: Signal = signal_
    return answer


@contextmanager
def _output_to(folder: Path | None) -> Iterator[None]:
    """What the trial writes, also from C code and child processes, goes to files of its own."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    kept = [os.dup(1), os.dup(2)]
    try:
        for descriptor, name in ((1, "stdout.txt"), (2, "stderr.txt")):
            file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            os.dup2(file, descriptor)
            os.close(file)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)


def _leaves_memory() -> bool:
    """Whether GPU memory stays taken after a trial; then a fresh process must serve the next one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return False
    gc.collect()
    torch.cuda.empty_cache()
    return bool(torch.cuda.memory_allocated() > 0)


if __name__ == "__main__":
    # Under the module's real name, so that what is pickled here and in the driver are the same classes.
    importlib.import_module("tunesmith.run.worker").main(int(sys.argv[1]), int(sys.argv[2]))
