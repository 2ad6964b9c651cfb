"""The View: immutable, columnar, the same whichever way it was reached."""

from dataclasses import replace

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.space import Choice, Float, Space, when
from tunesmith.stores.memory import MemoryStore
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials import (
    Asked,
    Budget,
    Draft,
    Failed,
    Finished,
    Lost,
    MetricLimit,
    Objective,
    Opened,
    Reported,
    Revised,
    Started,
    State,
    Stopped,
    StudySpec,
    View,
    best_trial,
    front,
)
from tunesmith.trials.spec import limits_from, objectives_from, seconds_from
from tunesmith.trials.view import FAILURES, STATES

SPACE = Space({"lr": Float(0, 1), "opt": Choice("sgd", "adam"), "momentum": when({"opt": "sgd"}, Float(0, 1))})
SPEC = StudySpec(
    "s", SPACE, (Objective("loss", "minimize"), Objective("acc", "maximize")), (MetricLimit("mb", "<=", 8),)
)


@pytest.fixture
def store():
    store = MemoryStore()
    store.create(SPEC)
    return store


def add(store, *facts, number=None):
    changed = store.append("s", [Draft(number, fact) for fact in facts]).trials
    return changed[-1].number if changed else None


def running(store, **config):
    number = add(store, Opened())
    add(store, Asked({"lr": 0.25, "opt": "adam", **config}, "t", "", 0), Started("", 1), number=number)
    return number


def view_of(store, view=None):
    view = view or View(SPEC)
    return view.advance(store.changes("s", view.seq))


def test_columns_hold_what_happened(store):
    add(store, Finished({"loss": 1.0, "acc": 0.5, "mb": 4.0, "cost": 9.0}, 1), number=running(store))
    add(store, Reported(3, {"loss": 2.0}, 1), Stopped("behind", 1), number=running(store, opt="sgd", momentum=0.5))
    add(store, Failed("oom", "no room", 1), number=running(store, lr=1.0))
    running(store, lr=0.5)
    add(store, Opened())
    columns = view_of(store).columns
    assert columns.X.tolist()[:2] == [[0.25, 0.75, 0.5], [0.25, 0.25, 0.5]]
    assert columns.active.tolist()[:2] == [[True, True, False], [True, True, True]]
    np.testing.assert_equal(columns.Y, [[1.0, 0.5], [2.0, np.nan], [np.nan] * 2, [np.nan] * 2, [np.nan] * 2])
    np.testing.assert_equal(columns.limits[:, 0], [4.0] + [np.nan] * 4)
    assert [STATES[code].value for code in columns.state] == ["done", "stopped", "failed", "running", "open"]
    assert FAILURES[columns.failure[2] - 1] == "oom"
    assert columns.cost[0] == 9.0
    assert columns.step.tolist() == [0, 3, 0, 0, 0]
    assert view_of(store).losses[0].tolist() == [1.0, -0.5]
    assert view_of(store).pending.tolist() == [False, False, False, True, False]


def test_a_trial_that_there_is_not_is_said_with_those_that_there_are(store):
    with pytest.raises(InvalidStudy, match=r"'s' has no trial 0; it has none yet"):
        view_of(store).trial(0)
    running(store)
    assert view_of(store).trial(0).config["lr"] == 0.25
    for number in (-1, 1):
        with pytest.raises(InvalidStudy, match=rf"no trial {number}; its trials are 0 to 0"):
            view_of(store).trial(number)


def test_older_views_do_not_change(store):
    number = running(store)
    add(store, Reported(1, {"loss": 1.0}, 1), number=number)
    old = view_of(store)
    X, seen = old.columns.X.copy(), old.curve(number, "loss")[1].tolist()
    add(store, Reported(2, {"loss": 0.5}, 1), Finished({"loss": 0.5}, 1), number=number)
    other = running(store, lr=0.75)
    add(store, Reported(1, {"loss": 9.0}, 1), number=other)
    new = view_of(store, old)
    assert new.columns.X.shape == (2, 3)
    assert new.at_step("loss", 1)[1].tolist() == [1.0, 9.0]
    assert (old.columns.X.tolist(), old.curve(number, "loss")[1].tolist()) == (X.tolist(), seen)
    assert old.at_step("loss", 1)[1].tolist() == [1.0]
    assert old.trials[0].state is State.RUNNING


