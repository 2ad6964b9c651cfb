"""What a person changes while a study runs reaches the driver that runs it."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import tunesmith as ts
from tunesmith.stores.memory import MemoryStore
from tunesmith.trials.facts import Draft, Revised


def revise(store: MemoryStore, **changes: object) -> None:
    """What the dashboard does."""
    spec = store.spec("revised")
    store.append("revised", [Draft(None, Revised(replace(spec, **changes)))])


def run(store: MemoryStore, train: object, trials: int) -> ts.Study:
    return ts.tune(train, minimize="loss", trials=trials, store=store, name="revised", seed=0, progress="quiet")


def test_a_raised_budget_is_used() -> None:
    """three trials were asked for, and while the second one runs, five"""
    store = MemoryStore()

    def train(x: Annotated[float, ts.Float(0, 1)] = 0.5) -> float:
        spec = store.spec("revised")
        if len(store.changes("revised").trials) == 2:
            revise(store, budget=replace(spec.budget, trials=5))
        return x

    assert len(run(store, train, 3).trials) == 5


def test_a_paused_study_starts_nothing_until_it_is_resumed() -> None:
    """the driver waits; whoever resumes it, here what looks on, lets it go on to its end"""
    store, waited = MemoryStore(), []

    class Resumer:
        """Resumes the study when nothing runs any more."""

        def changed(self, view, changes):
            if view.spec.paused and not view.of(ts.State.RUNNING):
                waited.append(len(view.trials))
                revise(store, paused=False)

        def said(self, text): ...
        def tick(self, view): ...
        def close(self): ...

    def train(x: Annotated[float, ts.Float(0, 1)] = 0.5) -> float:
        if len(store.changes("revised").trials) == 2:
            revise(store, paused=True)
        return x

    study = ts.tune(train, minimize="loss", trials=4, store=store, name="revised", seed=0, progress=Resumer())
    assert waited
    assert set(waited) == {2}
    assert len(study.trials) == 4


def test_starting_a_paused_study_resumes_it() -> None:
    """the same command goes on"""
    store = MemoryStore()

    def train(x: Annotated[float, ts.Float(0, 1)] = 0.5) -> float:
        return x

    run(store, train, 2)
    revise(store, paused=True)
    assert len(run(store, train, 4).trials) == 4


def test_a_trial_that_reports_nothing_is_stopped_at_once(tmp_path: Path) -> None:
    """it would train for ever; its place is free as soon as a person has stopped it"""

    def train(x: Annotated[float, ts.Float(0, 1)] = 0.5) -> float:
        if x == 0.5:
            threading.Event().wait()
        return x

    class Person:
        """Stops the first trial once the others are done."""

        def changed(self, view, changes): ...
        def said(self, text): ...
        def close(self): ...

        def tick(self, view):
            if len(view.of(ts.State.DONE)) == 3:
                with ts.Study.open("revised", store=tmp_path / "x.db") as study:
                    if study.trials[0].state is ts.State.RUNNING:
                        study.stop(study.trials[0], "takes too long")

    study = ts.tune(
        train, minimize="loss", trials=4, store=tmp_path / "x.db", name="revised", executor="processes", parallel=2,
        seed=0, progress=Person(),
    )  # fmt: skip
    assert [trial.state for trial in study.trials] == [ts.State.STOPPED, *[ts.State.DONE] * 3]
    assert study.trials[0].reason == "takes too long"
