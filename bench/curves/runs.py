"""One race of one method on one task, as a line of a file, and what the measures need to know of the tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from curves.task import CurveTask
from race.methods import Broken
from race.runs import TASKS, append, read

RESULTS = Path(__file__).parent.parent / "results" / "fidelity"
MARKS = (2, 5, 10, 20, 50)  # budgets at which methods are compared, in full trainings
POINTS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8.5, 10, 12, 14, 17, 20, 24, 28, 34, 41, 50)


def run(running, task: CurveTask, seed: int, workers: int, budget: float, name: str) -> dict:
    """Of the points, the final value of what would be handed over there, and the smallest value at any step."""
    record = {"task": task.name, "method": name, "seed": seed, "workers": workers, "budget": budget}
    try:
        found = running.race(task, seed, workers, budget, [point for point in POINTS if point <= budget])
    except Broken as error:
        return record | {"error": str(error)}
    record |= {"version": found.version, "trials": found.trials, "steps": found.steps, "cpu": float(f"{found.cpu:.4g}")}
    handed, smallest = zip(*found.seen, strict=True)
    return record | {"handed": _rounded(handed), "smallest": _rounded(smallest)}


def _rounded(values: Iterable[float | None]) -> list[float | None]:
    return [None if value is None else float(f"{value:.6g}") for value in values]


def key_of(record: dict) -> tuple:
    return record["task"], record["seed"], record["workers"], record["budget"]


def read_all(folder: Path) -> list[dict]:
    """All whole races of all methods; where one was run twice, the later."""
    latest = {}
    for file in sorted(folder.glob("*.jsonl")):
        if file.name != TASKS:
            whole = (record for record in read(file) if "error" not in record)
            latest |= {(record["method"], *key_of(record)): record for record in whole}
    return list(latest.values())


# -- tasks -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class About:
    group: str
    params: int
    steps: int
    best: float  # infinite where it is not known
    median: float  # final value of random configurations
    agreement: float  # rank correlation of early and final values


def keep(task: CurveTask, folder: Path) -> None:
    """Adds a task to the folder's file, unless it is known there."""
    if task.name in read_tasks([RESULTS, folder]):
        return
    about = {"task": task.name, "group": task.group, "params": len(task.space.params), "steps": task.steps}
    about |= {"best": task.best, "median": float(f"{task.median:.6g}"), "agreement": float(f"{task.agreement:.3f}")}
    append(folder / TASKS, about)


def read_tasks(folders: Iterable[Path]) -> dict[str, About]:
    known = {}
    for folder in folders:
        for line in read(folder / TASKS):
            best = float("inf") if line["best"] is None else line["best"]
            known[line["task"]] = About(
                line["group"], line["params"], line["steps"], best, line["median"], line["agreement"]
            )
    return known
