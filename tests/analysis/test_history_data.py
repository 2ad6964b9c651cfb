import math

import numpy as np

from tunesmith.analysis.figures import history
from tunesmith.trials import Draft, Opened, Stopped


def test_no_trial_gives_empty_columns(recorded):
    data = history(recorded().view)
    assert len(data.numbers) == len(data.values) == len(data.so_far) == len(data.states) == 0
    assert data.best is None
    assert math.isnan(data.best_value)


def test_one_trial_is_the_best_so_far(recorded):
    study = recorded()
    study.done({"lr": 0.5}, loss=0.3)
    data = history(study.view)
    assert data.numbers.tolist() == [0]
    assert data.so_far.tolist() == [0.3]
    assert (data.best, data.best_value, data.configs) == (0, 0.3, [{"lr": 0.5}])
    assert (data.metric, data.direction) == ("loss", "minimize")


def test_best_so_far_ignores_failures_nan_and_what_breaks_limits(recorded):
    study = recorded(limits={"memory": "<= 8"})
    study.failed()
    study.done(loss=0.1, memory=9.0)
    study.done(loss=0.5, memory=1.0)
    study.done(loss=math.nan, memory=1.0)
    study.stopped(reports=[{"loss": 0.4, "memory": 1.0}])
    study.done(loss=0.45, memory=1.0)
    study.start()
    data = history(study.view)
    assert data.numbers.tolist() == [0, 1, 2, 3, 4, 5]
    assert data.states == ["failed", "done", "done", "done", "stopped", "done"]
    np.testing.assert_array_equal(data.so_far, [np.nan, np.nan, 0.5, 0.5, 0.4, 0.4])
    np.testing.assert_array_equal(data.values, [np.nan, 0.1, 0.5, np.nan, 0.4, 0.45])
    assert data.feasible.tolist() == [False, False, True, True, True, True]
    assert data.best == 4
    assert data.reasons[0] == "oom: out of memory"
    assert data.reasons[4] == "too slow"


def test_larger_is_better_when_maximizing(recorded):
    study = recorded(minimize=(), maximize=("acc",))
    for acc in (0.5, 0.9, 0.7):
        study.done(acc=acc)
    assert history(study.view).so_far.tolist() == [0.5, 0.9, 0.9]


def test_all_failed_has_no_best(recorded):
    study = recorded()
    study.failed()
    study.failed(kind="nan", message="")
    data = history(study.view)
    assert data.best is None
    assert np.isnan(data.so_far).all()
    assert data.reasons[1] == "nan"


def test_two_objectives_show_the_first(recorded):
    study = recorded(minimize=("loss",), maximize=("acc",))
    study.done(loss=1.0, acc=0.5)
    study.done(loss=2.0, acc=0.9)
    study.done(loss=0.5)  # without the second objective it cannot be the best
    data = history(study.view)
    assert data.metric == "loss"
    assert data.so_far.tolist() == [1.0, 1.0, 1.0]


def test_vast_differences_call_for_a_log_axis_and_outliers_for_a_nearer_view(recorded):
    study = recorded()
    for loss in (1e-4, 1e-3, 1.0, 10.0):
        study.done(loss=loss)
    assert history(study.view).log
    study = recorded(minimize=(), maximize=("r2",))
    for r2 in (0.5, 0.6, 0.7, 0.8, -1e8):
        study.done(r2=r2)
    data = history(study.view)
    assert not data.log
    assert data.near is not None
    assert -10 < data.near[0] < 0.5
    assert data.near[1] >= 0.8


def test_a_trial_that_was_never_asked_is_left_out(recorded):
    study = recorded()
    study.store.append("s", [Draft(None, Opened())])
    study.add(0, Stopped("the space is exhausted", 1))
    assert len(history(study.view).numbers) == 0
