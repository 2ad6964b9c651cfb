"""What earlier studies and beliefs are worth: trials until the value that a cold start has after 50.

    python bench/transfer.py run [--tasks-from FOLDER] [--seeds 3] [--minutes 9]     what is not there yet
    python bench/transfer.py report                                                  the table in bench/README.md

Tasks come in families, the same model on other data. At each task the other tasks of its family have had studies of 50
trials, up to two of them, and the study begins from these; from as many of smooth functions that have nothing to do with
it; and from its relatives with their losses turned round, the worst that evidence can be. Beliefs are right (around the best
of another study of the task), or at the far end of every range. Some families were looked at while the rules were made; the
others were only measured.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import fnmatch
import functools
import json
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

BENCH = Path(__file__).parent
sys.path[:0] = [str(BENCH), str(BENCH / "peers")]

from tunesmith_peer import declared, version  # noqa: E402

import tunesmith as ts  # noqa: E402
from race import folder, learning, page  # noqa: E402
from race.space import Space, Task, choice, real, whole  # noqa: E402
from tunesmith.errors import SpaceExhausted  # noqa: E402

RESULTS = BENCH / "results" / "transfer.json"
MARK = 50  # the cold start is measured after so many trials
TRIALS = 55
SOURCES = 2
RANDOM = 200  # random configurations, whose median has regret 1
TARGETS = 2  # of each family, the first ones; the others are relatives only

MADE, RIDGE = "made functions", "kernel ridge"
FAMILIES = {
    "LCBench": "yahpo/lcbench/*",
    "rpart": "yahpo/rbv2_rpart/*",
    "xgboost": "yahpo/rbv2_xgboost/*",
}
JUDGED = {
    "FCNet": "table/hpolib/*",
    "NAS-Bench-Graph": "table/nbgraph/*",
    "decision trees": "live/bayesmark/DT-*-nll",
    "iaml super": "yahpo/iaml_super_v0/*",
}  # only measured: no rule and no constant was chosen by them
WARM = ("related", "unrelated", "inverse")
ARMS = {
    "related": "related studies",
    "unrelated": "unrelated studies",
    "inverse": "related studies, losses turned round",
    "right": "beliefs, right",
    "wrong": "beliefs, wrong",
}


# -- tasks -------------------------------------------------------------------------------------------------------------


def families(tasks_from: Path | None) -> dict[str, list[Task]]:
    found = {MADE: [_made(f"made/{place}", 0.08, place) for place in range(4)], RIDGE: _ridges()}
    if tasks_from is not None:
        known, _ = folder.open_folder(tasks_from)
        for family, pattern in {**FAMILIES, **JUDGED}.items():
            names = fnmatch.filter(sorted(known), pattern)[: TARGETS + SOURCES]
            found[family] = [folder.task_of(family, name, known[name]()) for name in names]
    return found


def _ridges() -> list[Task]:
    """Kernel ridge regression on four parts of the diabetes table."""
    (known,) = (task for task in learning.tasks() if task.name == "learn/ridge-diabetes")
    return [Task(f"ridge/{part}", RIDGE, known.space, functools.partial(_ridge_loss, part)) for part in range(4)]


def _ridge_loss(part: int, config: Mapping) -> float:
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.model_selection import cross_val_score

    X, y = learning.rows("diabetes")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scores = cross_val_score(KernelRidge(**config), X[part::4], y[part::4], cv=3, scoring="neg_mean_squared_error")
    return min(float(-scores.mean()), 10.0) if np.isfinite(scores).all() else 10.0


def _made(name: str, shift: float, seed: int) -> Task:
    """A valley over six parameters of all kinds; the tasks of the family differ by shifts of its floor and by scale."""
    params = [
        real("rate", 1e-5, 1, log=True),
        real("decay", 1e-6, 1e-1, log=True),
        real("dropout", 0, 0.8),
        whole("width", 16, 1024, log=True),
        whole("layers", 1, 6),
        choice("method", "sgd", "adam", "rmsprop", "adagrad"),
    ]
    return Task(name, MADE, Space(params), _valley(ts.Space({p.name: declared(p) for p in params}), 7, shift, seed))


def _valley(space: ts.Space, landscape: int, shift: float, seed: int) -> Callable[[Mapping], float]:
    """A smooth function on the unit cube of a space, with a floor of its own `landscape`, moved by about `shift`."""
    codec = space.codec()
    shape, own = np.random.default_rng([landscape, 1]), np.random.default_rng([landscape, seed, 2])
    floor = np.clip(shape.uniform(0.1, 0.9, codec.width) + shift * own.normal(size=codec.width), 0, 1)
    steep = 10 ** shape.uniform(-1, 1, codec.width)
    options = shape.uniform(0, 1, (codec.width, 50)) + shift * own.normal(size=(codec.width, 50))
    scale, base = 10 ** own.uniform(-2, 2), own.uniform(-5, 5)
    unordered = np.array([isinstance(param, ts.Choice) for param in codec.params])

    def loss(config):
        X, active = codec.encode([config])
        codes = np.array(
            [int(x * param.size) if u else 0 for x, param, u in zip(X[0], codec.params, unordered, strict=True)]
        )
        away = np.where(unordered, options[np.arange(codec.width), codes], (X[0] - floor) ** 2 * 3)
        bumps = 0.1 * np.sin(9 * X[0] + floor * 7) ** 2
        return float(base + scale * np.where(active[0], steep * (away + bumps), 0).sum())

    return loss


# -- studies -----------------------------------------------------------------------------------------------------------


def space_of(task: Task) -> ts.Space:
    return ts.Space({param.name: declared(param) for param in task.space.params})


def study(space: ts.Space, loss: Callable[[Mapping], float], seed: int, trials: int, *earlier: ts.Study) -> ts.Study:
    found = ts.Study.open("study", space=space, minimize="loss", seed=seed, trials=trials, warm_start=list(earlier))
    for _ in range(trials):
        try:
            trial = found.ask()
        except SpaceExhausted:
            break
        found.tell(trial, loss=loss(trial.config))
    return found


def called(name: str, study: ts.Study, turn: float = 1.0) -> ts.Study:
    """A copy under a name of its own, with losses turned round if `turn` is -1."""
    copy = ts.Study.open(name.replace("/", "-"), space=study.spec.space, minimize="loss", seed=0)
    for trial in study.trials:
        if trial.values:
            copy.enqueue(trial.config)
            copy.tell(copy.ask(), loss=turn * trial.values["loss"])
    return copy


def believing(space: ts.Space, best: Mapping, *, right: bool) -> ts.Space:
    """The space with beliefs around a configuration, or at the far end of each range and on every other option."""
    params: dict[str, object] = {}
    for name, param in space.params.items():
        if name not in best:
            params[name] = param
        elif isinstance(param, ts.Choice | ts.Ordinal):
            weights = {option: 5.0 for option in param.options if (option == best[name]) == right}
            params[name] = type(param)(*param.options, belief=weights or None)
        else:
            unit = param.to_unit(best[name])
            centre = best[name] if right else param.from_unit(0.05 if unit > 0.5 else 0.95)
            params[name] = replace(param, belief=ts.around(centre))
        if name in space.conditions:
            tests = {test.parent: list(test.value) for test in space.conditions[name]}
            params[name] = ts.when(tests, params[name])
    return ts.Space(params)


def measured(task: Task, relatives: Sequence[Task], seed: int) -> dict:
    """Improvements of each arm, as pairs of trial and value, at one task and seed."""
    space = space_of(task)
    draw = np.random.default_rng(zlib.crc32(task.name.encode()))
    cold = study(space, task.evaluate, seed, TRIALS)
    other = study(space, task.evaluate, 1000 + seed, TRIALS)
    related = [called(one.name, relative(one, 2000 + seed)) for one in relatives]
    unrelated = [
        called(f"unrelated {place}", study(space, _valley(space, 100 + 10 * seed + place, 0.0, 0), seed, MARK))
        for place in range(len(relatives))
    ]
    turned = [called(f"turned {one.name}", one, -1.0) for one in related]
    best = other.best.config
    arms = {
        "cold": cold,
        "other": other,
        "related": study(space, task.evaluate, seed, TRIALS, *related),
        "unrelated": study(space, task.evaluate, seed, TRIALS, *unrelated),
        "inverse": study(space, task.evaluate, seed, TRIALS, *turned),
        "right": study(believing(space, best, right=True), task.evaluate, seed, TRIALS),
        "wrong": study(believing(space, best, right=False), task.evaluate, seed, TRIALS),
    }
    random = float(np.median([task.evaluate(task.space.sample(draw)) for _ in range(RANDOM)]))
    return {
        "random": random,
        "best": task.best,
        "turns": {arm: turns(arms[arm]) for arm in WARM},
        **{arm: improvements(found) for arm, found in arms.items()},
    }


_RELATIVES: dict[tuple[str, int], ts.Study] = {}


def relative(task: Task, seed: int) -> ts.Study:
    key = task.name, seed
    if key not in _RELATIVES:
        _RELATIVES[key] = study(space_of(task), task.evaluate, seed, MARK)
    return _RELATIVES[key]


def turns(study: ts.Study) -> int:
    """How many trials earlier studies had a say in."""
    return sum("earlier studies" in trial.why for trial in study.trials)


def improvements(study: ts.Study) -> list[list[float]]:
    found: list[list[float]] = []
    for trial in study.trials:
        value = float(f"{trial.values['loss']:.8g}") if trial.values else np.inf
        if not found or value < found[-1][1]:
            found.append([trial.number, value])
    return found


# -- results -----------------------------------------------------------------------------------------------------------


def run(tasks_from: Path | None, seeds: int, minutes: float) -> None:
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"version": "", "places": {}}
    kept["version"] = version()
    known = families(tasks_from)
    until = time.monotonic() + 60 * minutes
    for seed in range(seeds):
        for family, tasks in known.items():
            for task in tasks[:TARGETS]:
                place = f"{family}: {task.name}: {seed}"
                if place in kept["places"]:
                    continue
                if time.monotonic() > until:
                    return
                relatives = [one for one in tasks if one is not task][:SOURCES]
                kept["places"][place] = measured(task, relatives, seed)
                unfinished = RESULTS.with_suffix(".tmp")
                unfinished.write_text(json.dumps(kept, indent=None, separators=(",", ":")).replace('},"', '},\n"'))
                unfinished.replace(RESULTS)


def curves(places: Mapping[str, Mapping]) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """For each place its family and the regret of each arm after each trial, (TRIALS,); and the turns of earlier studies, ()."""
    tasks: dict[str, float] = {}
    for place, found in places.items():
        name = place.rsplit(": ", 1)[0]
        least = min(found[arm][-1][1] for arm in ("cold", "other", *ARMS))
        known = found["best"] if found["best"] is not None and np.isfinite(found["best"]) else np.inf
        tasks[name] = min(tasks.get(name, np.inf), least, known)
    for place, found in places.items():
        name = place.rsplit(": ", 1)[0]
        best, random = tasks[name], found["random"]
        regret = {}
        for arm in ("cold", "other", *ARMS):
            values = np.full(TRIALS, np.nan)
            for number, value in found[arm]:
                values[number:] = value
            regret[arm] = np.clip((values - best) / max(random - best, 1e-300), 0, 1)
        yield place.split(": ")[0], regret | {f"turns {arm}": np.array(found["turns"][arm]) for arm in WARM}


Groups = Mapping[str, Sequence[Mapping[str, np.ndarray]]]  # by family, the curves of its places


def mean(groups: Groups) -> dict[str, np.ndarray]:
    """Mean curves, each family once; `cold` of both studies that know nothing."""
    families = [{arm: np.mean([one[arm] for one in found], axis=0) for arm in found[0]} for found in groups.values()]
    found = {arm: np.mean([family[arm] for family in families], axis=0) for arm in families[0]}
    return found | {"cold": (found["cold"] + found["other"]) / 2}


def by_family(groups: Groups) -> str:
    head = ["family", "places", "cold @10", "cold @50", "related @10", "related @50", "cold", *ARMS.values()]
    rows = []
    for family, places in groups.items():
        found = mean({family: places})
        regrets = [f"{found[arm][n - 1]:.3f}" for arm in ("cold", "related") for n in (10, MARK)]
        waits = [reached(found[arm], found["cold"][MARK - 1]) for arm in ("cold", *ARMS)]
        rows.append([family, str(len(places)), *regrets, *waits])
    return page.table(head, rows)


def all_together(groups: Groups) -> str:
    """Each family once, with intervals from 1,000 resamples of the places of each."""
    head = ["families", "arm", "turns", f"cold @{MARK} reached after", f"after {TRIALS}, what a cold start has after"]
    rng, rows = np.random.default_rng(0), []
    for title, judged in (("looked at", False), ("only measured", True)):
        some = {family: places for family, places in groups.items() if (family in JUDGED) == judged}
        if not some:
            continue
        drawn = [
            mean(
                {
                    family: [places[i] for i in rng.integers(len(places), size=len(places))]
                    for family, places in some.items()
                }
            )
            for _ in range(1000)
        ]
        for arm in WARM:
            waits = [
                [_after(found[arm], found["cold"][MARK - 1]), _after(found["cold"], found[arm][-1])]
                for found in (mean(some), *drawn)
            ]
            low, high = np.quantile(waits[1:], [0.025, 0.975], axis=0)
            told = [f"{_told(waits[0][k])} ({_told(low[k])} to {_told(high[k])})" for k in (0, 1)]
            rows.append([title, ARMS[arm], f"{mean(some)[f'turns {arm}']:.1f}", *told])
    return page.table(head, rows)


def _after(curve: np.ndarray, level: float) -> int:
    """After how many trials a mean curve is at a level; one more than all if it never is."""
    below = np.flatnonzero(curve <= level + 1e-12)
    return int(below[0]) + 1 if len(below) else TRIALS + 1


def _told(trials: float) -> str:
    return f"> {TRIALS}" if trials > TRIALS else f"{trials:.0f}"


def reached(curve: np.ndarray, level: float) -> str:
    return _told(_after(curve, level))


def report() -> list[str]:
    kept = json.loads(RESULTS.read_text())
    groups: dict[str, list[dict[str, np.ndarray]]] = {}
    for family, regret in curves(kept["places"]):
        groups.setdefault(family, []).append(regret)
    return [by_family(groups), all_together(groups), f"Version: {kept['version']}."]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "report"])
    parser.add_argument("--tasks-from", type=Path, help="a folder with a module `registry` (see race/folder.py)")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=600, help="begin no further task after so long")
    given = parser.parse_args()
    if given.what == "run":
        run(given.tasks_from, given.seeds, given.minutes)
    else:
        page.renew(page.BENCH, "<!-- transfer -->", report())


if __name__ == "__main__":
    main()
