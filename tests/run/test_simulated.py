"""Studies on a virtual clock."""

import random

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.run.attempt import Target
from tunesmith.run.simulated import Restarting, Simulated
from tunesmith.space import Float, Space, bind
from tunesmith.testing.curves import Table
from tunesmith.testing.executors import ExecutorConformance, pausing_at, run_one
from tunesmith.trials import Noted, Reported

SPACE = Space({"x": Float(0, 1)})


def places(function, slots=1, **options):
    return Simulated(Target(function, bind(function, SPACE)), slots, **options)


def job(**changes):
    return ExecutorConformance.job(**changes)


def yielding(x):
    for step in range(1, 4):
        yield {"loss": x / step, "took": x * step}


def returning(x):
    return x


def study(**options):
    given = {"space": SPACE, "minimize": "loss", "trials": 12, "sampler": "random", "seed": 0, "progress": "quiet"}
    return ts.tune(yielding, **{**given, "parallel": 4, "executor": ts.simulated(seconds=10), **options})


@pytest.mark.parametrize(
    ("seconds", "total"),
    [
        (10.0, 30.0),
        ("took", 0.25 * 6),
        (lambda config, step, metrics: step + config["x"] + metrics["took"], 6 + 0.75 + 1.5),
    ],
)
def test_steps_take_their_seconds(seconds, total):
    executor = places(yielding, seconds=seconds)
    run_one(executor, job())
    assert executor.clock() == total


def test_a_returned_value_is_one_step():
    executor = places(returning, seconds=7)
    run_one(executor, job())
    assert executor.clock() == 7


def test_events_come_in_the_order_of_their_times():
    """at one time in the order of submission"""
    executor = places(yielding, slots=3, seconds=lambda config, step, metrics: config["x"])
    for trial, x in enumerate((0.5, 0.25, 0.5)):
        executor.submit(job(trial=trial, config={"x": x}))
    seen = []
    while updates := executor.poll(0.0):
        for update in updates:
            if isinstance(update.fact, Reported):
                seen.append((executor.clock(), update.trial, update.fact.step))
                executor.signal(update.trial, "continue")
    assert seen == [
        (0.25, 1, 1), (0.5, 0, 1), (0.5, 1, 2), (0.5, 2, 1), (0.75, 1, 3), (1.0, 0, 2), (1.0, 2, 2), (1.5, 0, 3), (1.5, 2, 3),
    ]  # fmt: skip


def test_a_parked_trial_costs_nothing_twice():
    executor = places(yielding, seconds=10)
    run_one(executor, job(), pausing_at(2))
    run_one(executor, job(after=2))
    assert executor.clock() == 30


def test_where_pausing_costs_a_restart_steps_take_their_time_again():
    executor = Restarting(places(yielding, seconds=10))
    run_one(executor, job(), pausing_at(2))
    facts = run_one(executor, job(after=2))
    assert facts[0] == Noted("retrained", 2)
    assert [fact.step for fact in facts[1:-1]] == [3]
    assert executor.clock() == 50


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=12), st.integers(1, 5))
def test_trials_side_by_side_are_the_trials_alone(xs, slots):
    """each has random numbers of its own, however they take turns"""

    def walk(x, seed):
        for _ in range(3):
            yield {"loss": random.random() + float(np.random.standard_normal()), "took": x}  # noqa: NPY002

    alone = [run_one(places(walk, seconds="took"), job(trial=t, seed=t, config={"x": x})) for t, x in enumerate(xs)]
    executor = places(walk, slots=slots, seconds="took")
    together, waiting, running = [[] for _ in xs], list(enumerate(xs)), 0
    while waiting or running:
        while waiting and running < slots:
            trial, x = waiting.pop(0)
            executor.submit(job(trial=trial, seed=trial, config={"x": x}))
            running += 1
        for update in executor.poll(0.0):
            together[update.trial].append(update.fact)
            if isinstance(update.fact, Reported):
                executor.signal(update.trial, "continue")
            else:
                running -= 1
    assert together == alone


def test_how_long_it_takes_on_so_many_places():
    assert max(trial.ended for trial in study(parallel=1, executor=ts.simulated(seconds=10)).trials) == 12 * 30
    assert max(trial.ended for trial in study(parallel=4, executor=ts.simulated(seconds=10)).trials) == 3 * 30


def test_the_same_study_twice_is_the_same():
    first, second = (study(sampler="tpe", scheduler="halving", trials=30) for _ in range(2))
    assert [(t.config, t.seed, t.values, t.reason, t.started, t.ended) for t in first.trials] == [
        (t.config, t.seed, t.values, t.reason, t.started, t.ended) for t in second.trials
    ]
    assert len({trial.last.step for trial in first.trials}) > 1


def test_budgets_of_time_are_virtual():
    found = study(trials=None, time=100)
    assert "the time" in found.ending.reason
    assert max(trial.last.at for trial in found.trials if trial.last) <= 110


def test_a_simulated_study_is_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InvalidStudy, match="kept in memory"):
        study(store=tmp_path / "some.db")


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_seconds_must_be_a_time(seconds):
    with pytest.raises(InvalidStudy, match="0 or more"):
        places(yielding, seconds=seconds)


def test_a_missing_metric_is_named():
    with pytest.raises(InvalidStudy, match="reported loss, took at step 1"):
        run_one(places(yielding, seconds="elapsed"), job())


class TestTable:
    def table(self, **options):
        return Table(SPACE, [{"x": 0.1}, {"x": 0.9}], [[3.0, 2.0, 1.0], [5.0, 4.0, float("nan")]], **options)

    def test_the_nearest_curve_is_yielded(self):
        assert [list(self.table(seconds=[1, 2])(x=x)) for x in (0.2, 0.8)] == [
            [{"loss": 3.0, "seconds": 1.0}, {"loss": 2.0, "seconds": 1.0}, {"loss": 1.0, "seconds": 1.0}],
            [{"loss": 5.0, "seconds": 2.0}, {"loss": 4.0, "seconds": 2.0}],
        ]

    def test_it_is_a_training_function(self):
        found = study_of(self.table(seconds=[[1, 2, 3], [4, 5, 6]], metric="err"), minimize="err")
        assert found.best.values["err"] == 1.0
        assert max(trial.ended for trial in found.trials) >= 9
        assert isinstance(found.best.last.step, int)

    def test_shapes_must_fit(self):
        with pytest.raises(ts.TunesmithError, match="a row of values for each"):
            Table(SPACE, [{"x": 0.1}], [[1.0], [2.0]])
        with pytest.raises(ts.TunesmithError, match="one for each configuration, or one for each value"):
            self.table(seconds=[1, 2, 3])


def study_of(function, **options):
    return ts.tune(
        function, space=SPACE, trials=6, seed=0, progress="quiet", executor=ts.simulated(seconds="seconds"), **options
    )
