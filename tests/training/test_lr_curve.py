"""Reading range tests: made curves of which the answer is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.training.lr_curve import read_curve
from tunesmith.trials.facts import Draft

RATES = np.geomspace(1e-7, 10, 100)


def curve(rng, *, falls=1e-3, rises=0.3, drop=1.5, noise=0.05, start=2.3, explodes=True):
    """Flat, then down from `falls` on, and up from `rises` on."""
    logs = np.log10(RATES)
    down = 1 / (1 + np.exp(-4 * (logs - math.log10(falls) - 0.5)))
    up = np.where(logs > math.log10(rises), 10.0 ** (3 * (logs - math.log10(rises))) - 1, 0)
    losses = start - drop * down + up + noise * rng.normal(size=len(RATES))
    if explodes:
        losses[losses > 50] = np.nan
    return losses


def curves(seed=0, seeds=3, **kind):
    rng = np.random.default_rng(seed)
    return np.array([curve(rng, **kind) for _ in range(seeds)])


@given(st.integers(0, 10**6), st.floats(-5, -2), st.floats(1.0, 2.5), st.floats(0.3, 2))
@settings(max_examples=60, deadline=None)
def test_range_holds_what_lies_between_fall_and_rise(seed, fall, width, drop):
    """wherever they are, the suggestion is below the rise and inside"""
    rises = 10 ** (fall + width)
    found = read_curve(RATES, curves(seed, falls=10**fall, rises=rises, drop=drop, noise=0.02))
    assert found.clear
    assert found.low <= 10 ** (fall + width / 2) <= found.high
    assert found.low <= found.suggested <= rises
    assert rises / 3 <= found.high <= 30 * rises
    assert found.high <= 1001 * found.low
    assert found.interval[0] <= found.suggested <= found.interval[1]


@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3]), st.floats(0.01, 1))
@settings(max_examples=100, deadline=None)
def test_noise_alone_tells_nothing(seed, seeds, noise):
    """nearly always: false alarms are rare"""
    clear = [
        read_curve(RATES, noise * np.random.default_rng([seed, k]).normal(size=(seeds, 100))).clear for k in range(10)
    ]
    assert sum(clear) <= 2


def test_says_why_nothing_is_told():
    """and gives no number to go by"""
    found = read_curve(RATES, curves(drop=0.0, rises=0.1))
    assert not found.clear
    assert (found.suggested, found.interval) == (None, None)
    assert (found.low, found.high) == (RATES[0], RATES[-1])
    assert "lowers the loss" in found.why
    with pytest.raises(InvalidStudy, match="no range"):
        found.float()


def test_begins_diverged():
    """a sweep that is not finite from the beginning"""
    losses = np.full((2, 100), np.nan)
    losses[:, 0] = 2.3
    assert "begin lower" in read_curve(RATES, losses).why


def test_one_seed_that_explodes_at_once_does_not_decide():
    """the others do"""
    losses = curves()
    losses[1, 3:] = np.inf
    found = read_curve(RATES, losses)
    assert found.clear
    assert "2 of 3 seeds" in found.why


def test_sweep_that_ends_too_early_is_said():
    """the loss still fell: the range is open above"""
    found = read_curve(RATES[:70], curves(falls=1e-3)[:, :70])
    assert found.clear
    assert found.high == RATES[69]
    assert "were not tried" in found.why


def test_the_level_of_the_loss_does_not_matter():
    """negative losses and shifted ones read the same"""
    losses = curves()
    plain, shifted, scaled = (read_curve(RATES, some) for some in (losses, losses - 100, losses * 7))
    for other in (shifted, scaled):
        assert (other.low, other.high, other.suggested) == pytest.approx((plain.low, plain.high, plain.suggested))


def test_narrows_a_space():
    """inside of what the space allows, under the same condition"""
    found = read_curve(RATES, curves())
    space = ts.Space(
        {"kind": ts.Choice("a", "b"), "lr": ts.when({"kind": ["a"]}, ts.Float(1e-6, 0.05, log=True, default=0.01))}
    )
    lr = found.narrow(space, "lr").params["lr"]
    assert (lr.low, lr.high, lr.log, lr.default) == (found.low, 0.05, True, 0.01)
    assert found.narrow(space, "lr").conditions == space.conditions
    assert found.float() == ts.Float(found.low, found.high, log=True, default=found.suggested)


def test_says_why_in_the_study():
    """as a fact, which stays"""
    found = read_curve(RATES, curves())
    space = found.narrow(ts.Space({"lr": ts.Float(1e-7, 10, log=True)}), "lr")
    with ts.Study.open("s", space=space, minimize="loss") as study:
        study.store.append("s", [Draft(None, found.fact("lr"))])
        assert [event.fact.value["why"] for event in study.store.events("s") if event.fact == found.fact("lr")] == [
            found.why
        ]


def test_narrow_moves_a_default_that_is_outside():
    """to the suggestion"""
    found = read_curve(RATES, curves())
    lr = found.narrow(ts.Space({"lr": ts.Float(1e-7, 10, log=True, default=1e-7)}), "lr").params["lr"]
    assert lr.default == found.suggested


@pytest.mark.parametrize("centre, kept", [(1e-7, False), (0.01, True)])
def test_narrow_keeps_what_is_believed_of_rates_inside(centre, kept):
    """and lets go of what is believed of those outside"""
    believed = ts.Float(1e-7, 10, log=True, role="learning rate", belief=ts.around(centre))
    lr = read_curve(RATES, curves()).narrow(ts.Space({"lr": believed}), "lr").params["lr"]
    assert lr.role == "learning rate"
    assert (lr.belief is not None) is kept


@pytest.mark.parametrize("param", [ts.Float(1e-7, 1e-6, log=True), ts.Float(0, 1, step=0.1)])
def test_narrow_leaves_what_it_cannot_narrow(param):
    """a space that excludes the range, and levels"""
    space = ts.Space({"lr": param})
    assert read_curve(RATES, curves()).narrow(space, "lr") is space


def test_narrow_names_what_is_wrong():
    """in one sentence"""
    with pytest.raises(InvalidStudy, match="does not exist"):
        read_curve(RATES, curves()).narrow(ts.Space({"width": ts.Int(1, 8)}), "lr")


def test_refuses_what_is_no_sweep():
    """rates that do not grow, or too few of them"""
    with pytest.raises(InvalidStudy, match="at least 20"):
        read_curve(RATES[:10], curves()[:, :10])
    with pytest.raises(InvalidStudy, match="growing"):
        read_curve(RATES[::-1], curves())
