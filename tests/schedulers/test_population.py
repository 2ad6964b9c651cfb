"""Population-based training: who is replaced, by whose fork, and what a schedule is."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.run.context import Context
from tunesmith.run.simulated import simulated
from tunesmith.schedulers.bandit import Bandit
from tunesmith.schedulers.base import CONTINUE, New, Pause, Resume, Stop
from tunesmith.schedulers.explore import Perturb, perturbed
from tunesmith.schedulers.population import PBT
from tunesmith.schedulers.replay import Replay
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide
from tunesmith.trials.lineage import Segment, schedule
from tunesmith.trials.trial import State
from tunesmith.tuning import tune

SPACE = Space({"lr": Float(1e-4, 1.0, log=True), "width": Int(8, 64), "kind": Choice("a", "b")})
SPEC = replace(spec_of(SPACE), steps=40)


def population(rule: PBT, losses: list[float], *, steps: int) -> tuple[History, dict[int, object]]:
    """Members that report the same loss at every step; and what was decided of each at the last one."""
    log, decided = History(SPEC), {}
    numbers = [log.begin() for _ in losses]
    for step in range(1, steps + 1):
        for number, loss in zip(numbers, losses, strict=True):
            log.report(number, step, loss=loss)
            decided[number] = decide(rule, log, number)
    return log, decided


def test_a_population_begins() -> None:
    """as many as there are places, and never more than the population"""
    log, rule = History(SPEC), PBT(population=4)
    assert list(rule.next(log.view, 3)) == [New()] * 3
    assert list(rule.next(log.view, 9)) == [New()] * 4
    for _ in range(4):
        log.begin()
    assert list(rule.next(log.view, 9)) == []


def test_the_worst_gives_way_to_a_fork_of_the_best() -> None:
    """at the interval, not before; its place goes to a fork of the best with a neighbouring configuration"""
    rule = PBT(population=4, interval=5)
    log, decided = population(rule, [0.1, 0.2, 0.3, 0.9], steps=4)
    assert set(decided.values()) == {CONTINUE}
    log, decided = population(rule, [0.1, 0.2, 0.3, 0.9], steps=5)
    assert decided == {
        0: CONTINUE,
        1: CONTINUE,
        2: CONTINUE,
        3: Stop("loss 0.9 at step 5 is number 4 of 4; a better one is continued in its place"),
    }
    log.stop(3)
    (order,) = rule.next(log.view, 1)
    assert isinstance(order, New)
    assert (order.parent, order.by) == (0, "pbt")
    assert order.config != log.view.trials[0].config
    assert list(PBT(population=4, interval=5).next(log.rebuilt(), 1)) == [order]


def test_equal_members_stay() -> None:
    """nobody is replaced by somebody who is not ahead by more than both curves wobble"""
    rng = np.random.default_rng(0)
    log, rule = History(SPEC), PBT(population=4, interval=5)
    numbers = [log.begin() for _ in range(4)]
    for step in range(1, 21):
        for number in numbers:
            log.report(number, step, loss=1 + float(rng.normal(0, 0.1)) + 0.001 * number)
            stopped = isinstance(decide(rule, log, number), Stop)
            assert not (stopped and step < 5)
    log, decided = population(rule, [0.5] * 4, steps=5)
    assert set(decided.values()) == {CONTINUE}


def test_members_take_turns_where_places_are_few() -> None:
    """who reaches an interval waits for those that have not begun, and the one that is farthest behind goes on"""
    log, rule = History(SPEC), PBT(population=4, interval=5)
    first, second = log.begin(), log.begin()
    for number in (first, second):
        for step in range(1, 6):
            log.report(number, step, loss=1.0)
        assert isinstance(decide(rule, log, number), Pause)
        log.pause(number)
    assert list(rule.next(log.view, 2)) == [New(), New()]
    for _ in range(2):
        log.begin()
    assert list(rule.next(log.view, 2)) == [Resume(first), Resume(second)]


def test_frozen_parameters_stay() -> None:
    """a checkpoint does not fit another width"""
    rng = np.random.default_rng(0)
    config = {"lr": 0.01, "width": 32, "kind": "a"}
    for _ in range(50):
        found = perturbed(SPACE, config, {"width"}, rng, anew=bool(rng.random() < 0.5))
        assert found["width"] == 32
        assert SPACE.check(found) == found


def test_perturbations_are_near() -> None:
    """a learning rate changes by some tens of percent, a whole number at least by one"""
    rng = np.random.default_rng(0)
    config = {"lr": 0.01, "width": 32, "kind": "a"}
    found = [perturbed(SPACE, config, (), rng) for _ in range(300)]
    factors = np.array([abs(np.log(one["lr"] / 0.01)) for one in found])
    assert 0.1 < np.median(factors) < 0.3
    assert np.mean([one["width"] != 32 for one in found]) > 0.95


def test_a_bandit_learns_what_gains() -> None:
    """where losses fall faster with a larger rate, forks get larger rates than by chance"""
    log = History(SPEC)
    rng = np.random.default_rng(0)
    for _ in range(8):
        number = log.begin(SPACE.check({"lr": float(10 ** rng.uniform(-4, 0)), "width": 32, "kind": "a"}))
        rate = np.log10(log.view.trials[number].config["lr"]) + 5
        for step in range(1, 9):
            log.report(number, step, loss=float(10 - rate * step / 8))
    donor = log.view.trials[0]
    by_model = [Bandit()(log.view, donor, ("width", "kind"), np.random.default_rng(s))[0]["lr"] for s in range(5)]
    by_chance = [Perturb()(log.view, donor, ("width", "kind"), np.random.default_rng(s))[0]["lr"] for s in range(5)]
    assert np.median(by_model) > 0.1 > np.median(by_chance)


def test_a_bandit_overlooks_what_diverged() -> None:
    """infinite losses have no difference; whatever they did, there is a configuration"""
    log = History(SPEC)
    for loss in (1.0, np.inf, 0.5, np.nan):
        number = log.begin()
        for step in range(1, 9):
            log.report(number, step, loss=loss if step > 2 else 2.0)
    config, _ = Bandit()(log.view, log.view.trials[0], (), np.random.default_rng(0))
    assert SPACE.check(config) == config


def test_the_schedule_of_a_fork() -> None:
    """its parents' configurations, each for the steps that it was trained with"""
    log = History(SPEC)
    first = log.begin(SPACE.check({"lr": 0.1}, partial=True))
    for step in range(1, 11):
        log.report(first, step, loss=1.0)
    fork = log.fork(first, SPACE.check({"lr": 0.05}, partial=True))
    for step in range(6, 13):
        log.report(fork, step, loss=0.5)
    found = schedule(log.view, fork)
    assert [(part.trial, part.begins, part.ends, part.config["lr"]) for part in found] == [
        (0, 0, 5, 0.1),
        (1, 5, 12, 0.05),
    ]
    assert [part.trial for part in schedule(log.view, first)] == [0]


