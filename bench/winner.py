"""What the winner is really worth: noisy objectives whose truth is known, equal budgets, repeats included.

    make bench-winner                       # everything: about forty minutes
    python bench/winner.py --seeds 10       # fewer seeds; what is there already is not run again
    python bench/winner.py --report         # the table again, from the results

Every optimizer gets the same number of trainings. Tunesmith uses up to 15 % of them to repeat its best configurations; Optuna
(TPE) and Ray Tune (random) hand over the configuration with the best value, as they do by default. Writes
bench/results/winner.json and the table in bench/README.md. The peers run in bench/.envs (`make bench-setup`).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded

import argparse
import json
import sys
import warnings
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from race.functions import tasks
from race.methods import HERE, Method, Running, method
from race.page import BENCH, renew, table
from race.space import Space, Task, choice, real, whole

sys.path.append(str(HERE / "peers"))

from protocol import Param
from tunesmith_peer import declared

import tunesmith as ts
from tunesmith.analysis.best import best_of

RESULTS = HERE / "results" / "winner.json"
MARK = "<!-- winner -->"
FUNCTIONS = ("mixed/sphere-5", "mixed/rosenbrock-5", "mixed/rastrigin-5", "mixed/rastrigin-choices")
LEVELS = (0.05, 0.15, 0.3)
"""Noise, in parts of the way from the best value to that of a random configuration in the middle."""
TRIALS = 100
METHODS = ("tunesmith", "optuna-tpe", "ray")
EPOCHS = 8
TRUTH = 30
"""Trainings of a network whose mean is its true value."""


class Objective(NamedTuple):
    """Something noisy to minimise."""

    name: str
    space: Space
    draw: Callable[[Mapping[str, Any], int], float]
    """One training: the value for a configuration and a seed."""
    truth: Callable[[Mapping[str, Any]], float]
    noise: float | None
    """Standard deviation of a training; None if it must be measured."""
    seeds: int


class Handed(NamedTuple):
    """What an optimizer hands over."""

    config: dict[str, Any]
    reported: float
    mean: float
    """Of Tunesmith's repeats; of the others what they report."""


def functions(seeds: int) -> list[Objective]:
    """Test functions from 0 at the best to 1 for a random configuration in the middle, with noise."""
    chosen = [task for task in tasks() if task.name in FUNCTIONS]
    return [_noisy(task, level, seeds) for task in chosen for level in LEVELS]


def _noisy(task: Task, level: float, seeds: int) -> Objective:
    rng = np.random.default_rng(zlib.crc32(task.name.encode()))
    middle = float(np.median([task.evaluate(task.space.sample(rng)) for _ in range(300)])) - task.best

    def truth(config):
        return (task.evaluate(dict(config)) - task.best) / middle

    def draw(config, seed):
        return truth(config) + level * float(np.random.default_rng([seed, 7]).normal())

    return Objective(f"{task.name}, noise {level}", task.space, draw, truth, level, seeds)


def network(seeds: int) -> Objective:
    """A network on a part of the handwritten digits: its validation error after eight epochs."""
    space = Space(
        [
            real("learning_rate_init", 1e-4, 1e-1, log=True),
            whole("hidden_layer_sizes", 8, 128, log=True),
            real("alpha", 1e-6, 1.0, log=True),
            whole("batch_size", 8, 128, log=True),
            choice("activation", "relu", "tanh"),
        ]
    )

    def truth(config):
        return float(np.mean([_error(config, 1_000_000 + seed) for seed in range(TRUTH)]))

    return Objective("network on digits", space, _error, truth, None, seeds)


def _error(config: Mapping[str, Any], seed: int) -> float:
    from sklearn.neural_network import MLPClassifier

    X_train, y_train, X_val, y_val = _digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier(max_iter=EPOCHS, random_state=seed % 2**32, **config).fit(X_train, y_train)
    return 1 - model.score(X_val, y_val)


