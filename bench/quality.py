"""How good the proposals are: Tunesmith's samplers and their peers on the same tasks, seeds and budgets.

    make bench-setup                                   # an environment for each peer, in bench/.envs
    python bench/quality.py methods                    # which optimizers there are, and which are installed
    python bench/quality.py run --method optuna-tpe --method tunesmith:auto --seeds 5 --trials 100
    python bench/quality.py compare tunesmith:auto     # tables to the terminal
    python bench/quality.py report                     # tables to bench/README.md

`tunesmith:NAME` is the sampler of that name; it runs in the environment that runs this file. For variants in
development, keep their results apart and renew them:

    python bench/quality.py run --method tunesmith:auto --as tunesmith:auto-wide --fresh --out /tmp/q --seeds 2
    python bench/quality.py compare tunesmith:auto-wide --out /tmp/q --out bench/results/quality --by task

`--tasks-from FOLDER` takes the tasks of a folder (see `race/folder.py`) instead of the repository's own, `--subset` the
few that slow peers are run on, `--only TEXT` those with a text in their name, `--workers 8` keeps eight trials running.

Results are lines in bench/results/quality/<method>.jsonl, one per task and seed. What is there is not run again, unless
the optimizer broke off, so an interrupted run is continued by the same command. Optimizers run one at a time, in a process of their own, on one thread.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from pathlib import Path

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from race import compare, folder, methods, report, runs, suite, tasks_file


def tasks_of(given):
    if given.tasks_from:
        tasks, subset = folder.tasks_from(Path(given.tasks_from), given.list), folder.SUBSET
    else:
        tasks, subset = suite.tasks(), suite.SUBSET
    return [task for task in tasks if given.only in task.name and (not given.subset or task.name in subset)]


def run(given):
    tasks = tasks_of(given)
    out = given.out[0]
    for task in tasks:
        tasks_file.keep(task, out)
    for name in given.method:
        run_method(methods.method(name), tasks, given, out)


def run_method(method, tasks, given, out):
    if method.absent:
        print(f"{method.name}: {method.absent}", file=sys.stderr)
        return
    name = given.as_ or method.name
    file = runs.file_of(name, out)
    if given.fresh:
        file.unlink(missing_ok=True)
    done = {runs.key_of(record) for record in runs.read(file) if "error" not in record}
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    races = [(task, seed) for seed in seeds for task in tasks if task.objectives in method.objectives]
    with contextlib.closing(methods.Running(method)) as optimizer:
        for task, seed in races:
            if (task.name, seed, given.trials, given.workers) in done:
                continue
            began = time.perf_counter()
            record = runs.run(optimizer, task, seed, given.trials, given.workers, name)
            runs.append(file, record)
            seconds = time.perf_counter() - began
            print(f"{name:<20} {task.name:<40} seed {seed} {seconds:7.1f} s, cpu {record['cpu']:8.2f} s", flush=True)
            if "error" in record:
                print(record["error"], file=sys.stderr)


def list_tasks(given):
    for task in tasks_of(given):
        print(f"{task.group:<34} {task.name:<42} {len(task.space.params):>3} parameters")


def list_methods(_):
    for method in methods.PEERS.values():
        print(f"{method.name:<20} {method.absent or 'installed'}")
    print("tunesmith:<sampler>  installed")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, function, *, tasks=True):
        added = commands.add_parser(name)
        added.set_defaults(function=function)
        added.add_argument("--out", action="append", type=Path, help="folder of results, several to read from")
        if tasks:
            added.add_argument("--tasks-from", help="a folder of tasks instead of the repository's own")
            added.add_argument("--list", default="dev", help="the folder's module that lists tasks")
            added.add_argument("--only", default="", help="tasks with this text in their name")
            added.add_argument("--subset", action="store_true", help="the tasks for slow peers")
        return added

    added = command("run", run)
    added.add_argument("--method", action="append", required=True)
    added.add_argument("--as", dest="as_", help="keep the results under this name")
    added.add_argument("--fresh", action="store_true", help="forget the method's results first")
    added.add_argument("--seeds", type=int, default=5)
    added.add_argument("--first-seed", type=int, default=0)
    added.add_argument("--trials", type=int, default=100)
    added.add_argument("--workers", type=int, default=1)
    command("tasks", list_tasks)
    command("methods", list_methods, tasks=False)
    added = command("compare", compare.show, tasks=False)
    added.add_argument("method")
    added.add_argument("--against", action="append", help="these peers only")
    added.add_argument("--only", default="", help="tasks with this text in their name")
    added.add_argument("--by", choices=("group", "task"), default="group")
    added.add_argument("--workers", type=int, default=1)
    command("report", report.write, tasks=False)
    given = parser.parse_args()
    given.out = given.out or [runs.RESULTS]
    given.function(given)


if __name__ == "__main__":
    main()
