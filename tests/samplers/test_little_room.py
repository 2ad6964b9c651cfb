"""Limits that leave very little room, or none."""

import numpy as np
import pytest

from tunesmith.errors import InvalidSpace
from tunesmith.samplers.uniform import Uniform
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, history, spec_of


def draw(space: Space, count: int) -> list[dict]:
    """Random configurations, all checked."""
    view = history(spec_of(space))
    found = [Uniform().ask(view, 1, np.random.default_rng(i))[0].config for i in range(count)]
    assert [space.check(config) for config in found] == found
    return found


def test_a_ten_millionth_of_a_cube() -> None:
    """from a default that keeps the limits a walk reaches all of the corner"""
    space = Space({f"x{i}": Float(0, 1, default=1e-3) for i in range(3)}, limits=["x0 + x1 + x2 <= 0.01"])
    rows = np.array([list(config.values()) for config in draw(space, 25)])
    assert len(np.unique(rows)) == rows.size
    # Even in the corner, each has a mean of a quarter of its side.
    np.testing.assert_allclose(rows.mean(axis=0), 0.0025, atol=0.0012)


def test_earlier_trials_show_the_way() -> None:
    """where the default does not keep the limits, what was tried does"""
    space = Space({f"x{i}": Float(0, 1) for i in range(3)}, limits=["x0 + x1 + x2 <= 0.01"])
    log = History(spec_of(space))
    with pytest.raises(InvalidSpace, match=r"None of 11000 random configurations keeps all limits \(x0 \+ x1"):
        log.propose(Uniform())
    log.ask({"x0": 0.001, "x1": 0.001, "x2": 0.001})
    assert space.allows(log.propose(Uniform()).config)


def test_a_few_of_many_whole_numbers() -> None:
    """3 of 10,000 combinations: they are listed"""
    found = draw(Space({"a": Int(0, 99), "b": Int(0, 99)}, limits=["a + b <= 1"]), 15)
    assert {tuple(config.values()) for config in found} == {(0, 0), (0, 1), (1, 0)}


def test_narrow_branches() -> None:
    """a walk changes branches where the limits let it"""
    space = Space(
        {
            "kind": Choice("small", "large"),
            "x": Float(0, 1, default=0.0001),
            "y": when({"kind": "large"}, Float(0, 1, default=0.0001)),
        },
        limits=["x <= 0.0002", "x + y <= 0.0004"],
    )
    assert {config["kind"] for config in draw(space, 12)} == {"small", "large"}


def test_no_room_in_a_finite_space() -> None:
    """said for certain, as all were looked at"""
    space = Space({"a": Int(0, 9), "b": Int(0, 9)}, limits=["a + b > 100", {"a": 1}])
    with pytest.raises(InvalidSpace, match=r"^No configuration keeps all limits \(a \+ b > 100; not a = 1\); loosen"):
        History(spec_of(space)).propose(Uniform())


def test_an_equation_cannot_be_drawn() -> None:
    """the sentence says what would help"""
    space = Space({"a": Float(0, 1, default=0.2), "b": Float(0, 1)}, limits=["a == b"])
    with pytest.raises(InvalidSpace, match=r"loosen them, narrow the ranges, or give defaults that keep them\.$"):
        History(spec_of(space)).propose(Uniform())
