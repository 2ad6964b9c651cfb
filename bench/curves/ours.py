"""Tunesmith as its users run it, on its own virtual clock: `tune` with the simulated executor."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace

from curves.task import CurveTask
from curves.world import Outcome, Seen
from race.methods import HERE

sys.path.append(str(HERE / "peers"))

from protocol import Param
from tunesmith_peer import declared, version

import tunesmith as ts
from tunesmith.analysis.best import best_of
from tunesmith.trials.changes import Changes
from tunesmith.trials.trial import State
from tunesmith.trials.view import View


class Tunesmith:
    """`auto`, or `<scheduler>+<sampler>`."""

    def __init__(self, method: str) -> None:
        self._scheduler, _, sampler = method.partition("+")
        self._sampler = sampler or "auto"

    def race(self, task: CurveTask, seed: int, workers: int, budget: float, points: Sequence[float]) -> Outcome:
        training = Training(task)
        watcher = Watcher(training, [point / workers for point in points])
        began = time.process_time()
        study = ts.tune(
            training.train,
            space=ts.Space({given["name"]: declared(Param(**given)) for given in task.space.wire()}),
            minimize="loss",
            time=budget / workers,
            steps=task.steps,
            parallel=workers,
            executor=watcher.executor,
            name="fidelity",
            store=None,
            seed=seed,
            sampler=self._sampler,
            scheduler=self._scheduler,
            confirm=0,  # a table has one value for each configuration, whatever the seed
            progress=watcher,
        )
        cpu = time.process_time() - began - training.spent
        return Outcome(version(), watcher.all_seen(), len(study.trials), watcher.steps, cpu)

    def close(self) -> None:
        pass


class Training:
    """The training function. A virtual second is a full training; `spent` are real ones that looking up curves took."""

    def __init__(self, task: CurveTask) -> None:
        self._task = task
        self._unit = task.full_cost
        self.spent = 0.0

    def train(self, **config):
        curve = self.curve(config)
        for value, cost in zip(curve.values, curve.costs / self._unit, strict=True):
            yield {"loss": float(value), "seconds": float(cost)}

    def curve(self, config):
        began = time.process_time()
        curve = self._task.curve(self._task.space.decode(config))
        self.spent += time.process_time() - began
        return curve


class Watcher:
    """Notes how things stood at some times of the virtual clock, ascending."""

    def __init__(self, training: Training, times: Sequence[float]) -> None:
        self._training = training
        self._left = list(times)
        self._seen: list[Seen] = []
        self._view = None
        self._places = None
        self.steps = 0

    def executor(self, target, slots):
        """What `tune` takes to make the one that it runs trials on, whose clock is looked at here."""
        self._places = ts.simulated(seconds="seconds")(target, slots=slots)
        return self._places

    def changed(self, view, changes):
        while self._left and self._places.clock() > self._left[0]:
            del self._left[0]
            self._seen.append(self._look())
        self._view = view
        self.steps += len(changes.reports)

    def said(self, text):
        pass

    def tick(self, view):
        pass

    def close(self):
        pass

    def all_seen(self) -> list[Seen]:
        return self._seen + [self._look()] * len(self._left)

    def _look(self) -> Seen:
        """The trial is that of `Study.best` if time were up now; while there is none, the best last report, as in `world.py`."""
        reported = [trial for trial in self._view.trials if trial.reports] if self._view else []
        if not reported:
            return Seen(None, None)
        found = best_of(_ended(self._view))
        best = found.trial if found else min(reported, key=lambda trial: trial.last.metrics["loss"])
        smallest = min(min(self._view.curve(trial.number, "loss")[1]) for trial in reported)
        return Seen(self._training.curve(best.config).final, float(smallest))


def _ended(view: View) -> View:
    """The study as `tune` leaves it when its time is up: trials that run are stopped at their last report."""
    running = [trial for trial in view.of(State.RUNNING) if trial.last is not None]
    stopped = [replace(trial, state=State.STOPPED, values=trial.last.metrics) for trial in running]
    return view.advance(Changes(view.seq, view.seq, stopped))
