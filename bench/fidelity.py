"""Tuning with learning curves: Tunesmith and its peers in one virtual world, on a virtual clock.

    make bench-setup                                   # an environment for each peer, in bench/.envs
    python bench/fidelity.py methods                   # which methods there are, and which are installed
    python bench/fidelity.py run --method optuna-tpe-hyperband --method tunesmith:auto --seeds 3
    python bench/fidelity.py compare                   # tables to the terminal
    python bench/fidelity.py report                    # tables to bench/README.md

`tunesmith:auto` is the choice of Tunesmith, `tunesmith:<scheduler>+<sampler>` (`promotion+auto`, `none+auto`) any other.
`--tasks-from FOLDER` takes the tasks of a folder that have learning curves (see `curves/suite.py`) instead of the
repository's own, `--subset` the few that slow peers are run on, `--only TEXT` those with a text in their name.
`--as NAME --fresh --out FOLDER` keeps and renews the results of variants in development apart, as in `quality.py`.

Results are lines in bench/results/fidelity/<method>.jsonl, one per task, seed, number of workers and budget; what is
there is not run again. `record` trains the recorded curves anew, which takes minutes.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from curves import methods, recorded, report, runs, suite
from race import runs as race_runs


def tasks_of(given):
    tasks = suite.from_folder(Path(given.tasks_from), given.list) if given.tasks_from else suite.own()
    return [task for task in tasks if given.only in task.name and (not given.subset or task.name in suite.SUBSET)]


def run(given):
    tasks = tasks_of(given)
    out = given.out[0]
    for task in tasks:
        runs.keep(task, out)
    for name in given.method:
        run_method(methods.method(name), tasks, given, out)


def run_method(method, tasks, given, out):
    if method.absent:
        print(f"{method.name}: {method.absent}", file=sys.stderr)
        return
    name = given.as_ or method.name
    file = race_runs.file_of(name, out)
    if given.fresh:
        file.unlink(missing_ok=True)
    done = {runs.key_of(record) for record in race_runs.read(file) if "error" not in record}
    budgets = [mark for mark in runs.MARKS if mark <= given.budget] if method.plans else [given.budget]
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    races = [(seed, task, budget) for seed in seeds for task in tasks for budget in budgets]
    with contextlib.closing(methods.at_work(method)) as running:
        for seed, task, budget in races:
            if (task.name, seed, given.workers, budget) in done:
                continue
            began = time.perf_counter()
            record = runs.run(running, task, seed, given.workers, budget, name)
            race_runs.append(file, record)
            seconds = time.perf_counter() - began
            print(f"{name:<24} {task.name:<44} seed {seed} budget {budget:3g} {seconds:7.1f} s", flush=True)
            if "error" in record:
                print(record["error"], file=sys.stderr)


def list_tasks(given):
    for task in tasks_of(given):
        print(
            f"{task.group:<20} {task.name:<48} {len(task.space.params):>3} parameters {task.steps:>4} steps, "
            f"early values rank like final ones: {task.agreement:5.2f}"
        )


def list_methods(_):
    for method in methods.PEERS.values():
        print(f"{method.name:<22} {method.absent or 'installed'}")
    print("tunesmith:auto, tunesmith:<scheduler>+<sampler>  installed")


def record(given):
    for training in recorded.TRAININGS:
        if given.only in training.name:
            print(recorded.record(training))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, function, *, tasks=False):
        added = commands.add_parser(name)
        added.set_defaults(function=function)
        added.add_argument("--out", action="append", type=Path, help="folder of results, several to read from")
        added.add_argument("--only", default="", help="tasks with this text in their name")
        if tasks:
            added.add_argument("--tasks-from", help="a folder of tasks instead of the repository's own")
            added.add_argument("--list", default="dev", help="the folder's module that lists tasks")
            added.add_argument("--subset", action="store_true", help="the tasks for slow peers")
        return added

    added = command("run", run, tasks=True)
    added.add_argument("--method", action="append", required=True)
    added.add_argument("--as", dest="as_", help="keep the results under this name")
    added.add_argument("--fresh", action="store_true", help="forget the method's results first")
    added.add_argument("--seeds", type=int, default=3)
    added.add_argument("--first-seed", type=int, default=0)
    added.add_argument("--workers", type=int, default=4)
    added.add_argument("--budget", type=int, default=runs.MARKS[-1], help="full trainings, over all workers")
    command("tasks", list_tasks, tasks=True)
    command("methods", list_methods)
    command("record", record)
    command("compare", report.show).add_argument("--method", action="append", help="these methods only")
    command("report", report.write)
    given = parser.parse_args()
    given.out = given.out or [runs.RESULTS]
    given.function(given)


if __name__ == "__main__":
    main()
