"""Patience is not deceived by jitter: neither kept alive by it nor ended by it."""

from collections.abc import Callable
from math import exp, nan

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Stop
from tunesmith.schedulers.patience import Patience
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide
from tunesmith.trials.jitter import jitter

SPEC = spec_of(Space({}))
SEEDS = range(20)


def ended(level: Callable[[int], float], *, noise: float, seed: int, steps: int = 100, reports: int = 10) -> int | None:
    """The step at which a curve of this level, with normal noise, is stopped."""
    log, rule, rng = History(SPEC), Patience(reports), np.random.default_rng(seed)
    trial = log.begin()
    for step in range(1, steps + 1):
        log.report(trial, step, loss=level(step) + noise * float(rng.standard_normal()))
        if decide(rule, log, trial) != CONTINUE:
            return step
    return None


def after(curve: list[float], reports: int = 3) -> Decision:
    """What becomes of a trial after this curve."""
    log = History(SPEC)
    return decide(Patience(reports), log, log.train(curve))


def test_a_noisy_plateau_ends() -> None:
    """a lucky value now and then does not keep it alive: within 3 windows in most cases, within 6 in all"""
    steps = [ended(lambda _: 1.0, noise=0.1, seed=seed) for seed in SEEDS]
    assert all(step is not None and 20 <= step <= 60 for step in steps), steps
    assert sum(step is not None and step <= 30 for step in steps) >= 12, steps


def test_a_plateau_after_progress_ends() -> None:
    """not before the progress is over"""
    steps = [ended(lambda step: exp(-step / 8), noise=0.02, seed=seed) for seed in SEEDS]
    assert all(step is not None and step > 30 for step in steps), steps


def test_slow_but_steady_improvement_goes_on() -> None:
    """a fifth of the noise per report: in 100 reports at most one of 20 is misjudged"""
    stopped = [ended(lambda step: 2 - 0.02 * step, noise=0.1, seed=seed) for seed in SEEDS]
    assert sum(step is not None for step in stopped) <= 1, stopped


def test_half_as_much_is_seen_by_twice_the_patience() -> None:
    """a tenth of the noise per report, with windows of 20"""
    stopped = [ended(lambda step: 2 - 0.01 * step, noise=0.1, seed=seed, reports=20) for seed in SEEDS]
    assert sum(step is not None for step in stopped) <= 1, stopped


def test_tiny_improvement_without_noise_goes_on() -> None:
    """there is no least improvement: it is the trend that counts"""
    assert ended(lambda step: 1 - 1e-9 * step, noise=0, seed=0) is None


def test_by_hand() -> None:
    """the reason gives the count of pairs, of 15 among 6 reports"""
    assert after([5, 4, 3, 2, 1, 0]) == CONTINUE
    assert after([1.0] * 6) == Stop(
        "no improvement by step 6: of all pairs of its last 6 reports of loss the later one is better in 0 and worse in 0"
    )
    assert after([0, 1, 2, 3, 4, 5]) == Stop(
        "no improvement by step 6: of all pairs of its last 6 reports of loss the later one is better in 0 and worse in 15"
    )


def test_nothing_before_two_windows() -> None:
    """nor with as many reports of which some are NaN"""
    assert after([1.0] * 5) == CONTINUE
    assert after([1.0, nan, 1.0, 1.0, 1.0, 1.0]) == CONTINUE
    assert isinstance(after([1.0, nan, 1.0, 1.0, 1.0, 1.0, 1.0]), Stop)


def test_a_new_best_that_stands_out_is_waited_for() -> None:
    """after a long flat stretch the loss drops all at once"""
    wiggle = [1.0, 1.01, 0.99, 1.02, 1.0, 1.01, 1.03, 1.02]
    assert isinstance(after(wiggle), Stop)
    assert after([*wiggle, 0.5]) == CONTINUE


def test_only_the_recent_past_counts() -> None:
    """great progress long ago does not help"""
    assert isinstance(after([100.0, 50.0, 10.0, *[1.0] * 6]), Stop)


def test_a_new_attempt_gets_its_time() -> None:
    """reports of the lost one do not count for its patience"""
    log = History(SPEC)
    trial = log.train([1.0] * 6)
    assert isinstance(decide(Patience(3), log, trial), Stop)
    log.restart(trial)
    log.report(trial, 7, loss=1.0)
    assert decide(Patience(3), log, trial) == CONTINUE


def test_one_improving_objective_is_enough() -> None:
    """with several, all must stand still"""
    log = History(spec_of(Space({}), minimize=("loss",), maximize=("accuracy",)))
    half, none = log.begin(), log.begin()
    for step in range(1, 9):
        log.report(half, step, loss=1.0, accuracy=0.1 * step)
        log.report(none, step, loss=1.0, accuracy=0.5)
    assert decide(Patience(4), log, half) == CONTINUE
    decision = decide(Patience(4), log, none)
    assert isinstance(decision, Stop)
    assert "reports of loss the" in decision.reason
    assert "reports of accuracy the" in decision.reason


def test_jitter_is_the_noise_not_the_trend() -> None:
    """estimated within a fifth from 200 values, on a curve that falls by a hundred times as much"""
    rng, steps = np.random.default_rng(3), np.arange(200)
    assert jitter(0.1 * rng.standard_normal(200) + 10 * np.exp(-steps / 50)) == pytest.approx(0.1, rel=0.2)
    assert jitter(np.array([1.0, 2.0])) == 0
    assert jitter(np.arange(9.0)) == 0


def test_options_are_checked() -> None:
    """in one sentence"""
    with pytest.raises(InvalidStudy, match=r"Patience\(reports=1\): it takes at least 2 reports to see a trend\."):
        Patience(1)
