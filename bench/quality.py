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

import contextlib
import os
from functools import partial

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

from race import compare, folder, methods, proposals, report, runs, suite, tasks_file
from race.command import Commands


def tasks_of(given):
    if given.tasks_from:
        tasks, subset = folder.tasks_from(given.tasks_from, given.list), folder.SUBSET
    else:
        tasks, subset = suite.tasks(), suite.SUBSET
    return [task for task in tasks if given.only in task.name and (not given.subset or task.name in subset)]


def run(given):
    tasks = tasks_of(given)
    for task in tasks:
        tasks_file.keep(task, given.out[0])
    for method in runs.installed(given, methods.method):
        suited = [task for task in tasks if task.objectives in method.objectives]
        places = runs.places(given, suited, [given.trials])
        with contextlib.closing(methods.Running(method)) as optimizer:
            race = partial(proposals.race, optimizer)
            runs.run_missing(given, method.name, proposals.MEASURED_IN, places, race)


def list_tasks(given):
    for task in tasks_of(given):
        print(f"{task.group:<34} {task.name:<42} {len(task.space.params):>3} parameters")


def list_methods(_):
    for method in methods.PEERS.values():
        print(f"{method.name:<20} {method.absent or 'installed'}")
    print("tunesmith:<sampler>  installed")


def main():
    commands = Commands(__doc__, proposals.RESULTS)
    commands.add_run(run, workers=1).add_argument("--trials", type=int, default=100)
    commands.add("tasks", list_tasks, tasks=True)
    commands.add("methods", list_methods)
    added = commands.add("compare", compare.show)
    added.add_argument("method")
    added.add_argument("--against", action="append", help="these peers only")
    added.add_argument("--by", choices=("group", "task"), default="group")
    added.add_argument("--workers", type=int, default=1)
    commands.add("report", report.write)
    commands.run()


if __name__ == "__main__":
    main()
