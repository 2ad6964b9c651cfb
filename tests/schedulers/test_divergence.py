"""Divergence ends what has blown up, and nothing else."""

from math import inf, nan

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Stop
from tunesmith.schedulers.divergence import Divergence
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide

LOSS = spec_of(Space({}))
SCORE = spec_of(Space({}), minimize=(), maximize=("score",))


def after(*curve: float, spec=LOSS, factor: float = 10) -> Decision:
    """What becomes of a trial after this curve."""
    log = History(spec)
    return decide(Divergence(factor), log, log.train(list(curve)))


@pytest.mark.parametrize(("value", "shown"), [(nan, "NaN"), (inf, "infinite"), (-inf, "infinite")])
def test_no_number_ends_at_once(value: float, shown: str) -> None:
    """at the first report and later, whichever way is better"""
    assert after(value) == Stop(f"loss is {shown} at step 1")
    assert after(1.0, 0.5, value) == Stop(f"loss is {shown} at step 3")
    assert after(value, spec=SCORE) == Stop(f"score is {shown} at step 1")


def test_an_earlier_nan_is_history() -> None:
    """what counts is the report that has just come"""
    assert after(nan, 1.0, 0.9, 0.8) == CONTINUE


def test_explosion_by_hand() -> None:
    """worse than the start by more than ten times the start"""
    assert after(2.3, 2.0, 25.2) == CONTINUE
    assert after(2.3, 2.0, 25.4) == Stop("loss exploded from 2.3 at its start to 25.4 at step 3")
    assert after(2.3, 2.0, 7.0, factor=2) == Stop("loss exploded from 2.3 at its start to 7 at step 3")
    assert after(-5.0, -4.0, 46.0) == Stop("loss exploded from -5 at its start to 46 at step 3")
    assert after(-5.0, -4.0, 44.0) == CONTINUE


def test_a_score_that_has_no_lower_bound_may_explode() -> None:
    """such as a log-likelihood"""
    assert after(-50.0, -40.0, -600.0, spec=SCORE) == Stop("score exploded from -50 at its start to -600 at step 3")


def test_great_progress_makes_room() -> None:
    """from 0.1 down to -20: to return to 100 is no explosion, to go to 300 is one"""
    assert after(0.1, -10.0, -20.0, 100.0) == CONTINUE
    assert isinstance(after(0.1, -10.0, -20.0, 300.0), Stop)


@pytest.mark.parametrize("seed", range(20))
def test_accuracy_never_explodes(seed: int) -> None:
    """whatever a metric between 0 and 1 does"""
    rng = np.random.default_rng(seed)
    log = History(SCORE)
    trial = log.begin()
    for step in range(1, 60):
        log.report(trial, step, score=float(rng.choice([0.0, 1e-9, 1.0, rng.random()])))
        assert decide(Divergence(), log, trial) == CONTINUE


def test_a_loss_that_starts_at_zero_never_explodes() -> None:
    """growth from nothing has no size"""
    assert after(0.0, 0.0, 5.0) == CONTINUE
    assert after(0.0, 1e-9, 1.0, 1e9) == CONTINUE
    assert after(0.0, 1.0, 2.0, 3.0) == CONTINUE


def test_rewards_that_start_near_zero_by_chance() -> None:
    """noise around zero: of 150 trials of 50 reports at most two are taken for an explosion"""
    stopped = 0
    for seed in range(150):
        rewards = np.random.default_rng(seed).standard_normal(50)
        stopped += any(isinstance(after(*rewards[:count], spec=SCORE), Stop) for count in (3, 4, 5, 8, 50))
    assert stopped <= 2


def test_other_metrics_and_missing_ones() -> None:
    """only objectives count, and only those that this report holds"""
    log = History(LOSS)
    trial = log.begin()
    for step, metrics in enumerate([{"loss": 1.0}, {"grad": nan}, {"loss": 1.0, "grad": inf}, {"grad": 1e9}], start=1):
        log.report(trial, step, **metrics)
        assert decide(Divergence(), log, trial) == CONTINUE


def test_any_objective_is_enough() -> None:
    """one that is NaN spoils the trial"""
    log = History(spec_of(Space({}), minimize=("loss",), maximize=("score",)))
    trial = log.begin()
    log.report(trial, 1, loss=1.0, score=nan)
    assert decide(Divergence(), log, trial) == Stop("score is NaN at step 1")


@pytest.mark.parametrize("factor", [0, -1, nan])
def test_options_are_checked(factor: float) -> None:
    """in one sentence"""
    with pytest.raises(InvalidStudy, match=r"Divergence\(factor=.*\): give a positive number, such as 10\."):
        Divergence(factor)
