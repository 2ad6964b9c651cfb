"""What a trial is expected to gain: formulas against integrals and counting."""

import math

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.stats import norm

from tunesmith.samplers.gp.acquisition import expected_below, log_expected_improvement
from tunesmith.samplers.gp.hypervolume import Uncovered
from tunesmith.surrogates.dominance import hypervolume

LOSSES = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30)


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
