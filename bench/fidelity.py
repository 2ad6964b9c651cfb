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

import contextlib
import os
from functools import partial

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from curves import methods, recorded, report, runs, suite
from race.command import Commands
from race.runs import installed, places, run_missing


def tasks_of(given):
    tasks = suite.from_folder(given.tasks_from, given.list) if given.tasks_from else suite.own()
    return [task for task in tasks if given.only in task.name and (not given.subset or task.name in suite.SUBSET)]


def run(given):
    tasks = tasks_of(given)
    for task in tasks:
        runs.keep(task, given.out[0])
    for method in installed(given, methods.method):
        budgets = [mark for mark in runs.MARKS if mark <= given.budget] if method.plans else [given.budget]
        with contextlib.closing(methods.at_work(method)) as running:
            race = partial(runs.race, running)
            run_missing(given, method.name, runs.MEASURED_IN, places(given, tasks, budgets), race)


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
    commands = Commands(__doc__, runs.RESULTS)
    most = runs.MARKS[-1]
    commands.add_run(run, workers=4).add_argument(
        "--budget", type=int, default=most, help="full trainings, over all workers"
    )
    commands.add("tasks", list_tasks, tasks=True)
    commands.add("methods", list_methods)
    commands.add("record", record)
    commands.add("compare", report.show).add_argument("--method", action="append", help="these methods only")
    commands.add("report", report.write)
    commands.run()


if __name__ == "__main__":
    main()
