"""Stopping early, with the best state kept."""

from __future__ import annotations

import pytest

import tunesmith as ts
from tunesmith.errors import InvalidStudy


def run(values, **options):
    """Updates until told to stop; the keeper and how many values it saw."""
    keeper = ts.EarlyStopping(**options)
    weights = [0]
    for count, value in enumerate(values, 1):
        weights[0] = count
        if keeper.update(value, lambda: weights):
            return keeper, count
    return keeper, len(values)


def test_stops_after_patience_and_keeps_a_copy_of_the_best():
    """not a reference to what training goes on changing"""
    keeper, seen = run([3, 2, 1, 2, 2, 2, 0], patience=3)
    assert (seen, keeper.best, keeper.best_step, keeper.state) == (6, 1, 3, [3])


def test_maximizes():
    """when told"""
    assert run([0.1, 0.5, 0.4, 0.3], patience=2, direction="maximize")[0].best == 0.5


def test_small_gains_are_kept_but_do_not_count():
    """the best is the best, and yet nothing is gained"""
    keeper, seen = run([1.0, 0.99, 0.98, 0.97, 0.96], patience=3, least=0.05)
    assert (seen, keeper.best) == (4, 0.97)


def test_small_gains_add_up():
    """a training that creeps on is not given up"""
    assert run([1 - 0.01 * step for step in range(20)], patience=5, least=0.03)[1] == 20


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_no_best(bad):
    """they use up patience"""
    keeper, seen = run([bad, 2.0, bad, bad], patience=2)
    assert (seen, keeper.best) == (4, 2.0)
    assert run([bad, bad], patience=2)[0].best is None


def test_says_what_is_wrong():
    """at once"""
    with pytest.raises(InvalidStudy, match="patience"):
        ts.EarlyStopping(patience=0)
