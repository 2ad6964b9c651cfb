"""Conformance of schedulers: what every scheduler must do. Subclass, and give a fresh one.

    class TestMyScheduler(SchedulerConformance):
        def scheduler(self):
            return MyScheduler()

The laws hold in every story of `STORIES`: trials that report together or one after the other, break, start again, leave
metrics out. The stories go on whatever the scheduler says; only its answers are looked at.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from math import exp, inf, nan
from typing import Final, NamedTuple

import numpy as np
import pytest

from tunesmith.errors import InvalidConfig
from tunesmith.schedulers.base import Continue, Decision, New, Order, Pause, Resume, Scheduler, Stop
from tunesmith.space.params import Choice, Float
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, content, global_randomness, spec_of
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

Story = Callable[[History], Iterator[int]]
"""Writes a history, and yields the number of a trial each time it has reported."""

_SPACE: Final = Space({"lr": Float(1e-5, 1, log=True), "activation": Choice("relu", "tanh")})
_ONE: Final = spec_of(_SPACE)
_TWO: Final = spec_of(_SPACE, minimize=("loss",), maximize=("accuracy",))


@functools.cache
def _curve(trial: int, step: int) -> float:
    """A noisy learning curve that falls toward a level of its own."""
    noise = float(np.random.default_rng([trial, step]).standard_normal())
    return 0.1 * trial + exp(-step / (3 + trial)) + 0.05 * noise


def together(log: History) -> Iterator[int]:
    """Seven trials train side by side."""
    trials = [log.begin(budget=1) for _ in range(7)]
    for step in range(1, 22):
        for trial in trials:
            log.report(trial, step, loss=_curve(trial, step), other=float(step))
            yield trial


def one_after_the_other(log: History) -> Iterator[int]:
    """Eight trials, each after the one before has ended, ever worse."""
    for _ in range(8):
        trial = log.begin(budget=1)
        for step in range(1, 10):
            log.report(trial, step, loss=_curve(trial, step))
            yield trial
        log.finish(trial, loss=_curve(trial, 9))


def broken_values(log: History) -> Iterator[int]:
    """NaN, infinities, giants and zeros, at the first report and later."""
    odd = [nan, inf, -inf, 1.7e308, -1.7e308, 0.0, -0.0, 5e-324]
    for value in odd:
        trial = log.begin(budget=1)
        for step, loss in enumerate([1.0, value, 0.5, value, value, 0.4, 1e9, value, 0.3], start=1):
            log.report(trial, step, loss=loss if step % 2 else value)
            yield trial
    for trial in [log.begin(budget=1) for _ in range(4)]:
        for step in range(1, 22):
            log.report(trial, step, loss=odd[(trial + step) % len(odd)])
            yield trial


def nobody_else(log: History) -> Iterator[int]:
    """A single trial, among others that have not begun, or broke before they reported."""
    log.fail(log.begin(budget=1), "oom")
    log.ask()
    log.open()
    trial = log.begin(budget=1)
    for step in range(1, 31):
        log.report(trial, step, loss=_curve(5, step))
        yield trial


def all_alike(log: History) -> Iterator[int]:
    """Every report of every trial is the same."""
    trials = [log.begin(budget=1) for _ in range(7)]
    for step in range(1, 12):
        for trial in trials:
            log.report(trial, step, loss=0.5)
            yield trial


def gaps(log: History) -> Iterator[int]:
    """Reports at step 0 and then at every tenth step, or at steps of each trial's own."""
    trials = [log.begin(budget=1) for _ in range(10)]
    for step in range(0, 100, 10):
        for trial in trials:
            log.report(trial, step + (trial if trial > 6 else 0), loss=_curve(trial, step))
            yield trial


def missing_metrics(log: History) -> Iterator[int]:
    """The objective comes with every third report of some trials, and with none of the last."""
    trials = [log.begin(budget=1) for _ in range(8)]
    for step in range(1, 12):
        for trial in trials:
            metrics = {"other": 1.0} if trial == 7 or (trial % 2 and step % 3) else {"loss": _curve(trial, step)}
            log.report(trial, step, **metrics)
            yield trial


