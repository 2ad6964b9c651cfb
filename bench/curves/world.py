"""The virtual world: asynchronous workers train along known curves, on a clock that jumps from report to report.

It knows nothing of methods but what they say: start this, resume that, leave. Thinking takes no time in it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from curves.task import Curve, CurveTask


class Thinker(Protocol):
    def next(self) -> dict: ...
    def report(self, trial: int, step: int, value: float) -> bool: ...
    def best(self) -> int | None: ...


class Seen(NamedTuple):
    """How things stood at one time."""

    handed: float | None  # the final value of the configuration that the method would hand over
    smallest: float | None  # of all values that were reported, at any step


class Outcome(NamedTuple):
    """Of one race."""

    version: str
    seen: list[Seen]
    trials: int
    steps: int  # trained by all trials together
    cpu: float  # seconds that the method took


class World:
    """Up to `workers` trials at a time, for `budget` full trainings of all of them together."""

    def __init__(self, task: CurveTask, workers: int, budget: float) -> None:
        self._task = task
        self._workers = workers
        self._unit = task.full_cost / workers  # of the clock, for one full training's worth of work
        self._end = budget * self._unit
        self._curves: list[Curve] = []
        self._steps: list[int] = []  # how far each trial has come
        self._running: list[tuple[float, int, int, int]] = []  # when its next report comes, a count, trial, last step
        self._busy: set[int] = set()
        self._count = 0
        self._smallest = float("inf")

    @property
    def trials(self) -> int:
        return len(self._curves)

    @property
    def steps(self) -> int:
        """Trained by all trials together."""
        return sum(self._steps)

    def run(self, method: Thinker, points: Sequence[float]) -> list[Seen]:
        """Runs until the budget is spent; what was known at each of the points, ascending, in full trainings."""
        left = [point * self._unit for point in points]
        seen: list[Seen] = []
        self._fill(0.0, method)
        while self._running:
            now, _, trial, to = heapq.heappop(self._running)
            while left and now > left[0]:
                del left[0]
                seen.append(self._look(method))
            if now > self._end:
                break
            self._report(now, method, trial, to)
            self._fill(now, method)
        return seen + [self._look(method)] * len(left)

    def _report(self, now: float, method: Thinker, trial: int, to: int) -> None:
        self._steps[trial] += 1
        step = self._steps[trial]
        value = float(self._curves[trial].values[step - 1])
        self._smallest = min(self._smallest, value)
        if method.report(trial, step, value) or step == to:
            self._busy.remove(trial)
        else:
            self._train(now, trial, to)

    def _fill(self, now: float, method: Thinker) -> None:
        while len(self._busy) < self._workers:
            order = method.next()
            if "start" in order:
                trial = len(self._curves)
                self._curves.append(self._task.curve(self._task.space.decode(order["start"])))
                self._steps.append(0)
            elif "resume" in order:
                trial = order["resume"]
            else:
                return
            assert trial not in self._busy, f"trial {trial} is running"
            assert self._steps[trial] < order["to"] <= self._task.steps, f"trial {trial} cannot go to {order['to']}"
            self._busy.add(trial)
            self._train(now, trial, order["to"])

    def _train(self, now: float, trial: int, to: int) -> None:
        cost = float(self._curves[trial].costs[self._steps[trial]])
        heapq.heappush(self._running, (now + cost, self._count, trial, to))
        self._count += 1

    def _look(self, method: Thinker) -> Seen:
        """Who has nothing to hand over yet by its own rule takes the trial whose last report is the best."""
        known = [trial for trial, steps in enumerate(self._steps) if steps]
        if not known:
            return Seen(None, None)
        best = method.best()
        if best is None:
            best = min(known, key=lambda trial: self._curves[trial].values[self._steps[trial] - 1])
        return Seen(self._curves[best].final, self._smallest)