def test_step_by_step_and_at_once_are_the_same(store):
    step_by_step = View(SPEC)
    for index in range(12):
        number = running(store, lr=index / 12)
        for step in range(1, index + 1):
            add(store, Reported(step, {"loss": index / step}, 1), number=number)
            step_by_step = view_of(store, step_by_step)
            _ = step_by_step.columns, step_by_step.at_step("loss", step), step_by_step.has({"lr": 0.5})
    whole = view_of(store)
    for ours, theirs in zip(step_by_step.columns, whole.columns, strict=True):
        np.testing.assert_equal(ours, theirs)
    for step in range(1, 12):
        for name in ("at_step", "means_at_step"):
            ours, theirs = getattr(step_by_step, name)("loss", step), getattr(whole, name)("loss", step)
            assert sorted(zip(*map(list, ours), strict=True)) == sorted(zip(*map(list, theirs), strict=True))


def test_means_are_of_what_came_up_to_the_step(store):
    number = running(store)
    for step, loss in enumerate([4.0, float("nan"), 2.0], 1):
        add(store, Reported(step, {"loss": loss}, 1), number=number)
    view = view_of(store)
    assert [view.means_at_step("loss", step)[1][0] for step in (1, 2, 3)] == [4.0, 4.0, 3.0]


def test_a_new_attempt_replaces_what_it_repeats(store):
    number = running(store)
    for step in range(1, 6):
        add(store, Reported(step, {"loss": float(step)}, 1), number=number)
    before = view_of(store)
    assert before.at_step("loss", 4)[1].tolist() == [4.0]
    add(store, Lost(1), Started("", 2), Reported(4, {"loss": 0.4}, 2), number=number)
    for view in (view_of(store, before), view_of(store)):
        steps, values = view.curve(number, "loss")
        assert (steps.tolist(), values.tolist()) == ([1, 2, 3, 4], [1.0, 2.0, 3.0, 0.4])
        assert view.at_step("loss", 4)[1].tolist() == [0.4]


def test_configs_that_were_tried_are_known(store):
    running(store, lr=0.5)
    view = view_of(store)
    assert view.has({"lr": 0.5, "opt": "adam"})
    assert not view.has({"lr": 0.5, "opt": "sgd", "momentum": 0.1})
    assert view.asking(7).has({"lr": 0.5, "opt": "adam"})
    assert (view.next, view.asking(7).next) == (1, 7)


def test_a_limit_that_is_added_has_its_column(store):
    """columns that were looked at before must not decide how many limits there are"""
    number = running(store)
    before = view_of(store)
    assert before.columns.limits.shape == (1, 1)
    add(store, Revised(replace(SPEC, limits=(*SPEC.limits, MetricLimit("hours", "<=", 1)))))
    add(store, Reported(1, {"loss": 1.0, "mb": 4.0, "hours": 0.5}, 1), number=number)
    assert view_of(store, before).columns.limits.tolist() == [[4.0, 0.5]]
    assert before.columns.limits.shape == (1, 1)


def test_the_best_is_feasible_and_the_front_is_not_dominated(store):
    for loss, acc, mb in [(1.0, 0.9, 9.0), (2.0, 0.8, 1.0), (3.0, 0.95, 1.0), (4.0, 0.7, 1.0), (2.0, 0.8, 2.0)]:
        add(store, Finished({"loss": loss, "acc": acc, "mb": mb}, 1), number=running(store))
    add(store, Finished({"loss": 0.0, "acc": 1.0}, 1), number=running(store))
    trials = view_of(store).trials
    assert best_trial(SPEC, trials).number == 1
    assert [trial.number for trial in front(SPEC, trials)] == [1, 2, 4]


def test_a_spec_survives_json():
    import json

    spec = StudySpec(
        "n", SPACE, SPEC.objectives, SPEC.limits, Budget(3, 5.0, None), 7, "best", {"name": "grid"}, "none"
    )
    assert StudySpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@pytest.mark.parametrize(
    "text, seconds", [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172800), (5, 5), (None, None)]
)
def test_durations(text, seconds):
    assert seconds_from(text) == seconds


def test_objectives_and_limits_as_people_write_them():
    assert objectives_from(["a", "b"], "c") == (
        Objective("a", "minimize"),
        Objective("b", "minimize"),
        Objective("c", "maximize"),
    )
    assert limits_from({"mb": "<= 8", "acc": ">=0.9"}) == (MetricLimit("mb", "<=", 8.0), MetricLimit("acc", ">=", 0.9))


def test_what_waits_is_not_the_best_and_what_was_stopped_may_be() -> None:
    """at the end of a study's time, what it cut off counts at its last report, though others wait and a worse one finished"""
    log = History(spec_of(Space({})))
    log.finish(log.train([0.5]), loss=0.5)
    log.pause(log.train([0.1]))
    assert best_trial(log.view.spec, log.view.trials).number == 0
    log.stop(log.train([0.5]))
    assert best_trial(log.view.spec, log.view.trials).number == 0
    log.stop(log.train([0.3]))
    assert best_trial(log.view.spec, log.view.trials).number == 3
