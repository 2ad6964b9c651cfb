"""The guided strategy against `auto` search and Optuna's default with its pruner, on real trainings, at equal training compute.

    python bench/guided.py run --seeds 10                     # what is not there yet of bench/results/guided.json
    python bench/guided.py run --tasks-from DIR --minutes 9   # the fashion images of a folder of tasks too; stop after a while
    python bench/guided.py run --curves-from DIR --method guided --method auto    # on learning curves of a folder of tasks
    python bench/guided.py report                             # tables to bench/README.md

Each method has the epochs of so many full trainings for all that it does; one under way is trained to its end. Its winner is
then trained on fresh seeds, and tested on data that nobody has seen.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

import numpy as np
import torch

import tunesmith as ts
from inside.recorded import recorded
from inside.tuned import Task, tasks
from race.methods import ENVIRONMENTS, Process
from tunesmith.recipes.guided import guided

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "guided.json"
PAGE = HERE / "README.md"
MARK = "<!-- guided -->"
TRAININGS = 30
"""Full trainings that a method may spend."""
TESTED = range(1000, 1003)
"""Seeds of the trainings that the winner is judged by."""


def _ours(task: Task, seed: int, tune) -> dict:
    spent = 0

    def train(seed: int, **config):
        nonlocal spent
        for epoch, (loss, error, _) in enumerate(task.train(config, seed), 1):
            spent += 1
            yield {"val_loss": loss, "val_error": error, "cost": epoch}

    space = ts.Space({param.name: _declared(param, task.defaults) for param in task.space})
    budget = TRAININGS * task.epochs
    with tune(
        train, space=space, minimize="val_loss", cost=budget, steps=task.epochs, seed=seed, store=None, progress="quiet"
    ) as study:
        best = study.best
        return {
            "config": best.config,
            "val_loss": best.values["val_loss"],
            "trials": len(study.trials),
            "epochs": spent,
        }


def _declared(param, defaults):
    default = defaults[param.name]
    if param.kind == "choice":
        return ts.Choice(*param.choices, default=default)
    if param.kind == "int":
        return ts.Int(int(param.low), int(param.high), log=param.log, default=default)
    return ts.Float(param.low, param.high, log=param.log, default=default)


def optuna(task: Task, seed: int) -> dict:
    """TPE and the median rule, both as Optuna chooses them, in a process of its own; it trains here."""
    process = Process(ENVIRONMENTS / "optuna" / "bin" / "python", HERE / "peers" / "optuna_steps.py")
    space = [{**vars(param), "choices": list(param.choices), "condition": []} for param in task.space]
    setting = {"space": space, "method": "tpe-median", "seed": seed, "workers": 1}
    version = process.call(setting | {"steps": task.epochs, "budget": TRAININGS})["version"]
    spent, configs, losses = 0, [], []
    while spent < TRAININGS * task.epochs:
        number, config = len(configs), process.call({"next": True})["start"]
        configs.append(config)
        for epoch, (loss, _, _) in enumerate(task.train(config, seed * 10_000 + number), 1):
            spent += 1
            if process.call({"report": number, "step": epoch, "value": loss if np.isfinite(loss) else 1e30})["leave"]:
                break
        losses.append(loss)
    best = process.call({"best": True})["trial"]
    process.close()
    return {
        "config": configs[best],
        "val_loss": losses[best],
        "trials": len(configs),
        "epochs": spent,
        "optuna": version,
    }


METHODS = {
    "guided": lambda task, seed: _ours(task, seed, guided),
    "auto": lambda task, seed: _ours(task, seed, ts.tune),
    "optuna": optuna,
    "defaults": lambda task, seed: {"config": task.defaults, "val_loss": None, "trials": 0, "epochs": 0},  # noqa: ARG005
}


def known() -> list[dict]:
    return json.loads(RESULTS.read_text())["runs"] if RESULTS.exists() else []


def run(given: argparse.Namespace) -> None:
    until = time.monotonic() + 60 * given.minutes
    done = {(one["task"], one["method"], one["seed"]) for one in known()}
    if given.curves_from:
        known_tasks = recorded(Path(given.curves_from))
    else:
        known_tasks = tasks(Path(given.tasks_from) if given.tasks_from else None)
    for seed in range(given.seeds):
        for name, task in known_tasks.items():
            for method, race in METHODS.items():
                if (
                    (name, method, seed) in done
                    or time.monotonic() > until
                    or (given.method and method not in given.method)
                ):
                    continue
                began = time.process_time()
                found = race(task, seed)
                seconds = round(time.process_time() - began, 1)
                loss, error = task.test(found["config"], range(TESTED.start + 100 * seed, TESTED.stop + 100 * seed))
                found |= {
                    "task": name,
                    "method": method,
                    "seed": seed,
                    "test_loss": loss,
                    "test_error": error,
                    "cpu": seconds,
                }
                keep(found)
                print(
                    f"{name:16s} {method:9s} seed {seed}: test error {error:.4f}, loss {loss:.4f}, {found['trials']} trials, {seconds} s",
                    flush=True,
                )


def keep(found: dict) -> None:
    about = {"trainings": TRAININGS, "tested": len(TESTED), "torch": torch.__version__}
    lines = ",\n  ".join(json.dumps(one) for one in [*known(), found])
    RESULTS.write_text(f'{{"about": {json.dumps(about)},\n "runs": [\n  {lines}\n]}}\n')


def table(runs: list[dict]) -> list[str]:
    """Mean and 95 % interval over seeds of the winner's test error, and how it compares with the guided one seed by seed."""
    lines = [
        "| training | method | seeds | test error, % | test loss | trials | epochs | guided is better |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for task in dict.fromkeys(one["task"] for one in runs if "lcbench" not in one["task"]):
        guided = {one["seed"]: one["test_error"] for one in runs if one["task"] == task and one["method"] == "guided"}
        for method in METHODS:
            some = [one for one in runs if one["task"] == task and one["method"] == method and one["seed"] in guided]
            if not some:
                continue
            duels = [np.sign(one["test_error"] - guided[one["seed"]]) for one in some]
            won = "" if method == "guided" else f"{duels.count(1)} of {len(duels)}"
            error = _interval([100 * one["test_error"] for one in some])
            loss = _interval([one["test_loss"] for one in some])
            trials, epochs = (np.mean([one[key] for one in some]) for key in ("trials", "epochs"))
            lines.append(
                f"| {task} | {method} | {len(some)} | {error} | {loss} | {trials:.0f} | {epochs:.0f} | {won} |"
            )
    return lines


def of_curves(runs: list[dict]) -> list[str]:
    """Over data sets and seeds: what is left to the best known configuration, and the difference seed by seed."""
    curves = [one for one in runs if "lcbench" in one["task"]]
    guided = {(one["task"], one["seed"]): one["test_loss"] for one in curves if one["method"] == "guided"}
    lines = [
        "| method | data sets | runs | regret | more than guided, same seed | trials | guided is better |",
        "|---|---|---|---|---|---|---|",
    ]
    for method in dict.fromkeys(one["method"] for one in curves):
        some = [one for one in curves if one["method"] == method and (one["task"], one["seed"]) in guided]
        more = [one["test_loss"] - guided[one["task"], one["seed"]] for one in some]
        sets, trials = len({one["task"] for one in some}), np.mean([one["trials"] for one in some])
        rest = (
            f"{trials:.0f} | |" if method == "guided" else f"{trials:.0f} | {sum(d > 0 for d in more)} of {len(more)} |"
        )
        by = "" if method == "guided" else _interval(more)
        lines.append(
            f"| {method} | {sets} | {len(some)} | {_interval([one['test_loss'] for one in some])} | {by} | {rest}"
        )
    return lines if curves else []


def _interval(values: list[float]) -> str:
    from scipy.stats import t

    mean, count = np.mean(values), len(values)
    half = t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count) if count > 1 else np.nan
    return f"{mean:.3g} ± {half:.2g}"


def report() -> None:
    head, mark, rest = PAGE.read_text().partition(MARK)
    _, end, tail = rest.partition("<!-- end -->")
    if not (mark and end):
        raise SystemExit(f"{PAGE} has no place for the tables: {MARK} ... <!-- end -->")
    PAGE.write_text(
        f"{head}{MARK}\n\n" + "\n".join([*table(known()), "", *of_curves(known())]) + f"\n\n<!-- end -->{tail}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["run", "show", "report"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--tasks-from", help="a folder of benchmark tasks with nn_data.py")
    parser.add_argument("--curves-from", help="a folder of benchmark tasks: its learning curves instead of trainings")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin nothing after so long")
    parser.add_argument("--method", action="append", choices=METHODS, help="only these")
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.what == "run":
        run(given)
    print("\n".join([*table(known()), "", *of_curves(known())])) if given.what == "show" else None
    if given.what == "report":
        report()


if __name__ == "__main__":
    main()
