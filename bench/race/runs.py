"""Methods at places, one race after the other, and the files in which the records of races are kept."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

TASKS = "tasks.jsonl"  # beside the methods' files


class Place(NamedTuple):
    """Where methods meet."""

    task: Any  # with a name
    seed: int
    workers: int
    length: float  # of the race: trials, or a budget in full trainings


def places(given: Namespace, tasks: Iterable[Any], lengths: Sequence[float]) -> Iterator[Place]:
    """Seed by seed, so that an interruption leaves the tasks with about as many seeds each."""
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        for task in tasks:
            for length in lengths:
                yield Place(task, seed, given.workers, length)


def installed(given: Namespace, method: Callable[[str], Any]) -> Iterator[Any]:
    """The methods that are asked for, by name; those that cannot run say so and are left out."""
    for found in map(method, given.method):
        if found.absent:
            print(f"{found.name}: {found.absent}", file=sys.stderr)
        else:
            yield found


def run_missing(
    given: Namespace, name: str, measured_in: str, places: Iterable[Place], race: Callable[[Place], dict]
) -> None:
    """Runs the races that the method's file has no whole record of; `race` gives what was found at a place.

    A record holds its length as `measured_in`: 'trials' or 'budget'.
    """
    name = given.as_ or name
    file = file_of(name, given.out[0])
    if given.fresh:
        file.unlink(missing_ok=True)
    done = {key_of(record, measured_in) for record in read(file) if "error" not in record}
    for place in places:
        task, seed, workers, length = place
        if (task.name, seed, workers, length) in done:
            continue
        began = time.perf_counter()
        head = {"task": task.name, "method": name, "seed": seed, "workers": workers, measured_in: length}
        record = head | race(place)
        append(file, record)
        seconds = time.perf_counter() - began
        print(f"{name:<24} {task.name:<44} seed {seed} {measured_in} {length:<5g} {seconds:7.1f} s", flush=True)
        if "error" in record:
            print(record["error"], file=sys.stderr)


# -- files -------------------------------------------------------------------------------------------------------------


def file_of(name: str, folder: Path) -> Path:
    return folder / f"{name.replace(':', '-').replace('/', '-')}.jsonl"


def append(file: Path, record: dict) -> None:
    """One line in one write, so that an interruption leaves at most one torn line behind."""
    file.parent.mkdir(parents=True, exist_ok=True)
    torn = file.exists() and file.stat().st_size and not file.read_bytes().endswith(b"\n")
    with file.open("a") as out:
        out.write(("\n" if torn else "") + json.dumps(record) + "\n")


def read(file: Path) -> Iterator[dict]:
    """The whole lines of a file, as far as it exists."""
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            continue


def key_of(record: dict, measured_in: str) -> tuple:
    return record["task"], record["seed"], record["workers"], record[measured_in]


def read_all(folder: Path, measured_in: str) -> list[dict]:
    """All races of all methods; where one was run twice, the later."""
    latest = {}
    for file in sorted(folder.glob("*.jsonl")):
        if file.name != TASKS:
            latest |= {(record["method"], *key_of(record, measured_in)): record for record in read(file)}
    return list(latest.values())