def late_metrics(log: History) -> Iterator[int]:
    """Two reports for one step: first another metric, then the objective."""
    trials = [log.begin(budget=1) for _ in range(7)]
    for step in range(1, 7):
        for trial in trials:
            log.report(trial, step, other=0.0)
            yield trial
            log.report(trial, step, loss=_curve(trial, step))
            yield trial


def lost_and_restarted(log: History) -> Iterator[int]:
    """Workers vanish; the next attempt begins anew, or where a checkpoint was."""
    trials = [log.begin(budget=1) for _ in range(7)]
    for step in range(1, 12):
        for trial in trials:
            if step == 6 and trial in (1, 2, 3):
                log.restart(trial)
                for again in range(1 if trial == 1 else 4, step if trial < 3 else 0):
                    log.report(trial, again, loss=_curve(trial, again) + 0.01)
                    yield trial
            log.report(trial, step, loss=_curve(trial, step))
            yield trial


def set_aside(log: History) -> Iterator[int]:
    """Some trials are paused, and go on later; others end in every way."""
    trials = [log.begin(budget=1) for _ in range(9)]
    for step in range(1, 13):
        for trial in trials[: 9 if step < 4 else 5]:
            if step == 7 and trial < 2:
                log.resume(trial)
            elif trial < 2 and 4 < step < 7:
                continue
            log.report(trial, step, loss=_curve(trial, step))
            yield trial
            if step == 4 and trial < 2:
                log.pause(trial)
        if step == 3:
            log.stop(trials[5])
            log.fail(trials[6], "killed")
            log.finish(trials[7], loss=0.1)
            log.pause(trials[8])


def several_objectives(log: History) -> Iterator[int]:
    """Two objectives that now and then come alone, or not at all."""
    trials = [log.begin(budget=1) for _ in range(8)]
    for step in range(1, 12):
        for trial in trials:
            metrics = {"loss": _curve(trial, step), "accuracy": -_curve((trial * 3) % 8, step), "other": 1.0}
            if trial == 6:
                metrics.pop("accuracy" if step % 4 else "loss")
            if trial == 7 and step > 5:
                metrics["loss"] = nan
            log.report(trial, step, **metrics)
            yield trial


STORIES: Final[Mapping[str, tuple[StudySpec, Story]]] = {
    story.__name__: (_TWO if story is several_objectives else _ONE, story)
    for story in (
        together, one_after_the_other, broken_values, nobody_else, all_alike, gaps, missing_metrics, late_metrics,
        lost_and_restarted, set_aside, several_objectives,
    )
}  # fmt: skip


class Moment(NamedTuple):
    """A trial has just reported, and the scheduler has decided."""

    log: History
    number: int
    decision: Decision

    def __str__(self) -> str:
        last = self.log.view.trials[self.number].last
        return f"trial {self.number} at step {last.step if last else None}"


def tell(scheduler: Scheduler, story: str, *, mirror: bool = False) -> Iterator[Moment]:
    """A story with what a scheduler decides after every report."""
    spec, write = STORIES[story]
    log = History(spec, mirror=mirror)
    for number in write(log):
        yield Moment(log, number, decide(scheduler, log, number))


def decide(scheduler: Scheduler, log: History, number: int, *, rebuilt: bool = False) -> Decision:
    """What becomes of a trial after its last report; from a view made anew if it is to be `rebuilt`."""
    view = log.rebuilt() if rebuilt else log.view
    trial = view.trials[number]
    assert trial.last is not None, f"trial {number} has not reported yet"
    return scheduler.decide(view, trial, trial.last)


