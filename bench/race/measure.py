"""What the races say: regrets, ranks, duels. Groups of tasks weigh the same, whatever their size."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from race import proposals, runs
from race.tasks_file import read_tasks

MARKS = (25, 50, 100)  # numbers of trials at which methods are compared
LONG_MARKS = (100, 300, 600, 1000)  # the same in long races


@dataclass(frozen=True, eq=False)
class Race:
    """One method on one task with one seed; `regret[n - 1]` after n trials, from 0 (best) to 1 (random)."""

    task: str
    group: str
    seed: int
    method: str
    regret: np.ndarray
    record: Mapping

    @property
    def place(self) -> tuple[str, int]:
        return self.task, self.seed


def load(folders: Iterable[Path], *, workers: int = 1, only: str = "", most: int = MARKS[-1]) -> list[Race]:
    """All races of at most so many trials, in the order of tasks; of those of one method at one place the longest.

    Longer races and those with other workers count too where it is asked what the best is that anybody found.
    """
    folders = list(folders)
    tasks = read_tasks([proposals.RESULTS, *folders])
    best: dict[str, float] = {name: about.best for name, about in tasks.items()}
    longest: dict[tuple, tuple[dict, np.ndarray]] = {}
    for record in recorded(folders):
        if not record["values"] or only not in record["task"]:
            continue
        task, key = record["task"], (record["method"], record["task"], record["seed"])
        curve = tasks[task].best_so_far(record)
        best[task] = min(best[task], curve[-1])
        wanted = record["workers"] == workers and record["trials"] <= most
        if wanted and (key not in longest or len(curve) >= len(longest[key][1])):
            longest[key] = record, curve
    order = {task: place for place, task in enumerate(tasks)}
    races = []
    for (method, task, seed), (record, curve) in sorted(longest.items(), key=lambda item: order[item[0][1]]):
        about = tasks[task]
        regret = np.clip((curve - best[task]) / max(about.median - best[task], 1e-300), 0, 1)
        races.append(Race(task, about.group, seed, method, regret, record))
    return races


def recorded(folders: Iterable[Path]) -> list[dict]:
    return [record for folder in folders for record in runs.read_all(folder, proposals.MEASURED_IN)]


def methods_of(races: Iterable[Race]) -> list[str]:
    return sorted({race.method for race in races})


def shared(races: Iterable[Race], methods: Sequence[str], n: int) -> list[dict[str, Race]]:
    """The places where all of the methods ran for at least n trials."""
    places: dict[tuple, dict[str, Race]] = defaultdict(dict)
    for race in races:
        if race.method in methods and len(race.regret) >= n:
            places[race.place][race.method] = race
    return [place for place in places.values() if len(place) == len(methods)]


def over_groups(values: Iterable[tuple[str, float]]) -> float:
    """The mean over groups of the means within."""
    groups: dict[str, list[float]] = defaultdict(list)
    for group, value in values:
        groups[group].append(value)
    return float(np.mean([np.mean(found) for found in groups.values()])) if groups else np.nan


def mean_regret(places: Sequence[dict[str, Race]], method: str, n: int) -> float:
    return over_groups((place[method].group, place[method].regret[n - 1]) for place in places)


def mean_rank(places: Sequence[dict[str, Race]], method: str, n: int) -> float:
    """1 is best; equal values share their ranks."""
    found = []
    for place in places:
        ranks = dict(zip(place, rankdata([race.regret[n - 1] for race in place.values()]), strict=True))
        found.append((place[method].group, ranks[method]))
    return over_groups(found)


@dataclass(frozen=True)
class Duel:
    """Two methods at the same places after n trials."""

    wins: int
    ties: int
    losses: int
    rate: float  # of wins, the mean over tasks; a tie is half a win
    low: float  # 95 % interval of the rate, by drawing tasks again
    high: float
    reach: float  # median trials until the peer's value was reached; infinite where it mostly was not


def duel(places: Sequence[dict[str, Race]], ours: str, theirs: str, n: int) -> Duel:
    scores: dict[str, list[float]] = defaultdict(list)
    reach = []
    for place in places:
        mine, other = place[ours].regret, place[theirs].regret[n - 1]
        scores[place[ours].task].append((mine[n - 1] < other) + (mine[n - 1] == other) / 2)
        reach.append(trials_to(other, mine))
    flat = [score for found in scores.values() for score in found]
    rates = [float(np.mean(found)) for found in scores.values()]
    counts = (flat.count(1), flat.count(0.5), flat.count(0))
    return Duel(*counts, float(np.mean(rates)), *_interval(rates), float(np.median(reach)))


def trials_to(regret: float, curve: np.ndarray) -> float:
    """Infinite where the curve never gets there."""
    reached = np.flatnonzero(curve <= regret)
    return float(reached[0] + 1) if len(reached) else np.inf


def _interval(rates: Sequence[float]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    drawn = rng.choice(rates, (2000, len(rates))).mean(1)
    return tuple(float(value) for value in np.quantile(drawn, (0.025, 0.975)))


def cost(races: Iterable[Race], method: str) -> float:
    """Milliseconds of processor time of one proposal, the mean over a race; the median over races."""
    records = [race.record for race in races if race.method == method]
    return float(np.median([1e3 * record["cpu"] / len(record["values"]) for record in records]))


def late_cost(races: Iterable[Race], method: str, n: int) -> float:
    """The same with n trials done: the median of ten proposals, so without those fits that are made now and then only."""
    found = [race.record["cpu_ms"].get(str(n)) for race in races if race.method == method]
    found = [value for value in found if value is not None]
    return float(np.median(found)) if found else np.nan
