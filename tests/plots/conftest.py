"""A study made of facts, in a few words."""

from __future__ import annotations

import pytest

from tunesmith.space import Choice, Float, Space, when
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials import Asked, Draft, Failed, Finished, Opened, Reported, Started, Stopped, StudySpec, View
from tunesmith.trials.spec import limits_from, objectives_from


class Recorded:
    """A study in memory; each call of `trial` adds one that has ended."""

    def __init__(self, space=None, *, name="study", minimize=("loss",), maximize=(), limits=None, **spec):
        self.store = MemoryStore(clock=iter(range(10**9)).__next__)
        space = Space({"lr": Float(1e-5, 1.0, log=True)}) if space is None else space
        self.spec = StudySpec(name, space, objectives_from(minimize, maximize), limits_from(limits), **spec)
        self.store.create(self.spec)
        self.facts = []
        self.count = 0

    def trial(self, end=None, *, config=None, by="sobol", why="spread evenly", reports=()):
        """`end` is the last fact; `reports` are values of the first objective or dicts of metrics."""
        config = {"lr": 0.1} if config is None else config
        metric = self.spec.objectives[0].metric
        facts = [Asked(config, by, why, seed=self.count), Started("w", 1)]
        for step, report in enumerate(reports, 1):
            facts.append(Reported(step, report if isinstance(report, dict) else {metric: report}, 1))
        self.facts.append(Draft(None, Opened()))
        self.facts += [Draft(self.count, fact) for fact in [*facts, *([end] if end else [])]]
        self.count += 1
        return self

    def done(self, config=None, *, by="sobol", why="spread evenly", reports=(), **values):
        return self.trial(Finished(values, 1), config=config, by=by, why=why, reports=reports)

    def stopped(self, config=None, *, reason="too slow", reports=()):
        return self.trial(Stopped(reason, 1), config=config, reports=reports)

    def failed(self, config=None, *, by="sobol", kind="oom", message="out of memory", reports=()):
        return self.trial(Failed(kind, message, 1), config=config, by=by, reports=reports)

    @property
    def view(self):
        self.store.append(self.spec.name, self.facts)
        self.facts = []
        return View(self.spec).advance(self.store.changes(self.spec.name))


@pytest.fixture
def recorded():
    return Recorded


@pytest.fixture
def ordinary():
    """Every kind of end, a condition, a default, learning curves."""
    space = Space(
        {
            "lr": Float(1e-5, 1.0, log=True, default=1e-3),
            "optimizer": Choice("adam", "sgd"),
            "momentum": when({"optimizer": "sgd"}, Float(0, 1)),
            "epochs": 3,
        }
    )
    adam = {"lr": 0.001, "optimizer": "adam", "epochs": 3}
    study = Recorded(space, name="digits")
    study.done(adam, by="default", why="the defaults", reports=[0.9, 0.7, 0.5], loss=0.5)
    study.done({**adam, "lr": 0.012345678901, "optimizer": "sgd", "momentum": 0.9}, reports=[0.8, 0.5, 0.4], loss=0.4)
    study.stopped({**adam, "lr": 0.5}, reason="worse than the median", reports=[2.0])
    study.failed({**adam, "lr": 1.0}, reports=[3.0])
    return study.trial(None, config=adam, reports=[0.9])
