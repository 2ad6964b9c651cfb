import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunesmith.analysis.axes import is_wide, linear_ticks, log_ticks, metric_axis, near_range, param_axis, ticks_between
from tunesmith.space import Choice, Int

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_ticks_are_round_numbers():
    assert linear_ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert linear_ticks(16, 500) == [100, 200, 300, 400, 500]
    assert log_ticks(1e-5, 1.0) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert log_ticks(16, 512) == [20, 50, 100, 200, 500]
    assert log_ticks(0.11, 0.12) == [0.11, 0.12]
    assert len(log_ticks(1e-40, 1.0)) <= 12


@given(FINITE, FINITE)
def test_ticks_ascend_from_end_to_end(a, b):
    low, high = min(a, b), max(a, b)
    ticks = ticks_between(low, high, log=False)
    assert ticks[0] == low
    assert ticks[-1] == high
    assert len(ticks) <= 9
    assert all(x < y for x, y in pairwise(ticks))


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_log_ticks_ascend_from_end_to_end(a, b):
    ticks = ticks_between(min(a, b), max(a, b), log=True)
    assert ticks[0] == min(a, b)
    assert ticks[-1] == max(a, b)
    assert len(ticks) <= 20
    assert all(x < y for x, y in pairwise(ticks))


@given(st.lists(st.floats(-1e150, 1e150), min_size=1, max_size=30), st.sampled_from([1.0, -1.0]))
def test_any_values_lie_on_their_axis(values, sign):
    axis = metric_axis("m", np.array(values), sign)
    assert axis.low < axis.high
    assert len(axis.labels) == len(axis.ticks)
    assert np.all((axis.low <= axis.values) & (axis.values <= axis.high))


def test_a_log_scale_is_for_losses_that_differ_vastly():
    assert is_wide(np.array([1e-4, 1.0]), 1.0)
    assert not is_wide(np.array([1e-4, 1.0]), -1.0)
    assert not is_wide(np.array([0.0, 1.0]), 1.0)
    assert not is_wide(np.array([np.nan]), 1.0)
    assert is_wide(np.array([1.0, np.nan, np.inf, 1e6]), 1.0)


def test_the_nearer_range_leaves_outliers_on_the_worse_side_out():
    values = np.array([1.0, 2.0, 3.0, 4.0, 1e6])
    low, high = near_range(values, 1.0) or (math.nan, math.nan)
    assert low == 1.0
    assert 4.0 < high < 100
    assert near_range(values[:4], 1.0) is None
    assert near_range(-values, 1.0) is None, "a far better value is not an outlier to hide"


def test_whole_numbers_of_a_small_range_are_all_labelled():
    axis = param_axis("layers", Int(1, 4), [{"layers": 2}, {"layers": 4}])
    assert axis.labels == ["1", "2", "3", "4"]


def test_of_many_options_some_are_labelled():
    options = [f"o{index}" for index in range(1000)]
    axis = param_axis("o", Choice(*options), [{"o": "o999"}])
    assert len(axis.labels) == 40
    assert axis.values.tolist() == [999.0]


@pytest.mark.parametrize("value", ["gone", 3, None, [1]])
def test_an_option_that_is_no_longer_there_stands_on_the_idle_level(value):
    axis = param_axis("o", Choice("a", "b"), [{"o": value}, {"o": "a"}])
    assert axis.values[0] == axis.idle
