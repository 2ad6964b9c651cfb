"""What the races say, at each point of the budget. The means, ranks and duels are those of `race/measure.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from curves import runs
from curves.runs import POINTS
from race.measure import Race, mean_rank

Kind = Literal["handed", "smallest"]


def place_of(budget: float) -> int:
    """How many points there are up to this budget: what `race/measure.py` counts in trials."""
    return POINTS.index(budget) + 1


def load(folders: Iterable[Path], *, workers: int, kind: Kind = "handed", only: str = "") -> list[Race]:
    """One race per method, task and seed; `regret[place_of(budget) - 1]` from 0 (best) to 1 (a random configuration)."""
    folders = list(folders)
    tasks = runs.read_tasks([runs.RESULTS, *folders])
    parts: dict[tuple, list[dict]] = defaultdict(list)
    for folder in folders:
        for record in runs.read_all(folder):
            if record["workers"] == workers and only in record["task"]:
                parts[record["method"], record["task"], record["seed"]].append(record)
    best = {name: about.best for name, about in tasks.items()}
    for (_, task, _), records in parts.items():
        final = [value for record in records for value in record["handed"] if value is not None]
        best[task] = min([best[task], *final])
    races = []
    for (method, task, seed), records in parts.items():
        about = tasks[task]
        values = np.array([about.median if value is None else value for value in _joined(records, kind)])
        regret = np.clip((values - best[task]) / (about.median - best[task]), 0, 1)
        races.append(Race(task, about.group, seed, method, regret, records[-1] | {"agreement": about.agreement}))
    return races


def _joined(records: Sequence[dict], kind: Kind) -> list[float | None]:
    """Each point from the race with the smallest budget that goes so far."""
    joined: list[float | None] = []
    for record in sorted(records, key=lambda record: record["budget"]):
        joined += record[kind][len(joined) :]
    return joined


def rank_spread(places: Sequence[dict[str, Race]], method: str, n: int) -> float:
    """Half the width of the mean rank's 95 % interval, by drawing tasks again within their groups."""
    of_task: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for place in places:
        race = place[method]
        of_task[race.group][race.task].append(mean_rank([place], method, n))
    groups = [[np.mean(ranks) for ranks in tasks.values()] for tasks in of_task.values()]
    rng = np.random.default_rng(0)
    drawn = np.mean([rng.choice(ranks, (1000, len(ranks))).mean(1) for ranks in groups], 0)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(high - low) / 2
