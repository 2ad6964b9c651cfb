"""Successive halving: rungs and ranks by hand."""

from math import inf, nan

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Stop
from tunesmith.schedulers.halving import Halving, wobble
from tunesmith.schedulers.rungs import Rungs
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide

SPEC = spec_of(Space({}))


def decided(values: list[float], rule: Halving | None = None, *, step: int = 3, **kind: object) -> list[Decision]:
    """Trials that report one value each, at the same step, one after the other."""
    log, found = History(SPEC, **kind), []
    for value in values:
        trial = log.begin()
        log.report(trial, step, loss=value)
        found.append(decide(rule or Halving(), log, trial))
    return found


def goes_on(decisions: list[Decision]) -> list[bool]:
    return [decision == CONTINUE for decision in decisions]


def test_rungs() -> None:
    """first, first * eta, first * eta^2, ..."""
    assert [Rungs(1, 3).reached(step) for step in (0, 1, 2, 3, 8, 9, 26, 27)] == [None, 1, 1, 3, 3, 9, 9, 27]
    assert [Rungs(5, 2).reached(step) for step in (4, 5, 9, 10, 19, 20)] == [None, 5, 5, 10, 10, 20]
    assert [Rungs(1, 3, 50).above(rung) for rung in (1, 9, 27)] == [3, 27, None]
    assert Rungs(2, 3).below(20) == [18, 6, 2]


def test_decisions_come_at_rungs_only() -> None:
    """a hopeless trial among six is looked at at steps 1, 3, 9 and 27"""
    log = History(SPEC)
    for value in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6):
        log.train([value] * 30)
    hopeless, looked = log.begin(), []
    for step in range(1, 31):
        log.report(hopeless, step, loss=9.0)
        if decide(Halving(), log, hopeless) != CONTINUE:
            looked.append(step)
    assert looked == [1, 3, 9, 27]


def test_ranks_by_hand() -> None:
    """the best third of what came so far: 1 of 4 and 5, 2 of 6, 7 and 8, 3 of 9; three are waved through before"""
    assert goes_on(decided([5, 4, 3, 2, 6, 3, 1, 1.5, 2.5])) == [
        *[True] * 3,
        True,   # 2 is number 1 of 4; 1 goes on
        False,  # 6 is number 5 of 5; 1 goes on
        True,   # 3 is number 2 of 6; 2 go on
        True,   # 1 is number 1 of 7; 2 go on
        True,   # 1.5 is number 2 of 8; 2 go on
        False,  # 2.5 is number 4 of 9; 3 go on
    ]  # fmt: skip


def test_the_reason_by_hand() -> None:
    """what was seen and what it was compared with"""
    assert decided([1, 2, 3, 4])[-1] == Stop("loss 4 at step 3 is number 4 of 4; the best 1 go on")
    assert decided([1, 2, 3, 4, 5, 2.5], step=9)[-1] == Stop("loss 2.5 at step 9 is number 3 of 6; the best 2 go on")
    assert decided([1, 2, 3, 4], mirror=True)[-1] == Stop("loss -4 at step 3 is number 4 of 4; the best 1 go on")


def test_ties_share_the_better_rank() -> None:
    """equal values are not played off against one another"""
    assert goes_on(decided([0.5] * 8)) == [True] * 8
    assert goes_on(decided([1, 2, 2, 2, 2, 2])) == [True, True, True, False, False, True]  # number 2 of 6; 2 go on


def test_nan_is_last_and_infinity_before_it() -> None:
    """also when several are NaN"""
    assert decided([nan, 1, 2, inf])[-1] == Stop("loss inf at step 3 is number 3 of 4; the best 1 go on")
    assert decided([1, 2, inf, nan])[-1] == Stop("loss nan at step 3 is number 4 of 4; the best 1 go on")
    assert decided([1, nan, nan, nan])[-1] == Stop("loss nan at step 3 is number 2 of 4; the best 1 go on")
    assert decided([1, nan, nan, -inf])[-1] == CONTINUE
    assert decided([nan, nan, nan, 5.0])[-1] == CONTINUE
    assert decided([nan, 1, 2, inf], mirror=True)[-1] == Stop("loss -inf at step 3 is number 3 of 4; the best 1 go on")


