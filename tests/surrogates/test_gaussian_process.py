"""The parts of the Gaussian process, against textbooks and integrals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.optimize import check_grad

from tunesmith.space.params import Choice, Float
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.fit import _objective, default_hyper, fit, matern
from tunesmith.surrogates.posterior import Posterior
from tunesmith.surrogates.rows import modelled, stage
from tunesmith.surrogates.transform import around_zero, warped

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
