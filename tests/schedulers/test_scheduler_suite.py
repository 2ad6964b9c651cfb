"""The conformance suite finds what is wrong with a scheduler: for each law one that breaks it, and the test that says so."""

from collections.abc import Callable

import numpy as np
import pytest

from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Resume, Scheduler, Stop
from tunesmith.testing.schedulers import SchedulerConformance
from tunesmith.trials.trial import Report, Trial
from tunesmith.trials.view import View

REASON = "the loss 3 is too high"


class Right:
    """Stops what is worse than 2; orders new trials."""

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        objective = view.spec.objectives[0]
        loss = objective.sign * report.metrics.get(objective.metric, 0.0)
        return Stop(REASON) if loss > 2 and len(view.trials) > 1 else CONTINUE

    def next(self, view: View, slots: int) -> list[Order]:
        return [New()] * slots


def scheduler(decide: Callable | None = None, order: Callable | None = None) -> Callable[[], Scheduler]:
    """Makes schedulers that decide or order otherwise than the right one."""

    class Wrong:
        asked = 0

        def decide(self, view, trial, report):
            self.asked += 1
            return decide(self, view, trial, report) if decide else Right().decide(view, trial, report)

        def next(self, view, slots):
            return order(view, slots) if order else [New()] * slots

    return Wrong


def suite(make: Callable[[], Scheduler]) -> SchedulerConformance:
    class Suite(SchedulerConformance):
        def scheduler(self) -> Scheduler:
            return make()

    return Suite()


def global_draw(self, view, trial, report):
    np.random.random()  # noqa: NPY002  that is what is wrong
    return CONTINUE


LAWS = {
    "decides": lambda s: s.test_decides_from_the_view_alone("together"),
    "reasons": lambda s: s.test_gives_reasons_and_changes_nothing("together"),
    "signs": lambda s: s.test_maximizing_is_minimizing_with_another_sign("together"),
    "orders": lambda s: s.test_orders_fit_the_free_places("set_aside"),
    "begins": lambda s: s.test_starts_an_empty_study(),
    "only": lambda s: s.test_the_only_trial_is_not_worse_than_others(),
}


@pytest.mark.parametrize(
    ("law", "make"),
    [
        ("decides", scheduler(lambda self, view, trial, report: None)),
        ("decides", scheduler(lambda self, view, trial, report: Stop(REASON) if self.asked > 50 else CONTINUE)),
        ("decides", scheduler(lambda self, view, trial, report: Stop(f"loss {id(view)}"))),
        ("reasons", scheduler(lambda self, view, trial, report: Stop("too bad"))),
        ("reasons", scheduler(lambda self, view, trial, report: Stop("the loss is too high"))),
        ("reasons", scheduler(lambda self, view, trial, report: Stop("5 is far too high"))),
        ("reasons", scheduler(lambda self, view, trial, report: Stop("loss 5"))),
        ("reasons", scheduler(global_draw)),
        (
            "signs",
            scheduler(lambda self, view, trial, report: Stop(REASON) if report.metrics["loss"] > 1 else CONTINUE),
        ),
        ("orders", scheduler(order=lambda view, slots: [New()] * (slots + 1))),
        ("orders", scheduler(order=lambda view, slots: [Resume(0)][:slots])),
        ("orders", scheduler(order=lambda view, slots: [New({"lr": 7.0})][:slots])),
        ("orders", scheduler(order=lambda view, slots: [New(parent=99)][:slots])),
        ("orders", scheduler(order=lambda view, slots: ["new"][:slots])),
        ("begins", scheduler(order=lambda view, slots: [])),
        ("only", scheduler(lambda self, view, trial, report: Stop(REASON) if report.step > 50 else CONTINUE)),
    ],
)
def test_each_law_catches_its_breach(law: str, make: Callable[[], Scheduler]) -> None:
    """and a scheduler that breaks none passes the same test"""
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        LAWS[law](suite(make))
    LAWS[law](suite(Right))


def test_a_suite_without_a_scheduler_says_what_is_missing() -> None:
    """for whoever has forgotten it"""
    with pytest.raises(NotImplementedError, match="def scheduler"):
        SchedulerConformance().test_starts_an_empty_study()
