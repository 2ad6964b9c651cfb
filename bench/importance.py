"""Importance of parameters, against Optuna's evaluators on the same trials of functions whose importances are known.

    make bench-importance                      # everything: about an hour, nearly all of it Optuna's fANOVA
    python bench/importance.py --trials 1000   # one size; what is there of others stays
    python bench/importance.py --report        # the table again, from the results

Writes bench/results/importance.json and the table in bench/README.md. Seconds are of the processor, one thread. Optuna runs
in bench/.envs/optuna (`make bench-setup`); it is cut off after `--limit` seconds of the processor.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is loaded: processor seconds of one thread

import argparse
import json
import math
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import qmc, spearmanr

import tunesmith as ts
from tunesmith.analysis.importance.measure import importance
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials import Asked, Draft, Finished, Objective, Opened, Started, StudySpec, View

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "importance.json"
PEER = HERE / ".envs" / "optuna" / "bin" / "python"
MARK, END = "<!-- importance -->", "<!-- end -->"
NOISE = 0.1
"""Of the function's standard deviation: nobody's training is exact."""
SEEDS = {1_000: 5, 10_000: 1}
SLOW = {10_000: ("ishigami", "conditional")}
"""Where a function takes Optuna's fANOVA many minutes, two of them must do."""
OURS = ("tunesmith fanova", "tunesmith fanova with intervals", "tunesmith ped-anova")
THEIRS = ("optuna fanova", "optuna ped-anova")
METHODS = (*OURS, *THEIRS)


class Function(NamedTuple):
    """A function of a configuration, and the space that it is known on."""

    space: ts.Space
    value: Callable[[dict[str, Any]], float]


def _floats(count: int) -> dict[str, ts.Float]:
    return {f"x{i}": ts.Float(0, 1) for i in range(count)}


def sobol_g(c):
    """Sobol' (1993): a product; each parameter matters less than the one before."""
    return math.prod((abs(4 * c[f"x{i}"] - 2) + a) / (1 + a) for i, a in enumerate((0, 0.5, 1, 2, 4, 8)))


def ishigami(c):
    """Ishigami and Homma (1990): the third parameter matters only together with the first."""
    a, b, d = (math.pi * (2 * c[f"x{i}"] - 1) for i in range(3))
    return math.sin(a) + 7 * math.sin(b) ** 2 + 0.1 * d**4 * math.sin(a)


def friedman(c):
    """Friedman (1991)."""
    x = [c[f"x{i}"] for i in range(5)]
    return 10 * math.sin(math.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4]


def training(c):
    """Shaped as losses of trainings are: a valley in the learning rate that depends on the batch size."""
    lr = math.log10(c["lr"]) + 2.5 - 0.6 * math.log2(c["batch"] / 64) / 3
    depth = {"relu": 0.0, "tanh": 0.35, "gelu": 0.1}[c["activation"]]
    return lr**2 + 0.15 * (math.log2(c["width"]) - 8) ** 2 + depth + 0.5 * c["dropout"]


def conditional(c):
    """Two branches of which each has parameters of its own."""
    if c["optimizer"] == "sgd":
        return (math.log10(c["lr"]) + 1) ** 2 + 4 * (c["momentum"] - 0.9) ** 2 + (not c["nesterov"]) * 0.3
    return 0.7 * (math.log10(c["lr"]) + 3) ** 2 + 0.8 * (c["beta"] - 0.5) ** 2


def twenty(c):
    """Twenty parameters, each a little less important than the one before."""
    return sum(0.8**i * math.sin(2 * c[f"x{i}"] + i) for i in range(20))


