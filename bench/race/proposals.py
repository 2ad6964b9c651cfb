"""One race of one optimizer on one task: it proposes, and hears the values."""

from __future__ import annotations

import heapq
import json
import statistics
import zlib
from pathlib import Path

import numpy as np

from race.methods import Broken, Running
from race.runs import Place
from race.space import Task

RESULTS = Path(__file__).parent.parent / "results" / "quality"
MEASURED_IN = "trials"
CLOCKED = (25, 50, 100, 200, 300)  # trials at which the cost of a proposal is kept


def race(optimizer: Running, place: Place) -> dict:
    """Asks and tells until all values are there; with several workers, as many trials wait at any time.

    Training times are drawn at random and are the same for every optimizer; values are in the order of their ends.
    """
    task, seed, workers, trials = place
    durations = np.random.default_rng([zlib.crc32(task.name.encode()), seed]).lognormal(0, 0.5, trials)
    record = {}
    known: dict[str, list[float]] = {}
    values, clock, waiting = [], [], []
    repeated, now, spent = 0, 0.0, 0.0
    try:
        record["version"] = optimizer.begin(task, seed, trials, workers)
        while len(values) < trials:
            while len(clock) < trials and len(waiting) < workers:
                answer = optimizer.ask()
                if "exhausted" in answer:
                    record["exhausted"] = True
                    trials = len(clock)
                    break
                config = task.space.decode(answer["config"])
                key = json.dumps(config, sort_keys=True)
                repeated += key in known
                if key not in known:
                    known[key] = _values(task, config)
                heapq.heappush(waiting, (now + durations[len(clock)], len(clock), answer["id"], known[key]))
                clock.append(spent + answer["cpu"])
                spent = 0.0
            if waiting:
                now, _, number, found = heapq.heappop(waiting)
                values.append(found if task.objectives > 1 else found[0])
                spent += optimizer.tell(number, found)["cpu"]
        optimizer.end()
    except Broken as error:
        record["error"] = str(error)
    record["repeated"] = repeated
    record["cpu"] = float(f"{sum(clock):.4g}")
    record["cpu_ms"] = {str(n): _milliseconds(clock, n) for n in CLOCKED if n <= len(clock)}
    record["values"] = values
    return record


def _values(task: Task, config: dict) -> list[float]:
    """Rounded once, before anybody sees them: what is stored is what the optimizer was told."""
    found = task.evaluate(config)
    found = found if task.objectives > 1 else [found]
    assert np.isfinite(found).all(), f"{task.name} gave {found} for {config}"
    return [float(f"{value:.8g}") for value in found]


def _milliseconds(clock: list[float], n: int) -> float:
    """Of one proposal with n trials done: the median of the last ten."""
    return float(f"{1e3 * statistics.median(clock[n - 10 : n]):.3g}")
