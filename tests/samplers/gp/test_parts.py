"""The parts of the Gaussian process, each against a slow and plain way to the same number."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import check_grad
from scipy.stats import norm

from tunesmith.samplers.dominance import hypervolume
from tunesmith.samplers.evidence import Points
from tunesmith.samplers.gp.acquisition import expected_below, log_expected_improvement
from tunesmith.samplers.gp.features import Features
from tunesmith.samplers.gp.fit import _objective, default_hyper, fit, matern
from tunesmith.samplers.gp.hypervolume import Uncovered
from tunesmith.samplers.gp.posterior import Posterior
from tunesmith.samplers.gp.rows import modelled, stage
from tunesmith.samplers.gp.transform import around_zero, warped
from tunesmith.space.params import Choice, Float
from tunesmith.space.space import Space

LOSSES = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30)


@given(LOSSES)
def test_warping_keeps_the_order(losses: list[float]) -> None:
    """of the losses, whatever their size; better is never made worse"""
    y = warped(np.array(losses)[:, None])[:, 0]
    assert np.all(np.isfinite(y))
    order = np.argsort(losses, kind="stable")
    assert np.all(np.diff(y[order]) >= -1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e12, 1e300])
def test_warping_does_not_care_for_units(scale: float) -> None:
    """losses in other units, or from another zero, are the same to the model"""
    losses = np.random.default_rng(0).standard_normal(40)
    np.testing.assert_allclose(warped(losses[:, None] * scale), warped(losses[:, None]), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(warped(losses[:, None] + 100), warped(losses[:, None]), rtol=1e-6, atol=1e-6)


def test_warping_shrinks_an_outlier_and_spares_the_good() -> None:
    """one diverged run does not make all others look alike"""
    losses = np.append(np.linspace(0, 1, 20), 1e12)
    y = warped(losses[:, None])[:, 0]
    assert (y[-1] - y[19]) < 3 * (y[19] - y[0])


@given(LOSSES)
def test_excess_keeps_its_sign(values: list[float]) -> None:
    """what keeps a limit keeps it in the model too"""
    y = around_zero(np.array(values))
    assert np.all(np.isfinite(y))
    assert np.all(y * np.sign(values) >= 0)


@pytest.mark.parametrize("z", [8.0, 1.0, 0.0, -0.5, -1.0, -1.5, -4.0])
def test_expected_improvement_is_its_integral(z: float) -> None:
    """for a best loss z deviations above the mean"""
    grid = np.linspace(-12, 12, 400_001)
    direct = np.trapezoid(np.maximum(z - grid, 0) * norm.pdf(grid), grid)
    found = log_expected_improvement(np.array([3.0]), np.array([2.0]), 3.0 + 2.0 * z)[0]
    assert found == pytest.approx(math.log(2.0 * direct), abs=1e-5)


def test_expected_improvement_stays_exact_far_out() -> None:
    """where the plain formula is zero, the logarithm still rises towards the best"""
    z = np.array([-5.0, -40.0, -1e3, -1e6, -1e150])
    logs = log_expected_improvement(-z, np.ones(5), 0.0)
    assert np.all(np.isfinite(logs))
    assert np.all(np.diff(logs) < 0)
    asymptote = -z * z / 2 - math.log(math.sqrt(2 * math.pi)) - 2 * np.log(-z)
    np.testing.assert_allclose(logs[1:], asymptote[1:], rtol=1e-3)


def test_gradient_of_the_fit() -> None:
    """agrees with differences"""
    rng = np.random.default_rng(1)
    features = Features(Space({"a": Float(0, 1), "b": Float(0, 1), "c": Choice("x", "y", "z")}))
    points = Points(rng.random((12, 3)), np.ones((12, 3), bool))
    objective = _objective(features.distances(features.of(points)), rng.standard_normal(12), np.full(12, 0.5))
    theta = rng.normal(-1, 1, 5)
    assert check_grad(lambda t: objective(t)[0], lambda t: objective(t)[1], theta) < 1e-4


def test_fit_finds_what_matters() -> None:
    """a parameter without effect gets a long length scale, one with a strong effect a short one"""
    rng = np.random.default_rng(2)
    X = rng.random((60, 3))
    y = np.sin(12 * X[:, 0]) + 0.3 * X[:, 1]
    features = Features(Space({name: Float(0, 1) for name in "abc"}))
    hyper = fit(features.distances(X), (y - y.mean()) / y.std(), np.ones(60))
    assert hyper.weights[0] > 20 * hyper.weights[2]
    assert hyper.noise < 0.01


def test_fit_finds_noise() -> None:
    """of about the right size"""
    rng = np.random.default_rng(3)
    X = rng.random((80, 1))
    y = np.sin(5 * X[:, 0]) + 0.5 * rng.standard_normal(80)
    features = Features(Space({"a": Float(0, 1)}))
    hyper = fit(features.distances(X), (y - y.mean()) / y.std(), np.ones(80))
    assert 0.1 < hyper.noise * y.var() < 0.5


def test_posterior_is_the_textbook_one() -> None:
    """with a point under way, which narrows the deviation and leaves the mean"""
    rng = np.random.default_rng(4)
    train, waiting, test = rng.random((9, 2)), rng.random((1, 2)), rng.random((5, 2))
    y, hyper = rng.standard_normal(9), default_hyper(2)
    column = np.arange(2)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return matern((((a[:, None] - b[None]) ** 2) * hyper.weights).sum(axis=2), hyper.signal)

    both = np.concatenate([train, waiting])
    K, K_all = (kernel(rows, rows) + (hyper.noise + 1e-6) * np.eye(len(rows)) for rows in (train, both))
    mean, deviation = Posterior(both, y, np.ones(10), hyper, column).predict(test)
    np.testing.assert_allclose(mean, kernel(test, train) @ np.linalg.solve(K, y), rtol=1e-6)
    explained = np.einsum("ij,ji->i", kernel(test, both), np.linalg.solve(K_all, kernel(both, test)))
    np.testing.assert_allclose(deviation, np.sqrt(hyper.signal - explained), rtol=1e-5)


@pytest.mark.parametrize("m", [2, 3, 4])
def test_boxes_measure_what_a_point_adds(m: int) -> None:
    """the same volume as the difference of two hypervolumes, and in expectation that of many draws"""
    rng = np.random.default_rng(m)
    front, reference = rng.random((8, m)), np.full(m, 1.1)
    points = rng.random((6, m)) * 1.2
    before = hypervolume(front, reference)
    added = [hypervolume(np.vstack([front, point]), reference) - before for point in points]
    uncovered = Uncovered(front, reference)
    np.testing.assert_allclose(uncovered.improvement(points), added, atol=1e-9)
    draws = 0.3 * points[0] + 0.3 * rng.standard_normal((20_000, m))
    expected = uncovered.expected_improvement(0.3 * points[:1], np.full((1, m), 0.3))[0]
    assert expected == pytest.approx(uncovered.improvement(draws).mean(), rel=0.1)


def test_a_large_front_is_thinned_with_care() -> None:
    """the extremes stay, and the volume that is seen hardly changes"""
    angle = np.linspace(0, np.pi / 2, 2_000)
    front = 1 - np.column_stack([np.cos(angle), np.sin(angle)])
    reference = np.array([1.1, 1.1])
    points = np.array([[-0.1, -0.1], [0.2, 0.2], [0.9, 0.9], [-0.05, 1.05]])
    added = [hypervolume(np.vstack([front, point]), reference) - hypervolume(front, reference) for point in points]
    np.testing.assert_allclose(Uncovered(front, reference).improvement(points), added, atol=2e-3)


def test_expected_below_nothing() -> None:
    """nothing is below minus infinity"""
    assert expected_below(np.zeros((1, 1)), np.ones((1, 1)), np.array([-np.inf]))[0, 0] == 0.0


def test_fits_are_renewed_as_trials_grow() -> None:
    """at every trial first, then with each twelfth part more"""
    stages = [stage(n) for n in range(1, 1000)]
    assert stages[:12] == list(range(1, 13))
    assert all(later >= earlier for earlier, later in pairwise(stages))
    assert all(n - s <= 0.09 * n + 1 for n, s in zip(range(1, 1000), stages, strict=True))


def test_rows_of_many_trials() -> None:
    """the latest and the best are among them, and no more than were asked for"""
    rng = np.random.default_rng(5)
    y, features = rng.standard_normal(2_000), rng.random((2_000, 3))
    rows = modelled(y, features, rng)
    assert len(rows) <= 260
    assert set(np.argsort(y)[:50].tolist()) <= set(rows.tolist())
    assert set(range(1_990, 2_000)) <= set(rows.tolist())
    assert len(modelled(y[:200], features[:200], rng)) == 200