class SchedulerConformance:
    """The laws of `Scheduler`."""

    def scheduler(self) -> Scheduler:
        """A fresh scheduler."""
        raise NotImplementedError("say in your subclass how one is made: def scheduler(self): return MyScheduler()")

    @pytest.mark.parametrize("story", STORIES)
    def test_decides_from_the_view_alone(self, story: str) -> None:
        """asked twice, from a fresh object, and in a continued study: the same decision"""
        used = self.scheduler()
        for index, moment in enumerate(tell(used, story)):
            log, number, decision = moment
            assert isinstance(decision, Continue | Stop | Pause), f"{story}, {moment}: {decision!r} is no decision"
            assert decide(used, log, number) == decision, f"{story}, {moment}: asked twice, it decides otherwise"
            assert decide(self.scheduler(), log, number) == decision, f"{story}, {moment}: a fresh object disagrees"
            if index % 11 == 0:
                fresh = decide(self.scheduler(), log, number, rebuilt=True)
                assert fresh == decision, f"{story}, {moment}: in a continued study it decides otherwise: {fresh}"

    @pytest.mark.parametrize("story", STORIES)
    def test_gives_reasons_and_changes_nothing(self, story: str) -> None:
        """a sentence with the metric's name and a number; and the study and the global random state stay as they are"""
        before = global_randomness()
        for moment in tell(self.scheduler(), story):
            if isinstance(moment.decision, Stop | Pause):
                _check_reason(moment.decision.reason, moment.log.spec, f"{story}, {moment}")
        assert global_randomness() == before, f"{story}: the global random state has changed"
        assert content(moment.log.view) == content(moment.log.rebuilt()), f"{story}: the view has changed"

    @pytest.mark.parametrize("story", STORIES)
    def test_maximizing_is_minimizing_with_another_sign(self, story: str) -> None:
        """turning all objectives round, and all their values, changes no decision"""
        plain, turned = tell(self.scheduler(), story), tell(self.scheduler(), story, mirror=True)
        for one, other in zip(plain, turned, strict=True):
            assert type(one.decision) is type(other.decision), f"{story}, {one}: {one.decision} but {other.decision}"

    @pytest.mark.parametrize("story", STORIES)
    def test_orders_fit_the_free_places(self, story: str) -> None:
        """`next` gives at most as many orders as there are places, each of which can be carried out"""
        scheduler = self.scheduler()
        for index, (log, _, _) in enumerate(tell(scheduler, story)):
            for slots in (0, 1, 4) if index % 10 == 0 else ():
                orders = list(scheduler.next(log.view, slots))
                assert len(orders) <= slots, f"{story}: {len(orders)} orders for {slots} places: {orders}"
                assert list(scheduler.next(log.view, slots)) == orders, f"{story}: asked twice, it orders otherwise"
                for order in orders:
                    _check_order(log.view, order)

    def test_starts_an_empty_study(self) -> None:
        """where nothing has happened yet, something is ordered"""
        assert list(self.scheduler().next(History(_ONE).view, 2)), "a study without trials must be given one"

    def test_the_only_trial_is_not_worse_than_others(self) -> None:
        """a single trial that gets better with every report goes on to its end, in both directions"""
        for mirror in (False, True):
            log, scheduler = History(_ONE, mirror=mirror), self.scheduler()
            number = log.begin()
            for step in range(1, 101):
                log.report(number, step, loss=10 + 1 / step)
                decision = decide(scheduler, log, number)
                assert not isinstance(decision, Stop), f"the only trial was stopped at step {step}: {decision}"


def _check_reason(reason: str, spec: StudySpec, where: str) -> None:
    """People read why a trial was ended."""
    assert any(objective.metric in reason for objective in spec.objectives), f"{where}: no metric in {reason!r}"
    assert any(char.isdigit() for char in reason), f"{where}: no number in {reason!r}"
    assert len(reason.split()) >= 4, f"{where}: not a sentence: {reason!r}"


def _check_order(view: View, order: Order) -> None:
    if isinstance(order, Resume):
        assert view.trials[order.trial].state is State.PAUSED, f"{order}: only paused trials can be resumed"
        return
    assert isinstance(order, New), f"{order!r} is neither New nor Resume"
    if order.config is not None:
        try:
            view.space.check(order.config)
        except InvalidConfig as error:
            pytest.fail(f"{order}: {error}")
    for other in (order.parent, order.twin):
        assert other is None or 0 <= other < len(view.trials), f"{order}: there is no trial {other}"
