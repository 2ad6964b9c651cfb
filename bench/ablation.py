"""What each part of the default sampler is worth: the same searches with the part taken out.

    python bench/ablation.py run --seeds 3                     # every part; `--part "trust grows"` for one
    python bench/ablation.py run --seeds 3 --subset --tasks-from FOLDER
    python bench/ablation.py report                            # the table to bench/README.md

On the repository's functions over mixed parameters, on some of them with a region in which every training fails, and on the
tasks of a folder, as `quality.py` takes them. A part is taken out by putting something plain in its place (`PARTS`), for
the length of a race. Results are lines in bench/results/ablation; what is there is not run again.
"""

from __future__ import annotations

import contextlib
import math
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np

import tunesmith as ts
from race import folder, functions, page, proposals, runs, suite
from race.command import Commands
from race.measure import over_groups
from race.runs import Place
from race.space import Param, Task
from race.tasks_file import keep, read_tasks
from tunesmith.samplers.gp import merit

RESULTS = Path(__file__).parent / "results" / "ablation"
WHOLE = "nothing"
MARKS = (25, 50, 100)
FAILING = 0.4
"""Share of the space in which trainings fail."""
KEPT = 100
"""Candidates that are handed on: more than are ever passed over as known."""


class Part(NamedTuple):
    """A part of the sampler, what stands in for it, and where: dotted names of what is replaced."""

    instead: str
    replaced: Mapping[str, Any]


def _standardised(losses):
    deviation = losses.std(axis=0)
    return (losses - losses.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)


def _scattered(score, moves, good, effort, rng):
    looked_at = effort.wide + len(good) * effort.near + effort.starts * effort.rounds * effort.brood
    pool = moves.uniform(looked_at, rng)
    return pool.at(np.argsort(-score(pool), kind="stable")[:KEPT])


def _heedless(features, points, j):
    """Indicators of options that do not look whether the parameter takes part."""
    codes = (points.X[:, j] * features.sizes[j]).astype(int)
    return math.sqrt(0.5) * (codes[:, None] == np.arange(features.sizes[j]))


SAMPLER, MODELS = "tunesmith.samplers.gp.sampler", "tunesmith.surrogates.models"
PARTS: dict[str, Part] = {
    "losses warped": Part("mean 0 and deviation 1", {f"{MODELS}.warped": _standardised}),
    "length scales fitted": Part("those that the prior prefers", {f"{MODELS}._FEWEST": 10**9}),
    "prior of length scales": Part("bounds alone", {"tunesmith.surrogates.fit._WEIGHT": 0.0}),
    "inactive options apart": Part(
        "their code, active or not", {"tunesmith.surrogates.features.Features._indicators": _heedless}
    ),
    "optimism by turns": Part(
        "expected improvement always",
        {f"{SAMPLER}.optimistic_gain": lambda models, feasible, _: merit.expected_gain(models, feasible)},
    ),
    "noise met": Part(
        "believed like anything", {f"{SAMPLER}.is_noisy": lambda *_: False, f"{MODELS}.is_noisy": lambda *_: False}
    ),
    "candidates climb": Part("as many points anywhere", {f"{SAMPLER}.best_points": _scattered}),
    "trust grows": Part("anywhere from the start", {f"{SAMPLER}.trust_radius": lambda *_: None}),
    "branches protected": Part("left to the model", {f"{SAMPLER}.neglected_branch": lambda *_: None}),
    "failures avoided": Part(
        "as if all succeeded", {f"{SAMPLER}.chance_of_success": lambda _, features: np.zeros(len(features))}
    ),
}


# -- tasks -------------------------------------------------------------------------------------------------------------


def tasks_of(given) -> list[Task]:
    found = folder.tasks_from(given.tasks_from, given.list) if given.tasks_from else list(own_tasks())
    subset = folder.SUBSET if given.tasks_from else suite.SUBSET
    return [task for task in found if given.only in task.name and (not given.subset or task.name in subset)]


def own_tasks() -> Iterator[Task]:
    for task in functions.tasks():
        yield task
        if task.name in suite.SUBSET:
            yield failing(task)


def failing(task: Task) -> Task:
    """The task with a region, on one side of a random plane, in which there is no value."""
    rng = np.random.default_rng([zlib.crc32(task.name.encode()), 1])
    normal = rng.normal(size=len(task.space.params))

    def side(config):
        return normal @ [position(param, config[param.name]) for param in task.space.params]

    limit = np.quantile([side(task.space.sample(rng)) for _ in range(2000)], 1 - FAILING)

    def evaluate(config):
        return math.nan if side(config) > limit else task.evaluate(config)

    return replace(task, name=f"{task.name}, failing", group="failing", evaluate=evaluate, best=None)


def position(param: Param, value) -> float:
    """Where a value lies in its range, from 0 to 1."""
    if param.choices:
        return param.choices.index(value) / (len(param.choices) - 1)
    low, high, found = (math.log(x) if param.log else x for x in (param.low, param.high, value))
    return (found - low) / (high - low)


# -- races -------------------------------------------------------------------------------------------------------------


