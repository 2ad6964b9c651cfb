"""The next proposal is made while trials run, and the law of samplers holds for it."""

from collections.abc import Sequence

import pytest

from tunesmith.run.ahead import Ahead, made
from tunesmith.run.driver import Driver
from tunesmith.run.executor import Job, Signal, Update
from tunesmith.run.replay import check_log, check_proposals
from tunesmith.run.watcher import Silent
from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.samplers.listed import listed
from tunesmith.samplers.wrap import Distinct
from tunesmith.schedulers.plain import NoStopping
from tunesmith.space.params import Float, Int
from tunesmith.space.space import Space
from tunesmith.stores.memory import MemoryStore
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.facts import Asked, Finished, Started
from tunesmith.trials.spec import Budget, StudySpec

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


class Places:
    """Runs trials one after the other, each finished at the second look; the first look finds nothing, as with real ones."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.parks = True
        self._jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        self._jobs.append(job)

    def poll(self, timeout: float) -> Sequence[Update]:
        if not timeout or not self._jobs:
            return []
        job = self._jobs.pop(0)
        loss = (job.config["x"] - 0.3) ** 2 + (job.config["y"] - 0.6) ** 2
        return [Update(job.trial, job.attempt, Finished({"loss": loss}, job.attempt))]

    def signal(self, trial: int, what: Signal) -> None:
        raise AssertionError("these trials report nothing")

    def close(self) -> None:
        self._jobs.clear()


def run(slots: int, trials: int = 24) -> MemoryStore:
    store = MemoryStore()
    store.create(StudySpec("study", SQUARE, spec_of(SQUARE).objectives, budget=Budget(trials), seed=1))
    sampler = Distinct(GaussianProcess())
    Driver(store, "study", Places(slots), sampler, NoStopping(), Silent()).run()
    return store


def lateness(store: MemoryStore) -> list[int]:
    """For each trial, how many facts had been written since the view that its proposal was made from."""
    return [event.seq - event.fact.seen for event in store.events("study") if isinstance(event.fact, Asked)]


@pytest.mark.parametrize("slots", [1, 4, 8])
def test_every_proposal_comes_out_again(slots: int) -> None:
    """from the view that it was made from, which is recorded"""
    store = run(slots)
    assert check_log(store, "study") == []
    assert check_proposals(store, "study", lambda spec: Distinct(GaussianProcess())) == (24, [])


def test_with_several_places_proposals_are_made_ahead() -> None:
    """before the result is known that frees the place"""
    assert max(lateness(run(4))[8:]) > max(lateness(run(1)))
    events = list(run(4).events("study"))
    ahead = 0
    for event in events:
        if isinstance(event.fact, Asked):
            before = [e for e in events if event.fact.seen < e.seq < event.seq]
            ahead += any(isinstance(e.fact, Finished) for e in before)
    assert ahead >= 10


def test_one_after_the_other_nothing_is_made_ahead() -> None:
    """each trial is asked for with all results known"""
    events = list(run(1).events("study"))
    for event in events:
        if isinstance(event.fact, Asked):
            assert not [
                e for e in events if event.fact.seen < e.seq < event.seq and isinstance(e.fact, Finished | Started)
            ]


def test_what_is_held_is_for_one_number_and_not_for_long() -> None:
    """nor if somebody has tried the configuration meanwhile"""
    space = Space({"n": Int(0, 3)})
    log = History(spec_of(space))
    sampler = Distinct(GaussianProcess())
    ahead = Ahead(4)
    assert ahead.wants
    assert not Ahead(3).wants

    ahead.prepare(sampler, log.view, 0)
    assert not ahead.wants
    assert ahead.take(log.view.asking(5), 0) is None, "another trial"
    ahead.prepare(sampler, log.view, 0)
    assert ahead.take(log.view, 2) is None, "too much has happened"
    ahead.prepare(sampler, log.view, 0)
    assert ahead.take(log.view, 1) == made(sampler, log.view)
    assert ahead.take(log.view, 1) is None, "it is given once"

    view = log.view
    ahead.prepare(sampler, view, 0)
    log.ask(made(sampler, view).proposal.config)
    assert ahead.take(log.view.asking(view.next), 0) is None, "tried meanwhile"


def test_an_exhausted_space_is_no_news_ahead() -> None:
    """it is said when the trial is really asked for"""
    space = Space({"n": Int(0, 1)})
    log = History(spec_of(space))
    for config in listed(space) or []:
        log.finish(log.begin(config), loss=1.0)
    ahead = Ahead(4)
    ahead.prepare(Distinct(GaussianProcess()), log.view, 2)
    assert ahead.take(log.view, 2) is None
