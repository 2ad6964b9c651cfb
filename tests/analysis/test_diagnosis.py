"""Diagnosis of made curves: each trouble is found, and healthy curves have none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tunesmith as ts
from tunesmith.analysis.trainings import namesake
from tunesmith.errors import InvalidStudy

N = 40


def noisy(values, seed=0, noise=0.02):
    return values + noise * np.random.default_rng(seed).normal(size=len(values))


def descent(n=N, start=2.3, end=0.3, time=0.2):
    """From start to end, exponentially; `time` is the time constant as a share of the whole."""
    return end + (start - end) * np.exp(-np.arange(n) / (time * n))


def kinds(*curves, **options):
    return [symptom.kind for symptom in ts.diagnose(*curves, **options)]


@given(
    st.integers(0, 10**6),
    st.sampled_from([20, 40, 100, 300]),
    st.floats(0.1, 3),
    st.floats(0.15, 0.28),
    st.floats(0.001, 0.03),
)
@settings(max_examples=150, deadline=None)
def test_healthy_curves_have_no_symptom(seed, n, scale, time, noise):
    """a loss that falls to a tenth, with a small gap, at any scale, length and noise: hardly ever a false alarm"""
    rng = np.random.default_rng(seed)
    alarms = 0
    for _ in range(8):
        train = scale * (descent(n, 2.3, 0.2, time) + noise * rng.normal(size=n))
        val = scale * (descent(n, 2.3, 0.3, time) + 1.5 * noise * rng.normal(size=n))
        alarms += bool(ts.diagnose(train, val))
    assert alarms <= 2


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("n", [20, 60])
def test_healthy_accuracy_has_no_symptom(seed, n):
    """the same for a metric to be maximized"""
    train = noisy(1 - descent(n, 0.9, 0.05), seed, 0.01)
    val = noisy(1 - descent(n, 0.9, 0.1), seed + 100, 0.015)
    assert kinds(train, val, direction="maximize") == []


def test_not_finite():
    """NaN is divergence, wherever it comes"""
    curve = descent()
    curve[30:] = np.nan
    (found,) = ts.diagnose(curve)
    assert found.kind == "diverged"
    assert "step 31" in found.evidence
    assert found.knobs[0] == "lr"


@pytest.mark.parametrize("seed", range(10))
def test_falls_and_jumps_back_to_the_beginning(seed):
    """all is lost at once"""
    curve = descent()
    curve[25:] = 2.3
    assert kinds(noisy(curve, seed)) == ["diverged"]
    assert kinds(None, noisy(curve, seed)) == ["diverged"]


def test_only_ever_rises():
    """a learning rate that is far too high"""
    assert kinds(2.3 * 1.2 ** np.arange(N)) == ["diverged"]


@pytest.mark.parametrize("seed", range(10))
def test_spikes(seed):
    """some steps far above their neighbours"""
    curve = noisy(descent(), seed)
    curve[[12, 20, 33]] += [1.0, 1.5, 1.2]
    assert "unstable" in kinds(curve)


@pytest.mark.parametrize("seed", range(10))
def test_scatter_as_large_as_all_that_is_learned(seed):
    """the second half says nothing any more; whether anything was learned may be in doubt, too"""
    assert kinds(noisy(descent(100, 2.3, 1.4, 0.1), seed, 0.33))[0] in ("unstable", "no_learning")


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_loss_at_chance(seed, noise):
    """labels that do not belong to the inputs: log(10) for ten classes"""
    (found,) = ts.diagnose(noisy(np.full(N, math.log(10)), seed, noise))
    assert found.kind == "no_learning"
    assert "10 classes" in found.evidence
    assert "labels" in found.advice


def test_loss_at_a_level_that_is_said_to_be_chance():
    """and at one that is none"""
    assert "guessing" in ts.diagnose(np.full(N, 6.9), chance=math.log(1000))[0].evidence
    assert "guessing" not in ts.diagnose(np.full(N, 5.0), chance=math.log(1000))[0].evidence


@pytest.mark.parametrize("seed", range(10))
def test_validation_never_improves(seed):
    """training learns by heart: the validation data is from elsewhere, or labels are random"""
    val = noisy(np.full(N, 2.3) + np.linspace(0, 1.5, N), seed)
    (found,) = ts.diagnose(noisy(descent(), seed), val)
    assert found.kind == "no_learning"
    assert "validation never does" in found.evidence


@pytest.mark.parametrize("seed", range(10))
def test_overfitting(seed):
    """validation turns upwards, training goes on"""
    val = descent(N, 2.3, 0.8, 0.1) + np.maximum(np.arange(N) - 12, 0) * 0.03
    (found,) = [s for s in ts.diagnose(noisy(descent(time=0.25), seed), noisy(val, seed + 1)) if s.kind != "unstable"]
    assert found.kind == "overfit"
    assert found.knobs[0] == "early_stopping"
    assert kinds(None, noisy(val, seed)) == ["overfit"]


@pytest.mark.parametrize("seed", range(10))
def test_underfitting(seed):
    """flat and high on training data too"""
    train = noisy(descent(N, 2.3, 1.6, 0.1), seed)
    assert kinds(train, noisy(descent(N, 2.3, 1.65, 0.1), seed + 1)) == ["underfit"]
    accuracy = noisy(1 - descent(N, 0.9, 0.6, 0.1), seed, 0.005)
    assert kinds(accuracy, direction="maximize") == ["underfit"]


@pytest.mark.parametrize("seed", range(10))
def test_plateau(seed):
    """nothing gained for most of the time"""
    (found,) = ts.diagnose(noisy(descent(100, 2.3, 0.2, 0.05), seed, 0.01))
    assert found.kind == "plateau"


@pytest.mark.parametrize("seed", range(10))
def test_ends_in_mid_descent(seed):
    """half way down"""
    assert kinds(noisy(np.linspace(2.3, 1.0, N), seed, 0.01)) == ["too_short"]


@pytest.mark.parametrize("seed", range(10))
def test_still_improving(seed):
    """slowly, but surely"""
    assert kinds(noisy(descent(100, time=0.4), seed, 0.01)) == ["still_improving"]


def test_few_points_say_nothing():
    """and are not judged"""
    assert kinds([2.0, 1.0, 0.5]) == ["too_short"]


@given(st.lists(st.floats(allow_nan=True), min_size=1, max_size=60), st.sampled_from(["minimize", "maximize"]))
@settings(max_examples=200, deadline=None)
def test_any_curve_is_read(values, direction):
    """without an error or a warning, and each symptom says what it saw"""
    with np.errstate(all="ignore"):
        for symptom in ts.diagnose(values, direction=direction):
            assert symptom.evidence
            assert symptom.advice
            assert symptom.knobs
            assert symptom.evidence in str(symptom)


def test_the_users_sign_and_steps_are_told():
    """an accuracy is told as an accuracy, at the steps that were reported"""
    curve = 1 - descent(N, 0.9, 0.05)
    curve[30:] = 0.1
    (found,) = ts.diagnose(curve, direction="maximize", steps=list(range(10, 410, 10)))
    assert "at step 400" in found.evidence
    assert "-" not in found.evidence


@pytest.mark.parametrize(
    "arguments", [{}, {"train": [1.0], "validation": [1.0, 2.0]}, {"train": [1.0], "steps": [1, 2]}]
)
def test_refuses_curves_that_do_not_belong_together(arguments):
    """or none at all"""
    with pytest.raises(InvalidStudy, match="same length"):
        ts.diagnose(**arguments)


@pytest.mark.parametrize(
    ("metric", "names", "expected"),
    [
        ("val_loss", ("train_loss", "val_loss"), "train_loss"),
        ("val_loss", ("loss", "val_loss"), "loss"),
        ("validation/acc", ("training/acc", "validation/acc"), "training/acc"),
        ("acc/val", ("acc/train",), "acc/train"),
        ("loss", ("train_loss", "loss"), "train_loss"),
        ("loss", ("accuracy", "loss"), None),
        ("valuable", ("uable",), None),
    ],
)
def test_names_that_belong_together(metric, names, expected):
    """as people write them"""
    assert namesake(metric, names) == expected


def test_trials_of_a_study():
    """by the objective and its namesake"""

    def train(rate):
        for step in range(N):
            yield {
                "train_loss": 2.3 * math.exp(-step / 10),
                "val_loss": 2.3 * math.exp(-step / 5) + 0.03 * rate * step,
            }

    study = ts.tune(
        train, space={"rate": ts.Choice(1.0, 0.0)}, minimize="val_loss", store=None, scheduler="none", progress="quiet"
    )
    by_rate = {t.config["rate"]: [s.kind for s in ts.diagnose_trial(study.view, t.number)] for t in study.trials}
    assert by_rate == {1.0: ["overfit"], 0.0: []}
    study.close()
