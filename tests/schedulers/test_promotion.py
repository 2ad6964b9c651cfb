"""Promotion, Hyperband, PASHA and finals: who goes on, by hand and by what they must achieve."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tunesmith.schedulers.base import CONTINUE, New, Pause, Resume
from tunesmith.schedulers.finals import Finals
from tunesmith.schedulers.growing import PASHA, ceiling
from tunesmith.schedulers.hyperband import Hyperband
from tunesmith.schedulers.plain import NoStopping
from tunesmith.schedulers.promotion import Promotion
from tunesmith.schedulers.rungs import Rungs
from tunesmith.schedulers.trust import agreement_with_ends, trusted
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide
from tunesmith.trials.spec import Budget
from tunesmith.trials.view import Remaining

SPEC = replace(spec_of(Space({})), steps=27)


def waiting(log: History, values: list[float], step: int = 1) -> list[int]:
    """New trials that have reported these values at every step up to `step`, and wait there."""
    numbers = []
    for value in values:
        number = log.begin(budget=step)
        for at in range(1, step + 1):
            log.report(number, at, loss=value)
        log.pause(number)
        numbers.append(number)
    return numbers


def begun() -> History:
    """A study whose first trial trains to its end, as it does."""
    log = History(SPEC)
    log.begin()
    return log


def test_pauses_at_rungs_and_says_why() -> None:
    """the best third of those at a rung go on at once; the others wait"""
    log = History(SPEC)
    waiting(log, [1.0, 2.0, 3.0, 4.0, 5.0])
    for value, goes_on in ((0.5, True), (9.0, False)):
        trial = log.begin(budget=1)
        log.report(trial, 1, loss=value)
        assert (decide(Promotion(), log, trial) == CONTINUE) is goes_on
    assert decide(Promotion(), log, trial) == Pause("loss 9 at step 1 is number 7 of 7; the best 2 go on")


def test_of_equal_ones_the_first_goes_on() -> None:
    """where a metric stands still at chance level, no more than a third go on"""
    log = begun()
    decisions = []
    for _ in range(7):
        trial = log.begin(budget=1)
        log.report(trial, 1, loss=0.7)
        decisions.append(decide(Promotion(), log, trial))
        log.pause(trial)
    assert decisions[-1] == Pause("loss 0.7 at step 1 is number 7 of 7; the best 2 go on")
    assert CONTINUE not in decisions
    assert list(Promotion().next(log.view, 3)) == [Resume(1, 3), Resume(2, 3), New(budget=1)]


def test_a_free_place_takes_the_highest_promotion_first() -> None:
    """then lower ones, then new trials with the first rung's steps"""
    log = begun()
    waiting(log, [1.0, 2.0, 3.0])
    assert list(Promotion().next(log.view, 2)) == [Resume(1, 3), New(budget=1)]
    high = waiting(log, [5.1, 5.2, 5.3], step=3)
    assert list(Promotion().next(log.view, 3)) == [Resume(high[0], 9), Resume(1, 3), Resume(2, 3)]


def test_some_may_be_compared_among_themselves() -> None:
    """whoever says which ones: then others neither go on nor stand in the way"""
    log = begun()
    waiting(log, [0.1, 0.2, 0.3, 3.0, 2.0, 1.0])
    rule = Promotion(among=lambda _: lambda numbers: numbers > 3)
    assert list(rule.next(log.view, 2)) == [Resume(6, 3), New(budget=1)]
    trial = log.begin(budget=1)
    log.report(trial, 1, loss=0.9)
    assert decide(rule, log, trial) == CONTINUE
    assert isinstance(decide(Promotion(), log, trial), Pause)


def test_the_last_rung_leads_to_the_end() -> None:
    """from step 9 of 27 a trial trains to its end, and is left alone there"""
    log = History(SPEC)
    numbers = waiting(log, [1.0, 2.0, 3.0], step=9)
    assert list(Promotion().next(log.view, 1)) == [Resume(numbers[0], None)]
    log.resume(numbers[0])
    for step in range(10, 28):
        log.report(numbers[0], step, loss=9.0)
        assert decide(Promotion(), log, numbers[0]) == CONTINUE


def test_the_first_trial_shows_how_long_a_training_is() -> None:
    """while that is not known it goes on to its end; then the first rung is an 81st of it"""
    log = History(spec_of(Space({})))
    assert list(Promotion().next(log.view, 2)) == [New(budget=None), New(budget=1)]
    first = log.begin()
    for step in range(1, 163):
        log.report(first, step, loss=1.0)
        assert decide(Promotion(), log, first) == CONTINUE
    log.finish(first, loss=1.0)
    assert log.view.full_steps == 162
    assert list(Promotion().next(log.view, 1)) == [New(budget=2)]


