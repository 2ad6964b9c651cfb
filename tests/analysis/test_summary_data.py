import json
import math
from dataclasses import asdict

from tunesmith.analysis.figures import summary
from tunesmith.space import Float, Space


def test_no_trials(recorded):
    found = summary(recorded().view)
    assert (found.study, found.trials, found.states, found.best, found.front, found.default) == (
        "s",
        0,
        {},
        None,
        [],
        None,
    )
    assert found.steps_saved is None


def test_best_and_default_stand_side_by_side(recorded):
    study = recorded()
    study.done({"lr": 0.001}, by="default", loss=0.5, acc=0.8)
    study.done({"lr": 0.1}, by="tpe", why="promising", loss=0.2)
    found = summary(study.view)
    assert found.best is not None
    assert found.default is not None
    assert (found.best.number, found.best.config, found.best.values, found.best.why) == (
        1,
        {"lr": 0.1},
        {"loss": 0.2},
        "promising",
    )
    assert (found.default.number, found.default.values) == (0, {"loss": 0.5, "acc": 0.8})
    assert [outcome.number for outcome in found.front] == [1]
    assert (found.pick, found.seconds, found.states) == ("last", 2.0, {"done": 2})


def test_failures_are_counted_by_kind(recorded):
    study = recorded()
    study.failed(kind="nan")
    study.failed(kind="oom", message="first")
    study.failed(by="default", kind="oom", message="second")
    found = summary(study.view)
    assert found.best is None
    assert list(found.failures.items()) == [("oom", 2), ("nan", 1)]
    assert found.common_failure is not None
    assert (found.common_failure.number, found.common_failure.reason) == (2, "oom: second")
    assert found.default is not None
    assert (found.default.state, found.default.values, found.default.feasible) == ("failed", {}, False)


def test_nan_values_are_no_values(recorded):
    study = recorded()
    study.done(loss=math.nan)
    found = summary(study.view)
    assert (found.best, found.valued, found.states) == (None, 0, {"done": 1})


def test_two_objectives_have_a_front(recorded):
    study = recorded(minimize=("loss",), maximize=("acc",))
    study.done(loss=1.0, acc=0.5)
    study.done(loss=2.0, acc=0.9)
    study.done(loss=2.5, acc=0.8)
    found = summary(study.view)
    assert [outcome.number for outcome in found.front] == [0, 1]
    assert found.best is not None
    assert found.best.number == 0


def test_limits_split_the_feasible_from_the_rest(recorded):
    study = recorded(limits={"memory": "<= 8"})
    study.done(loss=0.1, memory=9.0)
    study.done(loss=0.2)
    found = summary(study.view)
    assert (found.best, found.valued, found.infeasible, found.limits) == (None, 2, 2, ["memory <= 8"])


def test_saved_steps_are_measured_against_the_longest_finished_trial(recorded):
    study = recorded()
    study.done(reports=[1.0] * 10, loss=1.0)
    study.done(reports=[1.0] * 4, loss=1.0)
    study.stopped(reports=[1.0] * 3)
    study.stopped(reports=[1.0] * 8)
    study.stopped(loss=1.0)
    found = summary(study.view)
    assert (found.stopped_early, found.steps, found.steps_saved) == (3, 25, 7 + 2 + 10)


def test_nothing_is_guessed_without_a_finished_curve(recorded):
    study = recorded()
    study.done(loss=1.0)
    study.stopped(reports=[1.0])
    assert summary(study.view).steps_saved is None


def test_define_by_run_and_plain_dicts(recorded):
    study = recorded(Space(grows=True))
    study.suggested({"lr": (Float(0, 1), 0.5)}, loss=1.0)
    doc = asdict(summary(study.view))
    assert doc["best"]["config"] == {"lr": 0.5}
    assert json.loads(json.dumps(doc))["best"]["values"] == {"loss": 1.0}