FUNCTIONS = {
    "sobol g": Function(ts.Space(_floats(6)), sobol_g),
    "ishigami": Function(ts.Space(_floats(4)), ishigami),
    "friedman": Function(ts.Space(_floats(6)), friedman),
    "training": Function(
        ts.Space(
            {
                "lr": ts.Float(1e-5, 1, log=True),
                "width": ts.Int(16, 1024, log=True),
                "batch": ts.Int(16, 512, log=True),
                "activation": ts.Choice("relu", "tanh", "gelu"),
                "dropout": ts.Float(0, 0.5),
            }
        ),
        training,
    ),
    "conditional": Function(
        ts.Space(
            {
                "optimizer": ts.Choice("sgd", "adam"),
                "lr": ts.Float(1e-5, 1, log=True),
                "momentum": ts.when({"optimizer": "sgd"}, ts.Float(0, 1)),
                "nesterov": ts.when({"optimizer": "sgd"}, ts.Choice(True, False)),
                "beta": ts.when({"optimizer": "adam"}, ts.Float(0, 1)),
            }
        ),
        conditional,
    ),
    "twenty": Function(ts.Space(_floats(20)), twenty),
}


def truth(function: Function) -> tuple[np.ndarray, np.ndarray]:
    """Sobol' indices of the function itself, both (d,): total (Jansen 1999), and of first order (Saltelli 2010)."""
    codec = function.space.codec()
    both = qmc.Sobol(2 * codec.width, rng=0).random(2**14)
    here, other = both[:, : codec.width], both[:, codec.width :]
    values, others = values_at(function, here), values_at(function, other)
    total, first = [], []
    for j in range(codec.width):
        swapped = here.copy()
        swapped[:, j] = other[:, j]
        changes = values_at(function, swapped) - values
        total.append(float((changes**2).mean() / (2 * values.var())))
        first.append(float(((others - others.mean()) * changes).mean() / values.var()))
    return np.array(total), np.array(first)


def values_at(function: Function, U: np.ndarray) -> np.ndarray:
    return np.array([function.value(config) for config in function.space.codec().decode(U)])


def trials_of(function: Function, count: int, seed: int) -> tuple[list[dict[str, Any]], list[float]]:
    """Random configurations and their values, with noise."""
    rng = np.random.default_rng([seed, count])
    configs = function.space.codec().decode(rng.random((count, function.space.codec().width)))
    values = np.array([function.value(config) for config in configs])
    return configs, (values + NOISE * values.std() * rng.standard_normal(count)).tolist()


# -- both sides --------------------------------------------------------------------------------------------------------


def view_of(function: Function, configs: list[dict[str, Any]], values: list[float]) -> View:
    spec = StudySpec("bench", function.space, (Objective("loss", "minimize"),))
    store = MemoryStore()
    store.create(spec)
    for number, (config, value) in enumerate(zip(configs, values, strict=True)):
        facts = (Opened(), Asked(config, "bench", "", 0), Started("", 1), Finished({"loss": value}, 1))
        store.append("bench", [Draft(None if isinstance(fact, Opened) else number, fact) for fact in facts])
    return View(spec).advance(store.changes("bench"))


def ours(method: str, function: Function, configs, values):
    """Shares by name, those of each parameter alone (None with PED-ANOVA), and seconds."""
    view = view_of(function, configs, values)
    _ = view.columns  # as the search itself has them already
    name = "fanova" if "fanova" in method else "ped-anova"
    options = {} if "intervals" in method or name == "ped-anova" else {"resamples": 0}
    began = time.process_time()
    found = importance(view, method=name, **options)
    seconds = time.process_time() - began
    alone = {share.name: share.alone for share in found.params} if name == "fanova" else None
    return {share.name: share.share for share in found.params}, alone, seconds


def theirs(method: str, function: Function, configs, values, seed: int, limit: float):
    given = {
        "space": {name: param.to_json() for name, param in function.space.params.items()},
        "configs": configs,
        "values": values,
        "method": method.removeprefix("optuna "),
        "seed": seed,
    }
    done = subprocess.run(
        [PEER, HERE / "peers" / "optuna_importance.py"],
        input=json.dumps(given), capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit) + 5)),
    )  # fmt: skip
    if done.returncode == -signal.SIGXCPU:
        return None, limit
    found = json.loads(done.stdout)
    return found["importance"], found["seconds"]


