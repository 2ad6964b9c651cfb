"""What one decision of each scheduler costs in a large study: 10,000 trials with 100 reports each.

    python bench/decisions.py

Prints milliseconds: of `decide`, asked after every report, and of `next`, asked whenever a place is free.
"""

from __future__ import annotations

import time

import numpy as np

import tunesmith as ts
from tunesmith.space.space import Space
from tunesmith.trials.changes import Changes, ReportRow
from tunesmith.trials.spec import Objective, StudySpec
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View

TRIALS, STEPS = 10_000, 100
SCHEDULERS = {
    "median": ts.Median(),
    "halving": ts.Halving(),
    "promotion": ts.Finals(ts.Promotion()),
    "hyperband": ts.Finals(ts.Hyperband()),
    "extrapolation": ts.Extrapolation(),
    "population": ts.PBT(),
}


def large_view(ends: np.ndarray) -> View:
    """Every seventh trial has finished; the others wait at their last step."""
    space = Space({"x": ts.Float(0, 1)})
    rows, trials = [], []
    for number, end in enumerate(ends.tolist()):
        for step in range(1, STEPS + 1):
            rows.append(ReportRow(number, 1, step, float(len(rows)), len(rows) + 1, {"loss": end + 1 / step}))
        done = number % 7 == 0
        trials.append(
            Trial(
                number=number,
                state=State.DONE if done else State.PAUSED,
                config={"x": end},
                budget=3,
                last=Report(STEPS, {"loss": end}, 0.0),
                reports=STEPS,
                values={"loss": end} if done else {},
            )
        )
    view = View(StudySpec("large", space, (Objective("loss", "minimize"),), steps=STEPS))
    return view.advance(Changes(0, len(rows), trials, rows))


def main() -> None:
    ends = np.random.default_rng(0).random(TRIALS)
    view = large_view(ends)
    print(f"{'scheduler':<16} {'decide':>8} {'next':>8}   ms, median of 200 and of 20")
    for name, scheduler in SCHEDULERS.items():
        decided = [
            milliseconds(
                scheduler.decide, view, view.trials[number], Report(27, {"loss": float(ends[number]) + 1 / 27}, 0.0)
            )
            for number in range(1, 7_000, 35)
        ]
        ordered = [milliseconds(scheduler.next, view, 1) for _ in range(20)]
        print(f"{name:<16} {np.median(decided):8.3f} {np.median(ordered):8.3f}")


def milliseconds(call, *given) -> float:
    began = time.perf_counter()
    call(*given)
    return 1e3 * (time.perf_counter() - began)


if __name__ == "__main__":
    main()
