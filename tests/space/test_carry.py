"""Configurations of one space as another one sees them."""

import math

import numpy as np
from hypothesis import given, strategies as st
from strategies import params, spaces

from tunesmith.space import Choice, Float, Int, Ordinal, Space, when
from tunesmith.space.carry import carried, extended_unit


def some_config(space, seed):
    codec = space.codec()
    return codec.decode_row(np.random.default_rng(seed).random(codec.width).tolist())


@given(spaces(), st.integers(0, 9))
def test_in_its_own_space_a_configuration_is_itself(space, seed):
    config = some_config(space, seed)
    found = carried(config, space)
    assert found is not None
    assert found.inside
    assert space.check(found.config) == space.check(config)


@given(spaces(), spaces(), st.integers(0, 9))
def test_from_any_space_to_any_other(one, other, seed):
    """either there is no such configuration, or it has the active parameters of the other space, valid if inside"""
    found = carried(some_config(one, seed), other)
    if found is None:
        return
    assert list(found.config) == list(other.active(found.config))
    if found.inside:
        assert other.check(found.config) == found.config
    units = [extended_unit(other.params[name], value) for name, value in found.config.items()]
    assert all(-1.001 <= unit <= 2.001 for unit in units)


@given(params, st.floats(0, 1))
def test_inside_of_a_range_the_extended_unit_is_the_unit(param, unit):
    value = param.from_unit(unit)
    assert extended_unit(param, value) == param.to_unit(value)


def test_numbers_outside_stay_what_they_are():
    space = Space({"lr": Float(1e-4, 1e-2, log=True), "x": Float(0, 1)})
    found = carried({"lr": 1e-1, "x": 0.5}, space)
    assert found is not None
    assert found == ({"lr": 1e-1, "x": 0.5}, False)
    assert math.isclose(extended_unit(space.params["lr"], 1e-1), 1.5)
    assert math.isclose(extended_unit(space.params["lr"], 1e-5), -0.5)
    assert carried({"lr": 10.0, "x": 0.5}, space) is None, "farther outside than the range is wide"
    assert carried({"lr": 0.0, "x": 0.5}, space) is None, "no place on a logarithmic scale"


def test_new_parameters_are_at_their_defaults_and_old_ones_are_left_out():
    space = Space({"x": Float(0, 1), "decay": Float(0, 1, default=0.25)})
    assert carried({"x": 0.5, "gone": 3}, space) == ({"x": 0.5, "decay": 0.25}, True)


def test_numbers_between_the_values_of_a_parameter_move_to_one():
    space = Space({"n": Int(0, 100, step=10), "x": Float(0, 1, step=0.25)})
    found = carried({"n": 42, "x": 0.6}, space)
    assert found is not None
    assert found.inside
    assert found.config["n"] in (40, 50)
    assert found.config["x"] in (0.5, 0.75)


def test_an_option_that_is_gone_leaves_nothing():
    assert carried({"c": "b"}, Space({"c": Choice("a", "c")})) is None
    assert carried({"o": 3}, Space({"o": Ordinal(1, 2, 4)})) is None


def test_only_what_takes_part_decides():
    space = Space({"c": Choice("a", "b"), "x": when({"c": "a"}, Float(0, 1))})
    assert carried({"c": "b", "x": 1.5}, space) == ({"c": "b"}, True)


def test_broken_limits_are_outside():
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, limits=["x < y"])
    assert carried({"x": 0.7, "y": 0.2}, space) == ({"x": 0.7, "y": 0.2}, False)
