"""How hyperparameters follow hypergradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunesmith.errors import InvalidStudy
from tunesmith.training.hypergradient.steering import Steering


@given(st.floats(-6, 0), st.floats(-6, 0), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_finds_the_bottom_of_a_bowl(begin, bottom, seed):
    """in log space, from noisy gradients"""
    rng = np.random.default_rng(seed)
    steering = Steering({"wd": 10**begin}, rate=0.2)
    target = float(np.clip(bottom, begin - 3, begin + 3))
    for _ in range(150):
        distance = math.log10(float(steering.values["wd"])) - target
        steering.move({"wd": distance + 0.05 * rng.normal()}, distance**2 + 0.01 * rng.normal())
    assert abs(math.log10(float(steering.values["wd"])) - target) < 0.5


@given(st.lists(st.tuples(st.floats(allow_nan=True), st.floats(allow_nan=True)), max_size=60))
@settings(max_examples=100, deadline=None)
def test_whatever_comes_values_stay_in_bounds(moves):
    """and finite, and no step is more than a factor of two, but for steps back"""
    steering = Steering({"a": 0.1, "b": [1.0, 2.0]}, rate=5.0, bounds={"a": (0.01, 1.0)})
    before = steering.values
    for gradient, loss in moves:
        with np.errstate(all="ignore"):
            move = steering.move({"a": gradient, "b": [gradient, 1.0]}, loss)
        assert 0.01 - 1e-9 <= move.values["a"] <= 1.0 + 1e-9
        assert np.isfinite(move.values["b"]).all()
        if move.event == "moved":
            assert all((np.abs(np.log(move.values[n] / before[n])) <= math.log(2) + 1e-9).all() for n in before)
        before = move.values
    assert len(steering.path) == len(moves)


def test_goes_back_when_validation_is_lost():
    """to the values from before the rise; the third time is the last"""
    steering = Steering({"wd": 1.0}, rate=0.1)
    for _ in range(3):
        for count in range(60):
            rise = 0.05 * 1.4 ** max(count - 20, 0) - 0.05
            if steering.move({"wd": -1.0}, 1.0 - 0.02 * min(count, 20) + rise).event == "reverted":
                assert steering.values["wd"] < steering.path[-2].values["wd"]
                break
    assert [move.event for move in steering.path].count("reverted") == 3
    assert steering.frozen
    assert steering.move({"wd": 1.0}, 1.0).event == "frozen"
    assert steering.rate == 0.1 / 8
    assert "rose from" in next(move.why for move in steering.path if move.event == "reverted")


def test_overfitting_that_slows_down_is_no_reason_to_go_back():
    """validation becomes worse by itself, and more slowly the better the values are"""
    steering = Steering({"wd": 1e-3})
    for count in range(60):
        steering.move({"wd": -1.0}, 3.0 - math.exp(-count / 15))
    assert {move.event for move in steering.path} == {"moved"}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_losses_that_are_not_finite_take_back(loss):
    """at once"""
    steering = Steering({"wd": 1.0})
    assert steering.move({"wd": 1.0}, loss).event == "reverted"
    assert steering.move({"wd": math.nan}, 1.0).event == "skipped"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": {"wd": 0.0}}, "positive"),
        ({"start": {"wd": [1.0, -1.0]}}, "positive"),
        ({"start": {}}, "name some"),
        ({"start": {"wd": 1.0}, "bounds": {"wd": (2.0, 3.0)}}, "hold the start"),
        ({"start": {"wd": 1.0}, "rate": 0.0}, "positive rate"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    """at once"""
    with pytest.raises(InvalidStudy, match=message):
        Steering(**arguments)
