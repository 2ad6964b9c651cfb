"""The methods by name, and how they are spoken to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curves.task import CurveTask
from curves.world import Outcome, World
from race.methods import ENVIRONMENTS, HERE, Process


@dataclass(frozen=True)
class Method:
    """A method of a library: `peers/<library>_steps.py`, run in the library's own environment."""

    name: str
    library: str
    method: str
    note: str  # what it does with trials that go on
    plans: bool = False  # does otherwise if it is told another budget, and so has to run once for each of them

    @property
    def python(self) -> Path:
        if self.library in {"plain", "tunesmith"}:
            return Path(sys.executable)
        return ENVIRONMENTS / self.library / "bin" / "python"

    @property
    def absent(self) -> str:
        """Why it cannot run; empty if it can."""
        ready = self.library in {"plain", "tunesmith"} or (ENVIRONMENTS / self.library / ".ready").exists()
        return "" if ready else f"{self.library} is not installed; see `make bench-setup`"


STOPS = "stops trials, never resumes one"
RESUMES = "pauses and resumes"
CHECKPOINT = "trains anew at each fidelity; here from its checkpoint"

PEERS = {
    method.name: method
    for method in (
        Method("random", "plain", "random", "full trainings only"),
        Method("epochs-1", "plain", "epochs-1", "one step of everybody, then the best few to the end", plans=True),
        Method("optuna-tpe", "optuna", "tpe", "full trainings only"),
        Method("optuna-tpe-median", "optuna", "tpe-median", STOPS),
        Method("optuna-tpe-hyperband", "optuna", "tpe-hyperband", STOPS),
        Method("ray-asha", "ray", "asha", STOPS),
        Method("ray-bohb", "ray", "bohb", RESUMES),
        Method("syne-asha", "syne_tune", "asha", STOPS),
        Method("syne-asha-cqr", "syne_tune", "asha-cqr", STOPS),
        Method("syne-asha-bore", "syne_tune", "asha-bore", STOPS),
        Method("syne-bohb", "syne_tune", "bohb", STOPS),
        Method("dehb", "dehb", "", CHECKPOINT),
        Method("smac-hyperband", "smac", "", CHECKPOINT),
    )
}


def method(name: str) -> Method:
    """A peer, or `tunesmith:auto`, or `tunesmith:<scheduler>+<sampler>`."""
    if name.startswith("tunesmith:"):
        return Method(name, "tunesmith", name.partition(":")[2], RESUMES, plans=True)
    if name not in PEERS:
        raise SystemExit(
            f"{name!r} is no method; choose tunesmith:auto, tunesmith:<scheduler>+<sampler> or one of {', '.join(PEERS)}"
        )
    return PEERS[name]


class Peer:
    """A method at work in a process of its own, for one race after the other."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._process = Process(method.python, HERE / "peers" / f"{method.library}_steps.py")
        self._cpu = 0.0

    def race(self, task: CurveTask, seed: int, workers: int, budget: float, points: Sequence[float]) -> Outcome:
        self._cpu = 0.0
        setting = {"space": task.space.wire(), "method": self._method.method, "seed": seed, "workers": workers}
        version = self._process.call(setting | {"steps": task.steps, "budget": budget})["version"]
        world = World(task, workers, budget)
        seen = world.run(self, points)
        self._process.call({"end": True})
        return Outcome(version, seen, world.trials, world.steps, self._cpu)

    def next(self) -> dict:
        return self._call({"next": True})

    def report(self, trial: int, step: int, value: float) -> bool:
        return self._call({"report": trial, "step": step, "value": value})["leave"]

    def best(self) -> int | None:
        return self._call({"best": True})["trial"]

    def close(self) -> None:
        self._process.close()

    def _call(self, message: dict) -> dict:
        answer = self._process.call(message)
        self._cpu += answer["cpu"]
        return answer


def at_work(method: Method):
    """Who runs races, with `race` and `close`."""
    if method.library == "tunesmith":
        from curves.ours import Tunesmith  # peers are measured without it, too

        return Tunesmith(method.method)
    return Peer(method)
