"""The median rule, by hand and at its edges."""

from math import nan

import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, Stop
from tunesmith.schedulers.median import Median, middle
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide

SPEC = spec_of(Space({}))
FLAT = [[value] * 9 for value in (0.1, 0.2, 0.3, 0.4, 0.5)]


def judged(mine: list[float], others: list[list[float]] = FLAT, rule: Median | None = None, **kind: object) -> Decision:
    """What becomes of a trial with these values, after others with theirs."""
    log = History(SPEC, **kind)
    for curve in others:
        log.train(curve)
    return decide(rule or Median(), log, log.train(mine))


def test_by_hand() -> None:
    """Golovin et al. 2017, section 3.2.2: best so far against the median of the others' running averages

    Running averages at step 3: (9+6+3)/3 = 6, (5+4+3)/3 = 4, (4+1+4)/3 = 3, 8, (7+5+3)/3 = 5. Their median is 5,
    although at step 3 itself most others are at 3 or 4.
    """
    others = [[9.0, 6.0, 3.0], [5.0, 4.0, 3.0], [4.0, 1.0, 4.0], [8.0, 8.0, 8.0], [7.0, 5.0, 3.0]]
    assert judged([9.0, 5.01, 6.0], others) == Stop(
        "best loss 5.01 by step 3 is worse than 5, the median of 5 trials at that step"
    )
    assert judged([9.0, 4.99, 60.0], others) == CONTINUE
    assert judged([9.0, 5.0, 60.0], others) == CONTINUE  # strictly worse, says the paper


def test_by_hand_when_maximizing() -> None:
    """the same case with the other sign, told in the user's own numbers"""
    others = [[9.0, 6.0, 3.0], [5.0, 4.0, 3.0], [4.0, 1.0, 4.0], [8.0, 8.0, 8.0], [7.0, 5.0, 3.0]]
    assert judged([9.0, 5.01, 6.0], others, mirror=True) == Stop(
        "best loss -5.01 by step 3 is worse than -5, the median of 5 trials at that step"
    )
    assert judged([9.0, 4.99, 60.0], others, mirror=True) == CONTINUE


def test_even_number_of_others() -> None:
    """the median of six is the middle of the third and the fourth"""
    six = [*FLAT, [0.6] * 9]
    assert judged([0.36, 0.36], six) == Stop(
        "best loss 0.36 by step 2 is worse than 0.35, the median of 6 trials at that step"
    )
    assert judged([0.34, 0.34], six) == CONTINUE


def test_needs_five_others_that_got_so_far() -> None:
    """others that ended earlier, and the trial itself, do not count"""
    assert judged([9.0, 9.0], FLAT[:4]) == CONTINUE
    assert judged([9.0, 9.0], [*FLAT[:4], [0.1]]) == CONTINUE
    assert isinstance(judged([9.0, 9.0], FLAT), Stop)
    assert isinstance(judged([9.0, 9.0], FLAT[:2], Median(trials=2)), Stop)


def test_warmup() -> None:
    """nothing is stopped up to and including that step"""
    for warmup, steps, ends in ((1, 1, False), (1, 2, True), (5, 5, False), (5, 6, True), (0, 1, True)):
        assert isinstance(judged([9.0] * steps, rule=Median(warmup=warmup)), Stop) is ends, (warmup, steps)


def test_what_is_not_a_number_does_not_count() -> None:
    """neither in the averages of others nor in one's own best"""
    holes = [[value, nan, value] for value in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert judged([nan, 0.29, nan], holes) == CONTINUE
    assert isinstance(judged([nan, 0.31, nan], holes), Stop)
    assert judged([nan, nan, nan], holes) == CONTINUE
    assert judged([9.0] * 3, [[nan] * 3] * 9) == CONTINUE


def test_behind_in_all_objectives() -> None:
    """with several a trial must be behind in each, and the reason names each"""
    log = History(spec_of(Space({}), minimize=("loss",), maximize=("accuracy",)))
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        trial = log.begin()
        for step in (1, 2):
            log.report(trial, step, loss=value, accuracy=-value)
    half, worse, silent = log.begin(), log.begin(), log.begin()
    for step in (1, 2):
        log.report(half, step, loss=9.0, accuracy=0.0)
        log.report(worse, step, loss=9.0, accuracy=-9.0)
        log.report(silent, step, loss=9.0)
    assert decide(Median(), log, half) == CONTINUE
    assert decide(Median(), log, silent) == CONTINUE
    decision = decide(Median(), log, worse)
    assert isinstance(decision, Stop)
    assert decision.reason.startswith("best loss 9 by step 2 is worse than ")
    assert "; best accuracy -9 by step 2 is worse than " in decision.reason


def test_a_new_attempt_replaces_what_the_lost_one_reported() -> None:
    """a good value of a lost worker does not protect the trial that starts again from the beginning"""
    log = History(SPEC)
    for curve in FLAT:
        log.train(curve)
    mine = log.train([0.0, 0.0, 0.0])
    assert decide(Median(), log, mine) == CONTINUE
    log.restart(mine)
    for step in (1, 2):
        log.report(mine, step, loss=9.0)
    assert isinstance(decide(Median(), log, mine), Stop)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_middle_is_the_median(count: int) -> None:
    """as numpy has it"""
    import numpy as np

    values = np.random.default_rng(count).standard_normal(count)
    assert middle(values) == pytest.approx(float(np.median(values)))


def test_options_are_checked() -> None:
    """in one sentence"""
    with pytest.raises(InvalidStudy, match=r"Median\(warmup=-1, trials=5\): give warmup >= 0 and trials >= 1\."):
        Median(warmup=-1)
    with pytest.raises(InvalidStudy):
        Median(trials=0)
