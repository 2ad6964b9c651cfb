"""Real programs as trials: how tests start them, wait for them, and see whether they live."""

import time
from collections.abc import Callable
from pathlib import Path

from tunesmith.run.executor import Executor, Job, Update
from tunesmith.trials.facts import Failed, Finished

PATIENCE = 30.0
ENDS = (Finished, Failed, type(None))


def job(trial=0, folder=None, **options) -> Job:
    fields = {"attempt": 1, "config": {"lr": 0.1}, "seed": 7, "metrics": ("loss",), **options}
    return Job(study="s", trial=trial, folder=folder, **fields)


def shell(code: str) -> list[str]:
    return ["sh", "-c", code, "{lr}"]


def poll_until(executor: Executor, wanted, patience=PATIENCE) -> list[Update]:
    """All updates up to the first one whose fact is an instance of `wanted`."""
    updates, until = [], time.monotonic() + patience
    while not any(isinstance(update.fact, wanted) for update in updates):
        assert time.monotonic() < until, f"nothing but {updates}"
        updates += executor.poll(0.5)
    return updates


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def state_of(pid: int) -> str:
    """The letter of a process in `ps`: T is stopped, Z has ended; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    return state_of(pid) not in ("", "Z")