@cache
def _digits():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    X, y = load_digits(return_X_y=True)
    X_train, X_val, y_train, y_val = train_test_split(X / 16, y, train_size=300, random_state=0, stratify=y)
    return X_train, y_train, X_val[:300], y_val[:300]


def ours(objective: Objective, seed: int) -> Handed:
    given = {param["name"]: declared(Param(**param)) for param in objective.space.wire()}

    def train(seed: int, **config):
        return {"loss": objective.draw(objective.space.decode(config), seed)}

    study = ts.tune(train, space=given, minimize="loss", trials=TRIALS, seed=seed, store=None, progress="quiet")
    best, found = best_of(study.view), study.confirmed
    config = objective.space.decode(study.best.config)
    if found is None:  # found after the last repeat
        value = best.expected.mean if best.expected else study.best.values["loss"]
        return Handed(config, value, value)
    return Handed(config, found.expected, found.worth.mean)


def theirs(running: Running, objective: Objective, seed: int) -> Handed:
    """Asks and tells; the seeds of trainings differ from one to the next."""
    task = Task(objective.name, "", objective.space, lambda _: 0.0)
    running.begin(task, seed, TRIALS, 1)
    tried = []
    for number in range(TRIALS):
        answer = running.ask()
        config = objective.space.decode(answer["config"])
        value = objective.draw(config, 1_000 * seed + number)
        running.tell(answer["id"], [value])
        tried.append((value, number, config))
    running.end()
    value, _, config = min(tried)
    return Handed(config, value, value)


def run(objectives: list[Objective]) -> None:
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    there = {(row["objective"], row["method"], row["seed"]) for row in known}
    for name in METHODS:
        running = None if name == "tunesmith" else Running(Method("ray", "ray") if name == "ray" else method(name))
        for objective in objectives:
            for seed in range(objective.seeds):
                if (objective.name, name, seed) in there:
                    continue
                found = ours(objective, seed) if running is None else theirs(running, objective, seed)
                row = {"objective": objective.name, "method": name, "seed": seed, "noise": _noise(objective, found)}
                values = {"true": objective.truth(found.config), "reported": found.reported, "mean": found.mean}
                known.append(row | {key: float(f"{value:.6g}") for key, value in values.items()})
            RESULTS.write_text("[\n" + ",\n".join(json.dumps(row) for row in known) + "\n]\n")
            print(f"{objective.name}: {name}", flush=True)
        if running is not None:
            running.close()


def _noise(objective: Objective, found: Handed) -> float:
    if objective.noise is not None:
        return objective.noise
    return float(f"{np.std([objective.draw(found.config, 2_000_000 + seed) for seed in range(TRUTH)], ddof=1):.3g}")


def report() -> None:
    rows = json.loads(RESULTS.read_text())
    groups = [*(f"noise {level}" for level in LEVELS), "network on digits"]
    lines = []
    for group in groups:
        for name in METHODS:
            of = [row for row in rows if row["objective"].endswith(group) and row["method"] == name]
            if not of:
                continue
            true = np.array([row["true"] for row in of])
            noise = np.array([max(row["noise"], 1e-9) for row in of])
            bias = (true - np.array([row["reported"] for row in of])) / noise
            plain = (true - np.array([row["mean"] for row in of])) / noise
            said = f"{_mean(bias)}" + (f" (repeats alone {_mean(plain)})" if name == "tunesmith" else "")
            lines.append([group, name, str(len(of)), _mean(true), said])
    head = [
        "objectives",
        "method",
        "runs",
        "true value of the winner",
        "reported too good by, in deviations of the noise",
    ]
    renew(BENCH, MARK, [table(head, lines)])


def _mean(values: np.ndarray) -> str:
    return f"{values.mean():.3f} ± {values.std(ddof=1) / np.sqrt(len(values)):.3f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--report", action="store_true", help="only the table")
    arguments = parser.parse_args()
    if not arguments.report:
        run([*functions(arguments.seeds), network(arguments.seeds)])
    report()
