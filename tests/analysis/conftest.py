"""A study made of facts, in a few words."""

from __future__ import annotations

import pytest

from tunesmith.space import Float, Space
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials import (
    Asked,
    Draft,
    Failed,
    Finished,
    Opened,
    Reported,
    Started,
    Stopped,
    StudySpec,
    Suggested,
    View,
)
from tunesmith.trials.spec import limits_from, objectives_from


class Recorded:
    """A study in memory to which the tests add what happened; each fact takes one second."""

    def __init__(self, space=None, *, minimize=("loss",), maximize=(), limits=None, **spec):
        self.now = 0.0
        self.store = MemoryStore(clock=self._tick)
        space = Space({"lr": Float(1e-5, 1.0, log=True)}) if space is None else space
        self.spec = StudySpec("s", space, objectives_from(minimize, maximize), limits_from(limits), **spec)
        self.store.create(self.spec)

    def _tick(self):
        self.now += 1.0
        return self.now

    @property
    def view(self):
        return View(self.spec).advance(self.store.changes("s"))

    def add(self, number, *facts):
        self.store.append("s", [Draft(number, fact) for fact in facts])

    def start(self, config=None, *, by="sobol", why="", reports=()):
        """A running trial; `reports` are values of the metric "loss" or dicts of metrics, from step 1 on."""
        number = self.store.append("s", [Draft(None, Opened())]).trials[0].number
        self.add(number, Asked({"lr": 0.1} if config is None else config, by, why, seed=number), Started("w", 1))
        for step, report in enumerate(reports, 1):
            self.add(number, Reported(step, report if isinstance(report, dict) else {"loss": report}, 1))
        return number

    def done(self, config=None, *, by="sobol", why="", reports=(), **values):
        number = self.start(config, by=by, why=why, reports=reports)
        self.add(number, Finished(values, 1))
        return number

    def stopped(self, config=None, *, by="sobol", reason="too slow", reports=(), **values):
        number = self.start(config, by=by, reports=reports)
        self.add(number, Stopped(reason, 1, values or None))
        return number

    def failed(self, config=None, *, by="sobol", kind="oom", message="out of memory", reports=()):
        number = self.start(config, by=by, reports=reports)
        self.add(number, Failed(kind, message, 1))
        return number

    def suggested(self, params, **values):
        """A define-by-run trial; `params` maps names to parameters and values."""
        number = self.start({})
        self.add(number, *(Suggested(name, param, value, 1) for name, (param, value) in params.items()))
        self.add(number, Finished(values, 1))
        return number


@pytest.fixture
def recorded():
    return Recorded
