"""Tasks from a folder outside the repository (`--tasks-from`).

The folder has a module `registry` whose `all_tasks()` maps names to functions that make a task (with `space`,
`evaluate(config)["value"]` and `best_known`), and modules such as `dev` with `GROUPS`, a dict of group to names.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from race.space import Param, Space, Task

FEW_LEVELS = 30  # raster parameters with at most so many levels are ordinals

# Recorded runs that answer by the nearest of a few hundred configurations say little about samplers.
LEFT_OUT_GROUPS = ("real learning curves",)
LEFT_OUT_PREFIXES = ("pool/",)
# More than 0.1 s per evaluation.
SLOW = ("live/bayesmark/ada-wine-nll", "live/bayesmark/MLP-adam-wine-nll", "live/bayesmark/MLP-sgd-iris-nll")

# For peers that need seconds per proposal: the first task of each group, and where a group has a second family the first
# of that too, until there are ten. Chosen before any result was seen.
SUBSET = (
    "yahpo/lcbench/3945",
    "yahpo/rbv2_rpart/14",
    "yahpo/rbv2_xgboost/16",
    "yahpo/iaml_super_v0/41146",
    "table/hpobench/australian",
    "table/hpolib/naval_propulsion",
    "table/nasbench201/cifar10",
    "live/bayesmark/SVM-wine-nll",
    "live/lasso/breast_cancer",
    "coco/bbob-mixint/f3_d5",
)


def tasks_from(folder: Path, listed: str = "dev") -> list[Task]:
    """The tasks of the folder's list that say something about samplers and are quick."""
    known, groups = open_folder(folder, listed)
    wanted = [
        (group, name)
        for group, names in groups.items()
        if group not in LEFT_OUT_GROUPS
        for name in names
        if not name.startswith(LEFT_OUT_PREFIXES) and name not in SLOW
    ]
    missing = [name for _, name in wanted if name not in known]
    if missing:
        print(f"not available, as a package or its data are missing: {', '.join(missing)}", file=sys.stderr)
    return [task_of(group, name, known[name]()) for group, name in wanted if name in known]


def open_folder(folder: Path, listed: str = "dev") -> tuple[dict, dict]:
    """What makes each task, by name; and the names of each group."""
    sys.path.append(str(folder))
    sys.dont_write_bytecode = True  # the folder may not be ours to write in
    return importlib.import_module("registry").all_tasks(), importlib.import_module(listed).GROUPS


def space_of(theirs) -> Space:
    return Space([_param(given) for given in theirs.space])


def task_of(group, name, theirs):
    def evaluate(config):
        return float(theirs.evaluate(config)["value"])

    return Task(name, group, space_of(theirs), evaluate, theirs.best_known)


def _param(given):
    condition = tuple((parent, tuple(values)) for parent, values in given["condition"] or ())
    if given["type"] == "cat":
        return Param(given["name"], "choice", choices=tuple(given["choices"]), condition=condition)
    if given["grid"] and len(given["grid"]) <= FEW_LEVELS:
        return Param(given["name"], "ordinal", choices=tuple(given["grid"]), condition=condition)
    return Param(given["name"], given["type"], given["low"], given["high"], given["log"], (), condition)
