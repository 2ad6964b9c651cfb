"""The filter of the table of trials."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, strategies as st

from tunesmith.errors import InvalidFilter
from tunesmith.web.filters import LONGEST, Column, parse


class Few:
    """Four trials."""

    names = ("number", "lr", "state", "my column", "failure")
    count = 4

    def column(self, name):
        return {
            "number": Column(np.arange(4.0)),
            "lr": Column(np.array([1e-4, 1e-2, np.nan, 1.0])),
            "state": Column(["done", "failed", "running", "done"]),
            "my column": Column(["a b", "A", None, "c"]),
            "failure": Column([None, "oom", None, None]),
        }[name]


def found(text):
    return np.flatnonzero(parse(text).rows(Few())).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr > 1e-3", [1, 3]),
        ("lr > 1e-3 and state = failed", [1]),
        ("lr>1e-3 AND state=failed", [1]),
        ("state = failed or lr = 1", [1, 3]),
        ("state == done and lr < 1 or number = 2", [0, 2]),
        ("state = done and (lr < 1 or number = 2)", [0]),
        ("not state = done", [1, 2]),
        ("not not state = done", [0, 3]),
        ("state in (failed, running)", [1, 2]),
        ("number in (0, 3.0)", [0, 3]),
        ("lr != 0.01", [0, 3]),
        ("lr = none", [2]),
        ("lr != none", [0, 1, 3]),
        ("failure = none", [0, 2, 3]),
        ("failure != oom", []),
        ("'my column' ~ A", [0, 1]),
        ("'my column' = \"a b\"", [0]),
        ("state >= e", [1, 2]),
        ("lr <= inf", [0, 1, 3]),
        ("lr > -1", [0, 1, 3]),
    ],
)
def test_what_fits(text, expected):
    """conditions as people write them; what a trial has not fits nothing but none"""
    assert found(text) == expected


def test_an_empty_filter_is_none():
    assert parse("") is None
    assert parse(" \t") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lr >", "at its end; give a value"),
        ("lr", "at its end; compare with"),
        ("> 3", "at character 1, '>'; name a column"),
        ("lr > 1 lr < 2", "join conditions"),
        ("(lr > 1", "close the parenthesis"),
        ("lr in 3", "list the values in parentheses"),
        ("lr in (1, 2", "close the parenthesis"),
        ("lr > 'x", "close its quotes"),
        ("rate > 1", "'rate', which is no column"),
        ("learning > 1", "is no column of this study."),
        ("stat = done", "did you mean 'state'?"),
        ("lr > high", "compare it with a number"),
        ("lr ~ 1", "instead of ~"),
        ("and", "name a column"),
        ("(" * 100 + "lr > 1" + ")" * 100, "nest fewer parentheses"),
        ("not " * 100 + "lr > 1", "nest fewer parentheses"),
        ("lr > 1 or " * LONGEST, "shorten it"),
    ],
)
def test_mistakes_are_told_with_their_place(text, said):
    """in one sentence"""
    with pytest.raises(InvalidFilter) as error:
        found(text)
    assert said in str(error.value)


@given(st.text(max_size=60) | st.text(st.sampled_from("lr state=<>!~()'\",. 1e-3andornotin"), max_size=60))
def test_any_text_is_a_filter_or_a_sentence(text):
    """never another error"""
    with suppress(InvalidFilter):
        wanted = parse(text)
        assert wanted is None or wanted.rows(Few()).shape == (4,)


@given(st.sampled_from(["lr", "number"]), st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.floats(-2, 5))
def test_a_comparison_and_its_negation_share_all_trials(name, op, number):
    """none is in both, none is in neither"""
    text = f"{name} {op} {number!r}"
    both = [*found(text), *found(f"not ({text})")]
    assert sorted(both) == [0, 1, 2, 3]
