"""Dotted names and nested groups."""

import pytest
from hypothesis import example, given, strategies as st

from tunesmith import Int, Space, when
from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space.names import flatten_config, nest_config

names = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)


@given(st.dictionaries(names, st.integers()))
@example({"a.b": 1, "a": 2})
@example({"a": 2, "a.b": 1})
def test_nesting_loses_no_value(config):
    assert flatten_config(nest_config(config)) == config


def test_only_what_belongs_to_a_value_stays_dotted():
    assert nest_config({"a.b.c": 1, "a.b": 2, "a.d": 3}) == {"a.b.c": 1, "a": {"b": 2, "d": 3}}


@pytest.mark.parametrize("name, end", [("widht", r"; did you mean 'width'\?$"), ("zz", r"[^?.]\.$")])
def test_a_question_needs_no_full_stop(name, end):
    space = Space({"width": Int(1, 8)})
    with pytest.raises(InvalidSpace, match=end):
        Space({"width": Int(1, 8), "depth": when({name: 1}, Int(1, 3))})
    with pytest.raises(InvalidSpace, match=end):
        Space({"width": Int(1, 8)}, limits=[f"{name} < 3"])
    with pytest.raises(InvalidConfig, match=end):
        space.check({name: 3})
