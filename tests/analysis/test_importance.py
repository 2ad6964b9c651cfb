"""Importance on functions whose shares are known; ablation on a path whose gains are known."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import tunesmith as ts
from tunesmith.analysis.ablation import ablation
from tunesmith.analysis.importance.measure import importance
from tunesmith.errors import InvalidStudy

METHODS = ("fanova", "ped-anova")
REGIONS = ("whole", "top")
BRANCHES = ts.Space(
    {
        "optimizer": ts.Choice("adam", "sgd"),
        "lr": ts.Float(1e-5, 1.0, log=True),
        "momentum": ts.when({"optimizer": "sgd"}, ts.Float(0.0, 1.0)),
        "depth": ts.Int(1, 4),
    }
)


def cube(count):
    return ts.Space({f"x{i}": ts.Float(0, 1) for i in range(count)})


def studied(recorded, space, function, trials, *, seed=0, noise=0.0, **spec):
    """A study of random trials of a function, with noise."""
    study = recorded(space, **spec)
    rng = np.random.default_rng(seed)
    metrics = [objective.metric for objective in study.spec.objectives]
    for config in space.codec().decode(rng.random((trials, space.codec().width))):
        value = function(**config) + noise * rng.standard_normal()
        study.done(config, **dict.fromkeys(metrics, value))
    return study.view


def by_name(found):
    return {share.name: share for share in found.params}


def ishigami(x0, x1, x2, x3):
    a, b, c = (math.pi * (2 * x - 1) for x in (x0, x1, x2))
    return math.sin(a) + 7 * math.sin(b) ** 2 + 0.1 * c**4 * math.sin(a)


# -- shares that are known ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_variance_are_sobol_indices(recorded, seed):
    """Ishigami and Homma (1990): total, alone, and the pair, from their formulas"""
    found = importance(studied(recorded, cube(4), ishigami, 300, seed=seed), resamples=0)
    shares = by_name(found)
    for name, total, alone in (("x0", 0.558, 0.314), ("x1", 0.442, 0.442), ("x2", 0.244, 0.0), ("x3", 0.0, 0.0)):
        assert shares[name].share == pytest.approx(total, abs=0.08)
        assert shares[name].alone == pytest.approx(alone, abs=0.08)
    assert found.pairs[0].names == ("x0", "x2")
    assert found.pairs[0].share == pytest.approx(0.244, abs=0.08)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_the_order_is_found_in_spite_of_noise(recorded, method, seed):
    """and what is idle is told from what is not"""
    view = studied(recorded, cube(4), lambda x0, x1, x2, x3: 6 * x0 + 3 * x1 + 1.5 * x2, 150, seed=seed, noise=0.3)
    found = importance(view, method=method, resamples=20)
    assert [share.name for share in found.params][:2] == ["x0", "x1"]
    assert found.params[0].real
    assert found.params[1].real
    assert not by_name(found)["x3"].real


@pytest.mark.parametrize("method", METHODS)
def test_intervals_hold_what_is_found_and_shrink_with_trials(recorded, method):
    few, many = (
        importance(studied(recorded, cube(3), lambda x0, x1, x2: x0 + x1 + 0.1 * x2, n, noise=0.2), method=method)
        for n in (40, 160)
    )
    for found in (few, many):
        assert all(0 <= share.low <= share.share <= share.high <= 1 for share in found.params)
    assert max(s.high - s.low for s in many.params) < max(s.high - s.low for s in few.params)
    assert any("few" in remark for remark in few.remarks)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_in_noise(recorded, method, seed):
    found = importance(studied(recorded, cube(4), lambda **_: 0.0, 100, seed=seed, noise=1.0), method=method)
    assert sum(share.real for share in found.params) <= 1
    if method == "fanova":
        assert found.explained < 0.2
        assert "believe little" in found.remarks[0]


def test_an_order_that_is_not_settled_is_said(recorded):
    view = studied(recorded, cube(3), lambda x0, x1, x2: x0 + x1 + 0.2 * x2, 60, noise=0.3)
    assert any("not settled" in remark for remark in importance(view).remarks)


@pytest.mark.parametrize("method", METHODS)
def test_a_parameter_of_one_branch_counts_as_often_as_it_takes_part(recorded, method):
    """two that do the same, of which one takes part in half of the trials"""
    space = ts.Space(
        {
            "branch": ts.Choice("a", "b"),
            "always": ts.Float(0, 1),
            "half": ts.when({"branch": "a"}, ts.Float(0, 1)),
        }
    )
    view = studied(recorded, space, lambda branch, always, half=0.5: (always + half) ** 2, 500)
    shares = by_name(importance(view, method=method, resamples=0))
    assert shares["half"].active == pytest.approx(0.5, abs=0.1)
    assert 0.25 < shares["half"].share / shares["always"].share < 0.75


def test_other_things_matter_among_good_configurations(recorded):
    """a learning rate that ruins everything hides, in the whole space, what matters once it is right"""

    def function(lr, width):
        return 10 * max(0.0, lr - 0.3) + (width - 0.5) ** 2

    space = ts.Space({"lr": ts.Float(0, 1), "width": ts.Float(0, 1)})
    view = studied(recorded, space, function, 200)
    for method in METHODS:
        whole, top = (by_name(importance(view, method=method, region=region, resamples=0)) for region in REGIONS)
        assert whole["lr"].share > whole["width"].share
        assert top["width"].share > top["lr"].share


def test_one_diverged_trial_is_not_all_of_the_variance(recorded):
    space = cube(2)
    study = recorded(space)
    for number, config in enumerate(space.codec().decode(np.random.default_rng(0).random((60, 2)))):
        study.done(config, loss=1e12 if number == 7 else config["x0"])
    assert importance(study.view).params[0].share > 0.8


def test_any_objective_can_be_asked_for(recorded):
    space = cube(2)
    study = recorded(space, minimize=["loss"], maximize=["speed"])
    for config in space.codec().decode(np.random.default_rng(0).random((50, 2))):
        study.done(config, loss=config["x0"], speed=config["x1"])
    assert importance(study.view).params[0].name == "x0"
    assert importance(study.view, "speed").params[0].name == "x1"
    with pytest.raises(InvalidStudy, match="choose one of: loss, speed"):
        importance(study.view, "sped")


# -- any study ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("region", REGIONS)
def test_same_view_same_answer(recorded, method, region):
    view = studied(recorded, BRANCHES, lambda lr, **_: math.log(lr) ** 2, 100)
    assert importance(view, method=method, region=region) == importance(view, method=method, region=region)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_outcomes_have_shares(recorded, data):
    """huge, tiny, equal, discrete: shares stay shares, and the document is plain data"""
    values = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([0.0, 1.0]), st.floats(-1, 1))
    losses = data.draw(st.lists(values, min_size=20, max_size=40))
    study = recorded(BRANCHES)
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    for config, loss in zip(BRANCHES.codec().decode(rng.random((len(losses), 4))), losses, strict=True):
        study.done(config, loss=loss)
    for method in METHODS:
        found = importance(study.view, method=method, resamples=3)
        assert {share.name for share in found.params} == set(BRANCHES.params)
        assert all(0 <= share.low <= share.share <= share.high <= 1 for share in found.params)
        assert dataclasses.asdict(found)["params"]


def test_a_constant_metric_depends_on_nothing(recorded):
    view = studied(recorded, cube(2), lambda **_: 1.0, 30)
    for method in METHODS:
        found = importance(view, method=method)
        assert not any(share.real for share in found.params)
        assert "No parameter can be told from chance." in found.remarks


def test_too_few_trials_are_refused(recorded):
    view = studied(recorded, cube(2), lambda x0, x1: x0, 9)
    with pytest.raises(InvalidStudy, match="has 9 different configurations with a value"):
        importance(view)
    with pytest.raises(InvalidStudy, match="from 20 on"):
        importance(view, method="ped-anova")
    with pytest.raises(InvalidStudy, match="no parameter that varies"):
        importance(studied(recorded, ts.Space({"x": 1}), lambda x: x, 9))
    with pytest.raises(InvalidStudy, match="method='shap': say 'fanova' or 'ped-anova'"):
        importance(view, method="shap")


# -- from the default to the winner ------------------------------------------------------------------------------------


def test_each_change_brings_what_it_brings(recorded):
    """the largest first, and an idle parameter nothing"""
    space = ts.Space({**{f"x{i}": ts.Float(0, 1, default=0.9) for i in range(3)}})

    def function(x0, x1, x2):
        return 4 * x0 + 2 * x1

    view = studied(recorded, space, function, 100)
    way = ablation(view)
    winner = view.trials[way.winner].config
    assert [step.name for step in way.steps][:2] == ["x0", "x1"]
    assert way.start == pytest.approx(5.4, abs=0.2)
    for step, weight in zip(way.steps[:2], (4, 2), strict=True):
        assert step.gain == pytest.approx(weight * (0.9 - winner[step.name]), abs=0.2)
        assert step.low <= step.gain <= step.high
        assert step.real
    assert way.steps[-1].expected == pytest.approx(function(**winner), abs=0.2)


def test_gains_of_what_is_maximized_are_gains(recorded):
    space = ts.Space({"x0": ts.Float(0, 1, default=0.1), "x1": ts.Float(0, 1, default=0.1)})
    way = ablation(studied(recorded, space, lambda x0, x1: 3 * x0 + x1, 60, minimize=(), maximize=("acc",)))
    assert all(step.gain > 0 for step in way.steps)
    assert [step.expected for step in way.steps] == sorted(step.expected for step in way.steps)


def test_a_parents_change_brings_its_children(recorded):
    def function(optimizer, lr, momentum=None, depth=1):
        return (math.log10(lr) + 2) ** 2 + (3.0 if momentum is None else (momentum - 0.9) ** 2)

    way = ablation(studied(recorded, BRANCHES, function, 100))
    (change,) = (step for step in way.steps if step.name == "optimizer")
    assert change.brings == ("momentum",)
    assert change.gain == pytest.approx(3, abs=0.5)
    assert "momentum" not in [step.name for step in way.steps]


def test_a_default_that_wins_changes_nothing(recorded):
    study = recorded()
    study.done(study.spec.space.default(), by="default", loss=0.0)
    for config in study.spec.space.codec().decode(np.random.default_rng(0).random((12, 1))):
        study.done(config, loss=1.0)
    assert ablation(study.view).steps == ()


def test_no_way_leads_to_no_winner(recorded):
    with pytest.raises(InvalidStudy, match="no best trial yet"):
        ablation(recorded().view)
