"""Extrapolation and folds: stop what will not win, by its own curve or on the same folds."""

from dataclasses import replace

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Stop
from tunesmith.schedulers.extrapolation import Extrapolation, forecast
from tunesmith.schedulers.folds import Folds
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide
from tunesmith.trials.order import best_trial

SPEC = replace(spec_of(Space({})), steps=50)


def test_forecast_of_a_power_law() -> None:
    """a curve without noise is continued exactly, whichever of the powers it has"""
    steps = np.arange(1.0, 13.0)
    for power in (0.25, 0.5, 1.0, 2.0):
        found = forecast(steps, 0.3 + 2 * steps**-power, 50.0)
        assert found is not None
        assert found.weights @ found.means == pytest.approx(0.3 + 2 * 50.0**-power, abs=0.02)


def test_forecast_is_calibrated() -> None:
    """on noisy curves of another family (exponential and power mixed), 95% of ends are within the 99% interval, and it is not idle"""
    rng, inside, sharp = np.random.default_rng(0), 0, 0
    for _ in range(300):
        end, fall, rate, power, noise = (
            rng.uniform(0, 1),
            rng.uniform(0.2, 2),
            rng.uniform(3, 30),
            rng.uniform(0.3, 1.5),
            0.01,
        )
        steps = np.arange(1.0, 51.0)
        curve = end + fall * (0.5 * np.exp(-steps / rate) + 0.5 * steps**-power)
        found = forecast(steps[:15], curve[:15] + rng.normal(0, noise, 15), 50.0)
        assert found is not None
        below = found.chance_below(float(curve[-1]))
        inside += 0.005 < below < 0.995
        sharp += found.chance_below(float(curve[-1]) - 0.3) < 0.05
    assert inside > 0.85 * 300
    assert sharp > 0.6 * 300


@pytest.mark.parametrize("mirror", [False, True])
def test_stops_without_hope_only(mirror: bool) -> None:
    """a flat curve far above the best is stopped; one that falls towards it is not"""
    log = History(SPEC, mirror=mirror)
    best = log.train([0.2 + 1 / step for step in range(1, 51)])
    log.finish(best, loss=0.22)
    for curve, goes in (
        ([0.9 - 0.001 * step for step in range(9)], False),
        ([0.19 + 1.2 / step for step in range(1, 10)], True),
    ):
        decision = decide(Extrapolation(), log, log.train(curve))
        assert (decision == CONTINUE) is goes
    assert isinstance(decide(Extrapolation(), log, log.train([0.9] * 8)), Stop)


def folds(seed: int, shift: float, count: int = 10) -> list[float]:
    """A fold's difficulty is its own; a configuration adds to it."""
    return (
        np.random.default_rng(1).normal(0.5, 0.2, 10) + shift + np.random.default_rng(seed).normal(0, 0.01, 10)
    ).tolist()[:count]


def test_folds_are_compared_in_pairs() -> None:
    """a small difference on the same folds is seen although the folds differ much more among themselves"""
    log = History(replace(spec_of(Space({})), pick="mean"))
    best = log.train(folds(0, 0.0))
    log.finish(best, loss=float(np.mean(folds(0, 0.0))))
    assert best_trial(log.view.spec, log.view.trials) is not None
    for seed in range(1, 6):
        assert isinstance(decide(Folds(), log, log.train(folds(seed, 0.05, 6))), Stop)
        assert decide(Folds(), log, log.train(folds(seed, -0.05, 6))) == CONTINUE
        assert decide(Folds(), log, log.train(folds(seed, 0.05, 1))) == CONTINUE
    assert isinstance(decide(Folds(), log, log.train(folds(7, 2.0, 2))), Stop)


def test_options_of_both_are_checked() -> None:
    """in one sentence"""
    with pytest.raises(InvalidStudy, match="give 0 < chance < 1"):
        Extrapolation(chance=0.0)
    with pytest.raises(InvalidStudy, match="give 0 < p < 0.5"):
        Folds(p=0.7)
