"""Does it pay to look at costs? The Gaussian process with and without them, where configurations differ in what they cost.

    python bench/costs.py run --seeds 5 [--tasks-from FOLDER] [--scheduler asha]
    python bench/costs.py report

Budgets are times on a virtual clock, over four places, in full trainings of a random configuration; see bench/README.md,
"Fidelity". Made tasks: five parameters, of which width and depth decide the cost, and the best configurations are among
the dear ones, in the middle, among the cheap ones, or anywhere. Those of a folder are LCBench's. Results are lines in
bench/results/costs.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import zlib
from collections import defaultdict
from functools import partial
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np

from curves import suite
from curves.ours import Tunesmith
from curves.task import Curve, CurveTask
from race.page import number, renew, table
from race.space import Space, real, whole

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "costs.jsonl"
PAGE = HERE / "README.md"
SAMPLERS = ("gp", "gp-per-cost")
POINTS = (3, 5, 10, 20)
WORKERS = 4
STEPS = 27
BEST = {"dear": (0.95, 0.9), "middle": (0.5, 0.5), "cheap": (0.1, 0.1), "anywhere": None}
"""Width and depth of the best configurations, in parts of their ranges."""
SPACE = Space(
    [
        real("rate", 1e-5, 1, log=True),
        real("decay", 1e-6, 1, log=True),
        real("dropout", 0, 0.9),
        whole("width", 16, 512, log=True),
        whole("depth", 1, 8),
    ]
)


def made() -> list[CurveTask]:
    return [
        CurveTask(f"costs/{where}-{i}", f"best {where}", SPACE, STEPS, partial(curve, where, i))
        for where in BEST
        for i in (0, 1)
    ]


def curve(where: str, i: int, config: dict) -> Curve:
    rng = np.random.default_rng([zlib.crc32(where.encode()), i])
    optimum, weights = rng.uniform(0.25, 0.75, 3), rng.uniform(0.5, 1.5, 5)
    x = np.array(
        [
            1 + np.log10(config["rate"]) / 5,
            1 + np.log10(config["decay"]) / 6,
            config["dropout"] / 0.9,
            np.log(config["width"] / 16) / np.log(32),
            (config["depth"] - 1) / 7,
        ]
    )
    best = BEST[where]
    if best is None:
        best, weights[3:] = (0.5, 0.5), 0.0
    distance = weights @ np.abs(x - np.array([*optimum, *best])) ** 1.7
    final = 0.1 + 0.9 * (1 - np.exp(-2 * distance))
    noise = np.random.default_rng(zlib.crc32(repr(sorted(config.items())).encode())).normal(size=STEPS)
    values = final + (2 - final) * np.exp(-np.arange(1, STEPS + 1) / 5) + 0.004 * noise
    return Curve(values, np.full(STEPS, config["width"] * config["depth"] / 1000))


def tasks_of(given: argparse.Namespace) -> list[CurveTask]:
    if not given.tasks_from:
        return made()
    return [task for task in suite.from_folder(Path(given.tasks_from)) if task.group == "lcbench"]


def known() -> list[dict]:
    return [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []


def run(given: argparse.Namespace) -> None:
    done = {(found["task"], found["seed"], found["scheduler"], found["sampler"]) for found in known()}
    for seed in range(given.seeds):
        for task in tasks_of(given):
            finals = [curve.final for curve in task.random_curves]
            for sampler in SAMPLERS:
                if (task.name, seed, given.scheduler, sampler) in done:
                    continue
                found = Tunesmith(f"{given.scheduler}+{sampler}").race(task, seed, WORKERS, POINTS[-1], POINTS)
                about = {"task": task.name, "group": task.group, "seed": seed, "scheduler": given.scheduler}
                handed = [None if seen.handed is None else round(seen.handed, 6) for seen in found.seen]
                scale = {"median": float(np.median(finals)), "least": min(finals)}
                record = {**about, "sampler": sampler, "handed": handed, "trials": found.trials, **scale}
                with RESULTS.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(
                    f"{task.name:<24} seed {seed} {given.scheduler}+{sampler:<12} {handed} {found.trials} trials",
                    flush=True,
                )


def report(_given: argparse.Namespace) -> None:
    records, best = known(), {}
    for found in records:
        values = [found["least"], *(value for value in found["handed"] if value is not None)]
        best[found["task"]] = min([*values, best.get(found["task"], np.inf)])
    regrets = defaultdict(list)
    for found in records:
        span = found["median"] - best[found["task"]]
        values = [1.0 if value is None else (value - best[found["task"]]) / span for value in found["handed"]]
        key = found["scheduler"], found["group"], found["sampler"]
        regrets[key].append([*np.clip(values, 0, 1), found["trials"]])
    rows = []
    for (scheduler, group, sampler), found in sorted(regrets.items()):
        *means, trials = np.mean(found, axis=0)
        shown = [number(value, 3) for value in means]
        rows.append([f"`{scheduler}`", group, f"`{sampler}`", *shown, f"{trials:.0f}", str(len(found))])
    head = ["scheduler", "tasks", "sampler", *(f"@{point}" for point in POINTS), "trials", "races"]
    renew(PAGE, "<!-- costs -->", [table(head, rows)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scheduler", default="none")
    parser.add_argument("--tasks-from", help="a folder of tasks; see bench/curves/suite.py")
    given = parser.parse_args()
    {"run": run, "report": report}[given.what](given)


if __name__ == "__main__":
    main()
