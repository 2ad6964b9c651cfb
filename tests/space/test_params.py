"""Parameters: their values, their unit interval, their errors."""

import json
import math
from enum import Enum

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from strategies import floats, ints, params

from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space import Choice, Fixed, Float, Int, Ordinal
from tunesmith.space.params import key_of, param_from_json
from tunesmith.space.space import Space


@given(params, st.floats(0, 1))
@settings(max_examples=300)
def test_every_point_of_the_unit_interval_is_a_value_that_checks(param, unit):
    value = param.from_unit(unit)
    assert key_of(param.check(value, "p")) == key_of(value)
    assert 0 <= param.to_unit(value) <= 1


@given(params, st.floats(0, 1))
@settings(max_examples=300)
def test_values_survive_the_way_through_the_unit_interval(param, unit):
    value = param.from_unit(unit)
    again = param.from_unit(param.to_unit(value))
    if isinstance(param, Float) and param.step is None:
        assert again == pytest.approx(value, rel=1e-9, abs=1e-9 * (param.high - param.low))
    else:
        assert key_of(again) == key_of(value)


@given(st.one_of(floats(), ints()))
def test_the_ends_of_the_unit_interval_are_the_bounds_exactly(param):
    assert param.from_unit(0.0) == param.low
    if (isinstance(param, Float) and param.step is None) or param.step in (None, 1):
        assert param.from_unit(1.0) == param.high
    assert param.check(param.low, "p") == param.low


@pytest.mark.parametrize("low, high", [(1e-300, 1e300), (5e-324, 1e-300), (1e-12, 1.0)])
def test_log_scales_of_any_width_stay_inside(low, high):
    param = Float(low, high, log=True)
    values = [param.from_unit(unit) for unit in np.linspace(0, 1, 101)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (low, high)


@pytest.mark.parametrize("low, high", [(-1e308, 1e308), (-1.0, 1e300)])
def test_the_widest_linear_ranges_do_not_overflow(low, high):
    param = Float(low, high)
    assert all(low <= param.from_unit(unit) <= high for unit in (0.0, 0.3, 0.5, 0.9, 1.0))
    assert param.to_unit(param.from_unit(0.25)) == pytest.approx(0.25)


@given(params)
def test_json_round_trip(param):
    assert param_from_json(json.loads(json.dumps(param.to_json()))) == param


def test_steps_have_no_dust():
    assert Float(0, 1, step=0.1).levels(20) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert Float(0.1, 1, step=0.4).levels(20) == [0.1, 0.5, 0.9]


def test_log_ints_give_small_numbers_as_often_as_large_ones():
    param = Int(1, 1000, log=True)
    values = [param.from_unit(unit) for unit in np.linspace(0.0005, 0.9995, 1000)]
    assert 300 < sum(value <= 10 for value in values) < 500
    assert set(range(1, 12)) <= set(values)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Float(1, 0), "reversed; write Float(0, 1)"),
        (lambda: Int(5, 2), "reversed; write Int(2, 5)"),
        (lambda: Float(0, 1, log=True), "low > 0"),
        (lambda: Int(0, 9, log=True), "low > 0"),
        (lambda: Float(math.nan, 1), "nan is not a finite number"),
        (lambda: Float(0, math.inf), "inf is not a finite number"),
        (lambda: Float("0", 1), "'0' is not a finite number"),
        (lambda: Float(0, 1, step=2), "step"),
        (lambda: Float(0, 1, step=-0.1), "step"),
        (lambda: Float(1, 2, log=True, step=0.1), "drop one"),
        (lambda: Int(1, 2.5), "2.5 is not a whole number"),
        (lambda: Int(1, 5, step=0), "at least 1"),
        (lambda: Float(0, 1, default=2), "default = 2 is outside [0.0, 1.0]"),
        (lambda: Choice(), "has no options"),
        (lambda: Ordinal(), "has no levels"),
        (lambda: Choice("a", "a"), "'a' stands twice"),
        (lambda: Choice("a", default="b"), "default = 'b' is not an option; choose one of 'a'"),
        (lambda: Choice(print), "use a name for it"),
        (lambda: Choice(math.nan), "use a name for it"),
    ],
)
def test_mistakes_are_explained(make, words):
    with pytest.raises(InvalidSpace) as error:
        make()
    assert words in str(error.value)


@pytest.mark.parametrize(
    "param, value, words",
    [
        (Float(0, 1), 1.5, "p = 1.5 is outside [0.0, 1.0]"),
        (Float(0, 1), "0.5", "p = '0.5' is not a number"),
        (Float(0, 1), True, "p = True is not a number"),
        (Float(0, 1), math.nan, "p = nan is outside"),
        (Float(0, 1, step=0.25), 0.3, "the nearest is 0.25"),
        (Int(0, 9), 2.5, "p = 2.5 is not a whole number"),
        (Int(0, 9), 10, "p = 10 is outside [0, 9]"),
        (Int(0, 9, step=3), 4, "p = 4 is not one of 0, 3"),
        (Choice("a", "b"), "c", "p = 'c' is not an option; choose one of 'a', 'b'"),
        (Choice(True, False), 1, "p = 1 is not an option"),
        (Fixed(3), 4, "p = 4"),
    ],
)
def test_values_that_do_not_fit_are_named_with_their_bound(param, value, words):
    with pytest.raises(InvalidConfig) as error:
        param.check(value, "p")
    assert words in str(error.value)


def test_values_come_back_in_their_parameters_own_type():
    checked = [
        Float(0, 9).check(3, "p"),
        Int(0, 9).check(3.0, "p"),
        Int(0, 9).check(np.int64(3), "p"),
        Float(0, 9).check(np.float32(3), "p"),
    ]
    assert [(value, type(value)) for value in checked] == [(3.0, float), (3, int), (3, int), (3.0, float)]


def test_choices_tell_true_one_and_one_point_zero_apart():
    choice = Choice(True, 1, 1.0, "1")
    for index, option in enumerate((True, 1, 1.0, "1")):
        assert choice.to_unit(option) == pytest.approx((index + 0.5) / 4)
        assert type(choice.check(option, "p")) is type(option)


def test_enums_and_tuples_are_kept_as_names_and_lists():
    class Kind(Enum):
        A = object()
        B = 2

    assert Choice(*Kind).options == ("A", "B")
    assert Choice(*Kind).check(Kind.A, "p") == "A"
    assert Choice((64, 64), (128,)).check((64, 64), "p") == [64, 64]


def test_few_levels_are_all_listed_and_a_continuum_is_spread():
    assert Int(1, 4).levels(2) == [1, 2, 3, 4]
    assert Float(1, 100, log=True).levels(3) == pytest.approx([1, 10, 100])
    assert Choice("a", "b", "c").levels(2) == ["a", "b", "c"]


def test_a_role_is_kept_and_is_no_other_search() -> None:
    """it says what a parameter is to the person who tunes, and changes nothing about its values"""
    for param in (
        Float(0, 1, role="nuisance"),
        Int(1, 4, role="scientific"),
        Choice("a", "b", role="fixed"),
        Ordinal(32, 64, role="batch size"),
    ):
        assert param_from_json(param.to_json()) == param
    assert not Space({"x": Float(0, 1)}).differences(Space({"x": Float(0, 1, role="learning rate")}))
    with pytest.raises(InvalidSpace, match="choose one of"):
        Float(0, 1, role="important")  # type: ignore[arg-type]
