import math

import numpy as np

from tunesmith.analysis.figures import parallel
from tunesmith.space import Choice, Fixed, Float, Int, Ordinal, Space, when


def space():
    return Space(
        {
            "lr": Float(1e-5, 1.0, log=True),
            "width": Int(16, 500),
            "optimizer": Choice("adam", "sgd", None),
            "momentum": when({"optimizer": ["sgd"]}, Float(0.0, 0.99)),
            "batch": Ordinal(32, 64, 128),
            "epochs": Fixed(10),
            "only": Choice("one"),
        }
    )


def config(**values):
    return {"lr": 0.01, "width": 100, "optimizer": "adam", "batch": 64, "epochs": 10, "only": "one", **values}


def test_no_trials_give_no_axes(recorded):
    data = parallel(recorded(space()).view)
    assert (data.axes, data.objectives, data.total, data.best) == ([], [], 0, None)


def test_one_trial_has_its_place_on_every_varying_axis(recorded):
    study = recorded(space())
    study.done(config(), loss=0.5)
    data = parallel(study.view)
    assert [axis.name for axis in data.axes] == ["lr", "width", "optimizer", "momentum", "batch"]
    assert [axis.values.tolist() for axis in data.axes[:3]] == [[-2.0], [100.0], [0.0]]
    for axis in [*data.axes, *data.objectives]:
        assert axis.low < axis.high
        assert len(axis.ticks) == len(axis.labels)
        assert np.all((axis.low <= axis.values) & (axis.values <= axis.high))
        assert np.all(np.diff(axis.ticks) > 0)


def test_axes_have_real_labels_and_options_their_names(recorded):
    study = recorded(space())
    study.done(config(), loss=0.5)
    study.done(config(optimizer=None), loss=0.4)
    axes = {axis.name: axis for axis in parallel(study.view).axes}
    assert axes["lr"].labels == ["1e-05", "0.0001", "0.001", "0.01", "0.1", "1"]
    assert axes["width"].labels[0] == "16"
    assert axes["width"].labels[-1] == "500"
    assert axes["optimizer"].labels == ["adam", "sgd", "None"]
    assert axes["batch"].labels == ["32", "64", "128"]
    assert axes["optimizer"].values.tolist() == [0.0, 2.0]


def test_an_inactive_parameter_has_a_level_of_its_own_below_the_axis(recorded):
    study = recorded(space())
    study.done(config(), loss=0.5)
    study.done(config(optimizer="sgd", momentum=0.0), loss=0.4)
    axis = {axis.name: axis for axis in parallel(study.view).axes}["momentum"]
    assert axis.idle is not None
    assert axis.idle < 0.0
    assert axis.values.tolist() == [axis.idle, 0.0]
    assert axis.labels[0] == "–"


def test_what_has_no_finite_value_is_left_out_and_counted(recorded):
    study = recorded()
    study.failed()
    study.done(loss=math.nan)
    study.done(loss=math.inf)
    study.done(loss=1.0)
    study.start()
    data = parallel(study.view)
    assert data.numbers.tolist() == [3]
    assert (data.total, data.failed, data.valueless, data.waiting) == (1, 1, 2, 1)


def test_all_failed_is_empty_and_counted(recorded):
    study = recorded()
    study.failed()
    data = parallel(study.view)
    assert (data.objectives, data.failed) == ([], 1)


def test_both_objectives_are_axes(recorded):
    study = recorded(minimize=("loss",), maximize=("acc",))
    study.done(loss=1.0, acc=0.5)
    study.done(loss=2.0, acc=0.9)
    data = parallel(study.view)
    assert [axis.name for axis in data.objectives] == ["loss", "acc"]
    assert data.color_range == (1.0, 2.0)


def test_define_by_run_shows_all_that_was_asked_for(recorded):
    study = recorded(Space(grows=True))
    study.suggested({"lr": (Float(0.1, 1.0), 0.5)}, loss=1.0)
    study.suggested({"lr": (Float(0.01, 1.0), 0.05), "width": (Int(1, 100), 50)}, loss=0.5)
    axes = {axis.name: axis for axis in parallel(study.view).axes}
    assert (axes["lr"].low, axes["lr"].high) == (0.01, 1.0)
    assert axes["width"].values[0] == axes["width"].idle


def test_of_too_many_the_best_stay_and_it_is_said(recorded):
    study = recorded()
    for number in range(60):
        study.done({"lr": 0.01}, loss=float((number * 7) % 60))
    data = parallel(study.view, most=30)
    assert (len(data.numbers), data.total) == (30, 60)
    assert data.best in data.numbers.tolist()


def test_an_outlier_does_not_crush_the_axis_of_the_objective(recorded):
    study = recorded(minimize=(), maximize=("r2",))
    for r2 in (0.5, 0.6, 0.7, 0.8, -1e8):
        study.done(r2=r2)
    axis = parallel(study.view).objectives[0]
    assert axis.low > -10
    assert axis.labels[0].startswith("≤ ")
    assert axis.values.min() == axis.low


def test_many_parameters_do_not_fit_and_it_is_said(recorded):
    names = [f"p{index}" for index in range(30)]
    study = recorded(Space({name: Float(0, 1) for name in names}))
    study.done(dict.fromkeys(names, 0.5), loss=1.0)
    data = parallel(study.view)
    assert len(data.axes) == 24
    assert data.hidden == names[24:]


def test_where_the_best_lie_together_is_found(recorded):
    study = recorded(Space({"a": Float(0, 1), "b": Float(0, 1), "c": Choice("x", "y")}))
    for number in range(50):
        a, b = number / 50, (number * 7 % 50) / 50
        study.done({"a": a, "b": b, "c": "xy"[number % 2]}, loss=abs(b - 0.5))
    found = parallel(study.view).gathered
    assert found is not None
    assert (found.name, found.count) == ("b", 5)
    assert found.low is not None
    assert found.low < 0.5 < (found.high or 0)


def test_where_the_best_share_an_option_is_found(recorded):
    study = recorded(Space({"a": Float(0, 1), "c": Choice("x", "y", "z", "w")}))
    for number in range(40):
        option = "xyzw"[number % 4]
        study.done({"a": (number * 7 % 40) / 40, "c": option}, loss=0.001 * number if option == "z" else 1.0 + number)
    found = parallel(study.view).gathered
    assert found is not None
    assert (found.name, found.option) == ("c", "z")


def test_equal_values_still_give_an_axis(recorded):
    study = recorded()
    for _ in range(5):
        study.done(loss=0.0)
    axis = parallel(study.view).objectives[0]
    assert axis.low < 0.0 < axis.high
    assert axis.labels == ["0"]