def test_a_schedule_is_replayed() -> None:
    """segment by segment, each forked from the one before, as many times as wanted"""
    config = SPACE.default()
    segments = [Segment(0, 0, 5, config), Segment(4, 5, 12, {**config, "lr": 0.5})]
    log, rule = History(SPEC), Replay(segments, times=2)
    (first,) = rule.next(log.view, 4)
    assert (first.parent, first.twin, first.config) == (None, None, config)
    number = log.begin(config)
    (second,) = rule.next(log.view, 4)
    assert (second.parent, second.twin, second.config) == (None, number, config)
    for step in range(1, 6):
        log.report(number, step, loss=1.0)
        assert decide(rule, log, number) == CONTINUE
    log.report(number, 6, loss=1.0)
    assert isinstance(decide(rule, log, number), Stop)


@pytest.mark.parametrize("parallel", [1, 3])
def test_replays_end(parallel: int) -> None:
    """in a whole study: each of them follows the schedule to its end, and then there is nothing left to do"""

    def train(ctx: Context, lr: float) -> Iterator[dict[str, float]]:
        total = ctx.load() or 0.0
        for _ in range(ctx.step, 12):
            total += lr
            yield {"loss": total}
            ctx.save(total)

    segments = [Segment(0, 0, 5, {"lr": 0.5}), Segment(4, 5, 12, {"lr": 0.25})]
    study = tune(
        train,
        space={"lr": Float(0.0, 1.0)},
        minimize="loss",
        trials=20,
        parallel=parallel,
        executor=simulated(),
        scheduler=Replay(segments, times=3),
        store=None,
        progress="quiet",
    )
    ends = [trial.values["loss"] for trial in study.trials if trial.state is State.DONE]
    assert ends == [5 * 0.5 + 7 * 0.25] * 3
    assert len(study.trials) == 6


def test_small_populations_are_refused() -> None:
    """in one sentence"""
    with pytest.raises(InvalidStudy, match="among fewer than 4 there are no good and poor ones"):
        PBT(population=3)
