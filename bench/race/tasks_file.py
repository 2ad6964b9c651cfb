"""What the measures need to know of a task, kept beside the results so that reports need no tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from race import proposals, runs
from race.space import Task


@dataclass(frozen=True)
class About:
    group: str
    best: float  # infinite where it is not known
    median: float  # of random configurations, as far as they have a value
    corner: Sequence[float]

    def best_so_far(self, record: Mapping) -> np.ndarray:
        """After each trial of a race; a race that ended early keeps its best."""
        curve = best_so_far(record["values"], self.corner)
        return np.pad(curve, (0, record["trials"] - len(curve)), mode="edge")


def best_so_far(values: Sequence, corner: Sequence[float] = ()) -> np.ndarray:
    """The smallest value so far; with two objectives minus the area that is dominated so far."""
    if corner:
        return -np.array([dominated_area(values[:n], corner) for n in range(1, len(values) + 1)])
    return np.minimum.accumulate(np.array(values, float))


def dominated_area(points: Sequence[Sequence[float]], corner: Sequence[float]) -> float:
    """Of the rectangle below the corner, what the points dominate (both coordinates are minimised)."""
    area, floor = 0.0, corner[1]
    for x, y in sorted(map(tuple, points)):
        if x < corner[0] and y < floor:
            area += (corner[0] - x) * (floor - y)
            floor = y
    return area


def keep(task: Task, folder: Path) -> None:
    """Adds a task to the folder's file, unless it is known there."""
    if task.name in read_tasks([proposals.RESULTS, folder]):
        return
    alone = [best_so_far([value], task.corner)[0] for value in task.random_values()]
    about = {"task": task.name, "group": task.group, "params": len(task.space.params), "best": task.best}
    about |= {"corner": list(task.corner), "median": float(f"{np.nanmedian(alone):.8g}")}
    runs.append(folder / runs.TASKS, about)


def read_tasks(folders: Iterable[Path]) -> dict[str, About]:
    known = {}
    for folder in folders:
        for line in runs.read(folder / runs.TASKS):
            best = np.inf if line["best"] is None else line["best"]
            known[line["task"]] = About(line["group"], best, line["median"], line["corner"])
    return known