def run(given) -> None:
    chosen = tasks_of(given)
    for task in chosen:
        keep(task, given.out[0])
    for name in given.part or [WHOLE, *PARTS]:
        places = runs.places(given, chosen, [MARKS[-1]])
        runs.run_missing(given, name, "trials", places, partial(race, name))


def race(part: str, place: Place) -> dict:
    """Values of a search in which the part is missing, as far as it got: a small space may end."""
    task = place.task
    declared = {param.name: declare(param) for param in task.space.params}
    study = ts.Study.open("ablation", space=declared, minimize="loss", seed=place.seed, trials=place.length)
    values: list[float] = []
    with contextlib.ExitStack() as stack:
        for where, plain in PARTS[part].replaced.items() if part != WHOLE else ():
            stack.enter_context(patch(where, plain))
        with contextlib.suppress(ts.errors.SpaceExhausted):
            while len(values) < place.length:
                trial = study.ask()
                values.append(float(f"{task.evaluate(trial.config):.8g}"))  # as stored, and as in quality.py
                study.tell(trial, values[-1])
    return {"values": [None if math.isnan(value) else value for value in values]}


def declare(param: Param):
    by_kind: dict[str, Callable[[], Any]] = {
        "choice": lambda: ts.Choice(*param.choices),
        "ordinal": lambda: ts.Ordinal(*param.choices),
        "int": lambda: ts.Int(int(param.low), int(param.high), log=param.log),
        "float": lambda: ts.Float(param.low, param.high, log=param.log),
    }
    found = by_kind[param.kind]()
    return ts.when({name: list(values) for name, values in param.condition}, found) if param.condition else found


# -- the table ---------------------------------------------------------------------------------------------------------


def report(given) -> None:
    """Mean regrets over groups of tasks, where all parts were taken out so far, and how often the whole is better."""
    regrets = read(given.out[0])
    parts = {name: {key[1:] for key in regrets if key[0] == name} for name in [WHOLE, *PARTS]}
    shared = set.intersection(*filter(None, parts.values()))
    regrets = {key: curve for key, curve in regrets.items() if key[1:] in shared}
    groups = {name: task.group for name, task in read_tasks([proposals.RESULTS, *given.out]).items()}
    rows = [row(name, regrets, groups) for name in [WHOLE, *PARTS] if any(key[0] == name for key in regrets)]
    head = ["without", "instead", *(f"regret @{n}" for n in MARKS), "@100, failing", "whole better–same–worse @100"]
    tasks = len({task for task, _ in shared})
    said = f"{tasks} tasks, {len(shared)} searches for each part."
    page.renew(page.BENCH, "<!-- ablation -->", [said, page.table(head, rows)])


def read(results: Path) -> dict[tuple[str, str, int], np.ndarray]:
    """Regret after each trial, by part, task and seed: 0 is the best that is known or was found, 1 a random configuration's."""
    curves = {
        (found["method"], found["task"], found["seed"]): _best_so_far(found["values"])
        for found in runs.read_all(results, "trials")
    }
    regrets = {}
    for name, task in read_tasks([proposals.RESULTS, results]).items():
        own = {key: curve for key, curve in curves.items() if key[1] == name}
        if not own:
            continue
        best = min([task.best, *(curve[-1] for curve in own.values())])
        regrets |= {key: np.clip((curve - best) / (task.median - best), 0, 1) for key, curve in own.items()}
    return regrets


def _best_so_far(values) -> np.ndarray:
    found = np.array([math.inf if value is None else value for value in values])
    return np.pad(np.minimum.accumulate(found), (0, MARKS[-1] - len(found)), mode="edge")


def row(part: str, regrets: Mapping[tuple[str, str, int], np.ndarray], groups: Mapping[str, str]) -> list[str]:
    own = {key[1:]: curve for key, curve in regrets.items() if key[0] == part}
    means = [
        over_groups((groups[task], curve[n - 1]) for (task, _), curve in own.items() if groups[task] != "failing")
        for n in MARKS
    ]
    failed = over_groups((groups[task], curve[-1]) for (task, _), curve in own.items() if groups[task] == "failing")
    cells = [part, PARTS[part].instead if part in PARTS else "–", *(page.number(mean, 3) for mean in [*means, failed])]
    whole = {place: regrets[WHOLE, *place] for place in own if (WHOLE, *place) in regrets}
    gaps = np.array([own[place][-1] - curve[-1] for place, curve in whole.items()])
    return [*cells, "–" if part == WHOLE else f"{(gaps > 0).sum()}–{(gaps == 0).sum()}–{(gaps < 0).sum()}"]


def main() -> None:
    commands = Commands(__doc__, RESULTS)
    added = commands.add("run", run, tasks=True)
    added.add_argument("--part", action="append", choices=[WHOLE, *PARTS])
    added.add_argument("--fresh", action="store_true")
    added.add_argument("--seeds", type=int, default=3)
    added.add_argument("--first-seed", type=int, default=0)
    added.set_defaults(workers=1, as_=None)
    commands.add("report", report)
    commands.run()


if __name__ == "__main__":
    main()
