"""One race of one method on one task, as a line of a file, and what the measures need to know of the tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from curves.task import CurveTask
from race import runs as race_runs
from race.methods import Broken
from race.runs import TASKS, Place, append, read

RESULTS = Path(__file__).parent.parent / "results" / "fidelity"
MEASURED_IN = "budget"
MARKS = (2, 5, 10, 20, 50)  # budgets at which methods are compared, in full trainings
POINTS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8.5, 10, 12, 14, 17, 20, 24, 28, 34, 41, 50)


def race(running, place: Place) -> dict:
    """Of the points, the final value of what would be handed over there, and the smallest value at any step."""
    task, seed, workers, budget = place
    try:
        found = running.race(task, seed, workers, budget, [point for point in POINTS if point <= budget])
    except Broken as error:
        return {"error": str(error)}
    handed, smallest = (_rounded(values) for values in zip(*found.seen, strict=True))
    cpu = float(f"{found.cpu:.4g}")
    about = {"version": found.version, "trials": found.trials, "steps": found.steps, "cpu": cpu}
    return about | {"handed": handed, "smallest": smallest}


def _rounded(values: Iterable[float | None]) -> list[float | None]:
    return [None if value is None else float(f"{value:.6g}") for value in values]


def read_all(folder: Path) -> list[dict]:
    """All whole races of all methods; where one was run twice, the later."""
    return [record for record in race_runs.read_all(folder, MEASURED_IN) if "error" not in record]


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