def run(sizes, methods, limit: float):
    rows = []
    for name, function in FUNCTIONS.items():
        total, first = truth(function)
        for count in sizes:
            for seed in range(SEEDS[count]):
                configs, values = trials_of(function, count, seed)
                for method in methods:
                    if method == "optuna fanova" and name not in SLOW.get(count, FUNCTIONS):
                        continue
                    if method in OURS:
                        found, alone, seconds = ours(method, function, configs, values)
                    else:
                        found, seconds = theirs(method, function, configs, values, seed, limit)
                        alone = found if method == "optuna fanova" else None  # it computes first-order effects
                    rows.append({
                        "function": name, "trials": count, "seed": seed, "method": method,
                        "rank": agreement(total, found, function), "rank_first": agreement(first, alone, function),
                        "seconds": seconds, "found": found,
                    })  # fmt: skip
                    print(json.dumps(rows[-1]), flush=True)
    return rows


def agreement(known: np.ndarray, found: dict[str, float] | None, function: Function) -> float | None:
    """Spearman's rank correlation; what an evaluator leaves out counts as zero."""
    if not found:
        return None
    return float(spearmanr(known, [found.get(name, 0.0) for name in function.space.codec().names])[0])


# -- the table ---------------------------------------------------------------------------------------------------------


def table(rows) -> str:
    lines = ["| function | trials | " + " | ".join(METHODS) + " |", "|---|---|" + "---|" * 5]
    sizes = sorted({row["trials"] for row in rows})
    for count in sizes:
        for name in (*FUNCTIONS, "mean"):
            part = [row for row in rows if row["trials"] == count and name in (row["function"], "mean")]
            by_method = [[row for row in part if row["method"] == method] for method in METHODS]
            if name == "mean":  # only over all functions
                by_method = [
                    rows_of if {r["function"] for r in rows_of} == set(FUNCTIONS) else [] for rows_of in by_method
                ]
            cells = [cell(rows_of) for rows_of in by_method]
            lines.append(f"| {name} | {count:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(rows) -> str:
    """The mean rank correlation with total indices, and the mean of the seconds."""
    if not rows:
        return ""
    seconds = float(np.mean([row["seconds"] for row in rows]))
    known = [row["rank"] for row in rows if row["rank"] is not None]
    return f"{np.mean(known):.2f}, {seconds:.2f} s" if known else f"none in {seconds:.0f} s"


def first_order(rows) -> str:
    """The same with indices of first order, on the runs in which both fANOVAs were compared with them."""
    found = {
        method: {(r["trials"], r["function"], r["seed"]): r["rank_first"] for r in rows if r["method"] == method}
        for method in ("tunesmith fanova", "optuna fanova")
    }
    ours, theirs = found.values()
    both = [place for place, rank in theirs.items() if rank is not None and ours.get(place) is not None]
    if not both:
        return ""
    means = [np.mean([ranks[place] for place in both]) for ranks in (ours, theirs)]
    functions = ", ".join(name for name in FUNCTIONS if any(place[1] == name for place in both))
    return (
        f"With indices of first order, which is what Optuna's fANOVA computes, the rank correlation of Tunesmith's (what a "
        f"parameter has alone) is {means[0]:.2f} and that of Optuna's {means[1]:.2f}, over {len(both)} runs ({functions})."
    )


def write(rows) -> None:
    RESULTS.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")
    page = HERE / "README.md"
    head, _, rest = page.read_text(encoding="utf-8").partition(MARK)
    _, _, tail = rest.partition(END)
    page.write_text(f"{head}{MARK}\n\n{table(rows)}\n\n{first_order(rows)}\n\n{END}{tail}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, action="append", choices=SEEDS)
    parser.add_argument("--method", action="append", choices=METHODS)
    parser.add_argument("--limit", type=float, default=200.0)
    parser.add_argument("--report", action="store_true")
    given = parser.parse_args()
    rows = [] if given.report else run(given.trials or list(SEEDS), given.method or METHODS, given.limit)
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    merged = {(r["trials"], r["function"], r["seed"], r["method"]): r for r in [*kept, *rows]}
    order = list(FUNCTIONS)
    write([merged[key] for key in sorted(merged, key=lambda k: (k[0], order.index(k[1]), k[2], METHODS.index(k[3])))])


if __name__ == "__main__":
    main()
