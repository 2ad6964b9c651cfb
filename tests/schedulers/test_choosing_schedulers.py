"""Several schedulers at once, and schedulers by name."""

import json
from dataclasses import replace

import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.auto import choose_scheduler, describe_scheduler, scheduler_names
from tunesmith.schedulers.base import CONTINUE, Continue, Decision, New, Pause, Resume, Stop
from tunesmith.schedulers.combine import Any
from tunesmith.schedulers.divergence import Divergence
from tunesmith.schedulers.halving import Halving
from tunesmith.schedulers.median import Median
from tunesmith.schedulers.plain import NoStopping
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.testing.schedulers import decide
from tunesmith.trials.spec import StudySpec

SPEC = spec_of(Space({}))


class Says:
    """Decides and orders as told."""

    def __init__(self, decision: Decision, *orders: New | Resume) -> None:
        self.decision = decision
        self.orders = orders

    def decide(self, view, trial, report):
        return self.decision

    def next(self, view, slots):
        return self.orders[:slots]


@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([CONTINUE, CONTINUE], CONTINUE),
        ([CONTINUE, Pause("a")], Pause("a")),
        ([Pause("a"), Stop("b")], Stop("b")),
        ([Stop("a"), Pause("b")], Stop("a")),
        ([Pause("a"), Pause("b")], Pause("a")),
        ([CONTINUE, Stop("a"), Stop("b")], Stop("a")),
    ],
)
def test_any_stops_before_it_pauses_before_it_continues(parts: list[Decision], wanted: Decision) -> None:
    """among equals the first one's reason is given"""
    log = History(SPEC)
    assert decide(Any(*map(Says, parts)), log, log.train([1.0])) == wanted


def test_the_first_of_any_says_what_starts() -> None:
    """and it alone"""
    view = History(SPEC).view
    assert list(Any(Says(CONTINUE, Resume(3)), NoStopping()).next(view, 4)) == [Resume(3)]
    assert list(Any(NoStopping(), Says(CONTINUE, Resume(3))).next(view, 2)) == [New(), New()]


def test_any_of_nothing_is_refused() -> None:
    """with an example of what to write"""
    with pytest.raises(InvalidStudy, match=r"Any\(\) combines nothing; .* Any\(Divergence\(\), Median\(\)\)\."):
        Any()


def chosen(name: object) -> tuple[object, str]:
    return choose_scheduler(replace(SPEC, scheduler=name))


@pytest.mark.parametrize("name", scheduler_names())
def test_names_survive_json(name: str) -> None:
    """described, stored, read back and chosen"""
    study = replace(SPEC, scheduler=describe_scheduler(name))
    again = StudySpec.from_json(json.loads(json.dumps(study.to_json())))
    assert again.scheduler == study.scheduler
    one, other = choose_scheduler(study), choose_scheduler(again)
    assert one.why == other.why
    assert type(one.scheduler) is type(other.scheduler)


def test_what_each_name_says() -> None:
    """one sentence each"""
    assert chosen("auto")[1] == (
        "scheduler: trials that report as they train are stopped when they diverge or fall behind the median of the others"
    )
    for name in scheduler_names()[1:]:
        assert chosen(name)[1] == f"scheduler: {name}, as asked for"


@pytest.mark.parametrize(
    ("name", "curve", "ends"),
    [
        ("none", [1.0, 9e9, 9e9], False),
        ("none", [1.0, float("nan")], False),
        ("auto", [1.0, float("nan")], True),
        ("auto", [9.0, 9.0, 9.0], True),
        ("auto", [9.0, 9.0], False),
        ("median", [9.0, 9.0], True),
        ("median", [1.0, float("nan")], True),
        ("divergence", [9.0, 9.0, 9.0], False),
        ("divergence", [9.0, 9.0, 900.0], True),
        ("patience", [1.0] * 20, True),
        ("patience", [1.0] * 19, False),
        ("halving", [9.0] * 3, True),
    ],
)
def test_what_each_name_does(name: str, curve: list[float], ends: bool) -> None:
    """after six good trials"""
    log = History(SPEC)
    for _ in range(6):
        log.train([1.0] * 30)
    decision = decide(chosen(name)[0], log, log.train(curve))
    assert isinstance(decision, Stop if ends else Continue)


@pytest.mark.parametrize("name", ["hyper", "", "Median", "sha"])
def test_unknown_names_are_refused_with_the_list(name: str) -> None:
    """one sentence with all that is known"""
    with pytest.raises(InvalidStudy) as caught:
        describe_scheduler(name)
    assert str(caught.value) == (
        f"scheduler={name!r} is not known; choose one of auto, none, median, patience, divergence, halving, asha, hyperband, pasha, "
        "pbt, pb2, extrapolation, folds."
    )


@pytest.mark.parametrize("given", [Median, 7, None, object()])
def test_what_cannot_decide_is_refused(given: object) -> None:
    """a class instead of an object, above all"""
    with pytest.raises(InvalidStudy, match=r"cannot decide about trials; give an object such as Median\(\)"):
        describe_scheduler(given)


def test_an_object_must_be_given_again() -> None:
    """a study with a scheduler of its program's own can be read by everyone, and continued by that program"""
    description = json.loads(json.dumps(describe_scheduler(Any(Divergence(), Halving(eta=4)))))
    assert description == {"name": "Any", "custom": True}
    scheduler, why = chosen(description)
    assert why == "scheduler: Any, an object of the program that made the study"
    log = History(SPEC)
    with pytest.raises(
        InvalidStudy, match=r"^The study's scheduler Any is an object .* give it again as scheduler=\.$"
    ):
        scheduler.next(log.view, 1)
    with pytest.raises(InvalidStudy, match="give it again"):
        decide(scheduler, log, log.train([1.0]))
    mine = Halving()
    assert choose_scheduler(replace(SPEC, scheduler=description), mine) == (mine, "scheduler: Halving, as given")


def test_a_name_of_a_newer_version_can_be_read() -> None:
    """and is refused when it is to be used, with the list of what is known here"""
    scheduler, why = chosen("oracle")
    assert why == "scheduler: oracle, which is not known here"
    with pytest.raises(InvalidStudy, match=r"scheduler='oracle' is not known; choose one of auto, none"):
        scheduler.next(History(SPEC).view, 1)


def test_plain_schedulers_start_fresh_trials() -> None:
    """as many as there are places"""
    for scheduler in (NoStopping(), Median(), Halving(), Divergence()):
        assert list(scheduler.next(History(SPEC).view, 3)) == [New()] * 3
