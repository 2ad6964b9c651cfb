"""Whole arrays of rows move to valid values, exactly as one row after the other would."""

import numpy as np
import pytest

from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int, Ordinal
from tunesmith.space.space import Space
from tunesmith.testing.samplers import SPACES

MORE = {
    "many levels": Space({"n": Int(1, 5000), "x": when({"n": ">= 2500"}, Float(0, 1)), "l": Int(1, 10**9, log=True)}),
    "fixed parent": Space({"kind": "a", "x": when({"kind": "a"}, Float(0, 1))}),
    "chain": Space(
        {
            "a": Ordinal(1, 2, 3),
            "b": when({"a": ">= 2"}, Choice("x", "y")),
            "c": when({"b": "y"}, "fixed"),
            "d": when({"c": "fixed"}, Float(1, 2, step=0.25)),
        }
    ),
}


@pytest.mark.parametrize("name", [*SPACES, *MORE])
def test_snapping_is_decoding_and_encoding(name: str) -> None:
    """the same values and the same activity, also at the bounds"""
    space = SPACES.get(name) or MORE[name]
    codec = space.codec()
    rows = np.random.default_rng(3).random((300, codec.width))
    rows[:2] = [[0.0], [1.0]]
    X, active = codec.snap(rows)
    expected, flags = codec.encode(codec.decode(rows))
    np.testing.assert_array_equal(active, flags)
    np.testing.assert_allclose(X, expected, atol=1e-9)


@pytest.mark.parametrize("name", [*SPACES, *MORE])
def test_what_is_snapped_stays(name: str) -> None:
    """a second time changes nothing"""
    codec = (SPACES.get(name) or MORE[name]).codec()
    once, active = codec.snap(np.random.default_rng(4).random((200, codec.width)) * 1.2 - 0.1)
    twice, again = codec.snap(once)
    np.testing.assert_allclose(once, twice, atol=1e-9)
    np.testing.assert_array_equal(active, again)