def test_reports_every_fifth_step() -> None:
    """rungs are multiples of the first trial's first step"""
    log = History(spec_of(Space({})))
    first = log.begin()
    for step in range(5, 401, 5):
        log.report(first, step, loss=1.0)
    log.finish(first, loss=1.0)
    assert list(Promotion().next(log.view, 1)) == [New(budget=5)]
    other = log.begin(budget=5)
    log.report(other, 5, loss=2.0)
    assert isinstance(decide(Promotion(), log, other), Pause)


def test_rungs_that_mislead_are_left_out() -> None:
    """where step 1 orders finished trials the other way round than their ends, new ones pause at step 3 first"""
    for sign, first in ((1, 3), (-1, 9)):
        log, rungs = History(SPEC), Rungs(1, 3, 27)
        for value in range(5):
            trial = log.begin()
            for step in range(1, 28):
                log.report(trial, step, loss=float(value if step > 3 else sign * value))
            log.finish(trial, loss=float(value))
        agreement = agreement_with_ends(log.view, 3, np.arange(5))
        assert agreement == pytest.approx(sign)
        assert trusted(log.view, rungs) == first


def test_the_first_rung_rises_as_trials_finish() -> None:
    """with every third one, up to the last rung"""
    log, rungs, seen = History(SPEC), Rungs(1, 3, 27), []
    for value in range(10):
        seen.append(trusted(log.view, rungs))
        trial = log.begin()
        for step in range(1, 28):
            log.report(trial, step, loss=float(value))
        log.finish(trial, loss=float(value))
    assert seen == [1, 1, 1, 3, 3, 3, 9, 9, 9, 9]


def test_audits_come_from_the_middle() -> None:
    """of five trials that train to their end, one is neither first nor promoted"""
    log = History(SPEC)
    numbers = waiting(log, [1.0, 2.0, 3.0, 4.0, 5.0])
    assert list(Promotion().next(log.view, 1)) == [Resume(numbers[2], None)]
    log.resume(numbers[2])
    assert list(Promotion().next(log.view, 1)) == [Resume(numbers[0], 3)]


def test_hyperband_deals_out_brackets() -> None:
    """with 27 steps and eta 3: brackets begin at 1, 3 and 9 and train about as many steps; each compares its own only"""
    log, scheduler = History(SPEC), Hyperband(first=1)
    begun = Counter(order.budget for order in scheduler.next(log.view, 18) if isinstance(order, New))
    assert begun == {None: 1, 1: 9, 3: 5, 9: 3}
    waiting(log, [5.0, 6.0, 7.0])  # numbers 0 to 2 are in the first bracket
    assert list(scheduler.next(log.view, 1)) == [Resume(0, 3)]


def test_pasha_goes_no_farther_than_it_must() -> None:
    """orders that agree keep the ceiling at the second rung; orders that differ raise it"""
    for agree, expected in ((True, 3), (False, 9)):
        log = History(spec_of(Space({})))
        for value in range(6):
            trial = log.begin(budget=3)
            for step in (1, 2, 3):
                log.report(trial, step, loss=float(value if step < 3 or agree else -value))
            log.pause(trial)
        assert ceiling(log.view, Rungs(1, 3, None)) == expected
        promoted = [order for order in PASHA().next(log.view, 3) if isinstance(order, Resume)]
        assert bool(promoted) is not agree


def test_finals_when_no_trial_can_be_opened() -> None:
    """promotions first, then the best that are still paused where trials got farthest, to their end"""
    log = History(replace(SPEC, budget=Budget(trials=6)))
    low = waiting(log, [0.5, 9.0, 9.0])
    high = waiting(log, [1.0, 2.0, 3.0], step=9)
    rule = Finals(Promotion(), count=2)
    assert log.view.remaining.trials == 0
    assert list(rule.next(log.view, 3)) == [Resume(high[0], None), Resume(low[0], 3), Resume(high[1], None)]
    for number in high[:2]:
        log.resume(number)
        log.report(number, 27, loss=1.0)
        log.finish(number, loss=1.0)
    log.resume(low[0])
    log.report(low[0], 3, loss=5.0)
    log.pause(low[0])
    left = list(rule.next(log.view, 3))
    assert all(isinstance(order, Resume) and order.trial == low[0] for order in left)


