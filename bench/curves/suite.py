"""All tasks with learning curves: the repository's own, which need no downloads, and those of a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from curves import made, recorded
from curves.task import Curve, CurveTask
from race import folder

GROUPS = {"yahpo/lcbench/": "lcbench", "pool/taskset/": "taskset", "pool/arlbench/": "arlbench"}
LEAST_COST = 0.01  # of the mean: surrogates give costs of nothing

# For peers that need a second per proposal: two of each family. Chosen before any result was seen.
SUBSET = (
    "made/partly",
    "made/cross",
    "recorded/network-digits",
    "recorded/boosting-diabetes",
    "yahpo/lcbench/3945",
    "yahpo/lcbench/189862",
    "pool/taskset/imdb_patch32_GRU128_bs128",
    "pool/taskset/imdb_patch32_VRNN64_tanh_avg_bs128",
    "pool/arlbench/cc_acrobot_dqn",
    "pool/arlbench/brax_hopper_sac",
)


def own() -> list[CurveTask]:
    return [*made.tasks(), *recorded.tasks()]


def from_folder(path: Path, listed: str = "dev") -> list[CurveTask]:
    """Those of the folder's tasks (see `race/folder.py`) that can be trained step by step."""
    known, groups = folder.open_folder(path, listed)
    names = [name for names in groups.values() for name in names if name in known]
    return [
        _task(name, group, known[name]()) for name in names for start, group in GROUPS.items() if name.startswith(start)
    ]


def _task(name: str, group: str, theirs) -> CurveTask:
    typical = LEAST_COST * np.mean(_some_costs(theirs))

    def curve(config):
        found = theirs.evaluate(config, curve=True)
        steps, values = np.array([(step, value) for step, value in found["curve"] if step > 0]).T
        cost = max(found["cost_s"], typical) / steps[-1]
        return Curve(values, cost * np.diff(steps, prepend=0))

    space = folder.space_of(theirs)
    steps = len(curve(theirs.sample(np.random.default_rng(0))).values)
    return CurveTask(name, group, space, steps, curve, theirs.best_known)


def _some_costs(theirs) -> list[float]:
    rng = np.random.default_rng(0)
    return [theirs.evaluate(theirs.sample(rng))["cost_s"] for _ in range(50)]