def test_nothing_ends_while_a_rung_is_nearly_empty() -> None:
    """fewer than `least` values, and never fewer than eta"""
    assert goes_on(decided([1, 2, 3], Halving(least=3))) == [True, True, False]
    assert goes_on(decided([1, 2, 3], Halving(least=1))) == [True, True, False]
    assert goes_on(decided([1, 2, 3, 4, 5], Halving(eta=5, least=2))) == [True] * 4 + [False]


def test_trials_that_ended_still_count() -> None:
    """a rung remembers every value that was ever reported there"""
    log = History(SPEC)
    for value in (1.0, 2.0, 3.0):
        log.finish(log.train([value, value]), loss=value)
    log.fail(log.train([0.5]), "oom")
    assert isinstance(decide(Halving(), log, log.train([0.9])), Stop)
    assert decide(Halving(), log, log.train([0.4])) == CONTINUE


def test_reports_that_miss_the_rungs() -> None:
    """every tenth step: 10 is the first at or beyond rung 9, 30 beyond 27, 90 beyond 81; 20 and 40 to 80 are not"""
    log = History(SPEC)
    for value in (0.1, 0.2, 0.3, 0.4):
        trial = log.begin()
        for step in range(10, 101, 10):
            log.report(trial, step, loss=value)
    mine, looked = log.begin(), []
    for step in range(10, 101, 10):
        log.report(mine, step, loss=9.0)
        if decide(Halving(), log, mine) != CONTINUE:
            looked.append(step)
    assert looked == [10, 30, 90]


def test_a_new_attempt_is_looked_at_again() -> None:
    """it reports anew at the rung, and its new value replaces the old one"""
    log = History(SPEC)
    for value in (1.0, 2.0, 3.0):
        log.train([value] * 3)
    mine = log.train([0.5, 0.5, 0.5])
    log.restart(mine)
    for step, ends in ((1, True), (2, False), (3, True)):
        log.report(mine, step, loss=9.0)
        decision = decide(Halving(), log, mine)
        assert (decision != CONTINUE) is ends, step
    assert decision == Stop("loss 9 at step 3 is number 4 of 4; the best 1 go on")


def test_a_front_goes_on_evenly() -> None:
    """with several objectives, the ends of a front go on before what lies between them"""
    log = History(spec_of(Space({}), minimize=("loss",), maximize=("accuracy",)))
    decisions = []
    for loss, accuracy in ((1, 0.1), (2, 0.2), (3, 0.3), (9, 0.9), (5, 0.15), (4, 0.5)):
        trial = log.begin()
        log.report(trial, 1, loss=loss, accuracy=accuracy)
        decisions.append(decide(Halving(eta=2), log, trial))
    assert goes_on(decisions) == [True, True, True, True, False, True]


def test_benefit_of_the_doubt() -> None:
    """a trial that is behind by less than its own curve wobbles goes on; one that is farther behind does not"""
    log, rule = History(SPEC), Halving(first=9)
    for value in (0.1, 0.5, 0.6):
        log.train([value] * 9)
    shaky = [0.15 + 0.1 * (-1) ** step for step in range(9)]
    assert wobble(np.array(shaky)) > 0.1
    for curve, goes in ((shaky, True), ([value + 1 for value in shaky], False), ([0.4] * 9, False)):
        trial = log.begin()
        for step, value in enumerate(curve, 1):
            log.report(trial, step, loss=value)
        assert (decide(rule, log, trial) == CONTINUE) is goes


def test_wobble_is_noise_about_a_trend() -> None:
    """a steep curve without noise does not wobble; noise of known size is found"""
    steps = np.arange(20.0)
    assert wobble(3 - 0.1 * steps) < 1e-9
    noise = np.random.default_rng(0).normal(0, 0.2, (200, 20))
    found = np.median([wobble(3 - 0.1 * steps + row) for row in noise])
    assert 0.14 < found < 0.26


@pytest.mark.parametrize("options", [{"eta": 1}, {"first": 0}])
def test_options_are_checked(options: dict[str, int]) -> None:
    """in one sentence"""
    with pytest.raises(InvalidStudy, match=r"give eta >= 2 and a first rung of at least step 1\.$"):
        Halving(**options)
