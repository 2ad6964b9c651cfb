"""Dotted names and nested groups."""

from hypothesis import example, given, strategies as st

from tunesmith.space.names import flatten_config, nest_config

names = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join)


@given(st.dictionaries(names, st.integers()))
@example({"a.b": 1, "a": 2})
@example({"a": 2, "a.b": 1})
def test_nesting_loses_no_value(config):
    assert flatten_config(nest_config(config)) == config


def test_only_what_belongs_to_a_value_stays_dotted():
    assert nest_config({"a.b.c": 1, "a.b": 2, "a.d": 3}) == {"a.b.c": 1, "a": {"b": 2, "d": 3}}