def test_finals_keep_time_for_themselves() -> None:
    """a full training took 27 s here: with plenty of time new trials start, with little the best is finished"""
    log = History(SPEC)
    first = log.begin()
    for step in range(1, 28):
        log.report(first, step, loss=5.0)
    log.finish(first, loss=5.0)
    best = waiting(log, [1.0, 2.0, 3.0], step=9)[0]
    rule = Finals(Promotion(), count=1)
    took = log.view.trials[first].spent
    assert isinstance(rule.next(log.view.within(Remaining(seconds=10 * took)), 1)[0], Resume | New)
    assert list(rule.next(log.view.within(Remaining(seconds=0.7 * took)), 2)) == [Resume(best, None)]
    assert list(rule.next(log.view.within(Remaining(cost=0.7 * took)), 2)) == [Resume(best, None)]


def test_the_best_is_found_with_a_fraction_of_the_steps() -> None:
    """81 noisy falling curves: promotion trains less than half of all steps, and finishes one of the best five"""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        ends = rng.permutation(81) / 81
        log, scheduler = History(replace(SPEC, budget=Budget(trials=81))), Finals(Promotion())
        spent = 0
        while orders := list(scheduler.next(log.view, 1)):
            order = orders[0]
            if isinstance(order, Resume):
                number = order.trial
                log.resume(number, order.budget)
            elif log.view.remaining.trials > 0:
                number = log.begin(budget=order.budget)
            else:
                break
            step = log.view.trials[number].last.step if log.view.trials[number].last else 0
            while step < 27:
                step, spent = step + 1, spent + 1
                log.report(number, step, loss=float(ends[number] + 1 / step + rng.normal(0, 0.03)))
                if decide(scheduler, log, number) != CONTINUE:
                    log.pause(number)
                    break
            else:
                log.finish(number, loss=float(ends[number]))
        finished = [trial.values["loss"] for trial in log.view.trials if trial.values]
        assert min(finished) < 5 / 81
        assert spent < 81 * 27 / 2


def test_no_trial_begins_that_cannot_end() -> None:
    """full trainings took 27 s; once less is left, what waits goes on, and nothing new begins"""
    log, rule = History(SPEC), Finals(Promotion(), count=1)
    assert isinstance(rule.next(log.view.within(Remaining(seconds=0.1)), 1)[0], New)  # nothing is known yet
    for _ in range(3):
        number = log.begin()
        for step in range(1, 28):
            log.report(number, step, loss=9.0)
        log.finish(number, loss=9.0)
    took = log.view.trials[0].spent
    for enough in (Remaining(seconds=1.1 * took), Remaining(cost=1.1 * took)):
        assert isinstance(rule.next(log.view.within(enough), 1)[0], New)
    for little in (Remaining(seconds=0.9 * took), Remaining(cost=0.9 * took)):
        assert list(rule.next(log.view.within(little), 2)) == []
    promoted = waiting(log, [1.0, 2.0, 3.0], step=9)[:2]
    orders = rule.next(log.view.within(Remaining(seconds=0.9 * took)), 3)
    assert orders == [Resume(number, None) for number in promoted]


def test_what_can_still_end_does() -> None:
    """two thirds of a training are left to do: with nine tenths of one left nothing new begins, but the best comes to its end"""
    log, rule = History(SPEC), Finals(NoStopping(), count=1)
    for _ in range(2):
        number = log.begin()
        for step in range(1, 28):
            log.report(number, step, loss=9.0)
        log.finish(number, loss=9.0)
    best = waiting(log, [1.0, 2.0], step=9)[0]
    took = log.view.trials[0].spent
    assert list(rule.next(log.view.within(Remaining(seconds=0.9 * took)), 1)) == [Resume(best)]
    assert list(rule.next(log.view.within(Remaining(seconds=0.5 * took)), 1)) == []


def test_finals_know_what_each_of_them_costs() -> None:
    """one that is slow needs more than one that is quick, and its finals begin earlier"""
    for pace, begins in ((1, False), (4, True)):
        log, rule = History(SPEC), Finals(NoStopping(), count=1)
        for seconds in (1, 4):
            number = log.begin()
            for step in range(1, 28):
                log.report(number, step, loss=9.0, cost=float(seconds * step))
            log.finish(number, loss=9.0, cost=27.0 * seconds)
        best = log.begin(budget=9)
        for step in range(1, 10):
            log.report(best, step, loss=1.0, cost=float(pace * step))
        log.pause(best)
        orders = rule.next(log.view.within(Remaining(cost=80.0)), 1)
        assert (orders == [Resume(best, None)]) is begins


@pytest.mark.parametrize("remaining", [Remaining(seconds=20.0), Remaining(cost=20.0)])
def test_finals_without_a_free_place(remaining: Remaining) -> None:
    """nothing is ordered, and nothing breaks"""
    log = begun()
    waiting(log, [1.0, 2.0, 3.0], step=9)
    log.finish(0, loss=1.0)
    assert list(Finals(Promotion()).next(log.view.within(remaining), 0)) == []
