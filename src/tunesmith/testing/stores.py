"""Conformance of stores: what every store must do. Subclass, and give a fresh store.

class TestMyStore(StoreConformance):
    def open(self, where, clock):      # called again on the same `where`, it opens what is there
        return MyStore(where, clock=clock)
    persistent = True                  # whether another object sees what the first one wrote
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tunesmith.errors import BudgetSpent, Conflict, DuplicateStudy, IllegalTransition, UnknownStudy
from tunesmith.run.replay import check_log
from tunesmith.space.params import Choice, Float
from tunesmith.space.space import Space
from tunesmith.stores.base import Store
from tunesmith.testing.walks import random_walk
from tunesmith.trials.changes import ReportColumns
from tunesmith.trials.facts import (
    Asked,
    Draft,
    Fact,
    Failed,
    Finished,
    Lost,
    Noted,
    Opened,
    Reported,
    Revised,
    Started,
)
from tunesmith.trials.spec import Budget, Objective, StudySpec
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def spec(name: str = "study", *, trials: int | None = None, space: Space | None = None) -> StudySpec:
    """A small study."""
    space = space or Space({"lr": Float(1e-5, 1, log=True), "opt": Choice("sgd", "adam")})
    return StudySpec(name, space, (Objective("loss", "minimize"),), budget=Budget(trials=trials), seed=1)


def asked(lr: float = 0.1) -> Asked:
    """A configuration for that study."""
    return Asked({"lr": lr, "opt": "sgd"}, "test", "because", 7, 0)


class StoreConformance:
    """The laws of `tunesmith.stores.base.Store`."""

    persistent = True

    def open(self, where: Path, clock: Callable[[], float]) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def store(self, tmp_path: Path, clock: Clock) -> Iterator[Store]:
        store = self.open(tmp_path, clock)
        yield store
        store.close()

    def reopened(self, store: Store, tmp_path: Path, clock: Clock) -> Store:
        """The same studies through another object, where the store can do that."""
        return self.open(tmp_path, clock) if self.persistent else store

    @staticmethod
    def one(store: Store, *facts: Fact, number: int | None = None, **options: Any) -> Trial:
        """Append facts about one trial and return it."""
        changes = store.append("study", [Draft(number, fact) for fact in facts], **options)
        return changes.trials[-1]

    def running(self, store: Store, lr: float = 0.1) -> Trial:
        """A trial that trains."""
        number = self.one(store, Opened("w")).number
        return self.one(store, asked(lr), Started("w", 1), number=number)

    # -- studies -----------------------------------------------------------------------------------------------------

    def test_a_study_is_created_once(self, store: Store) -> None:
        store.create(spec())
        with pytest.raises(DuplicateStudy, match="study"):
            store.create(spec())
        assert store.spec("study") == spec()
        assert [info.name for info in store.studies()] == ["study"]

    def test_unknown_studies_are_named(self, store: Store) -> None:
        store.create(spec("other"))
        for call in (store.spec, store.changes, store.delete, lambda name: store.append(name, [])):
            with pytest.raises(UnknownStudy, match="nowhere.*other"):
                call("nowhere")

    def test_deleting_leaves_nothing_and_spares_other_studies(self, store: Store) -> None:
        store.create(spec())
        store.create(spec("other"))
        self.running(store)
        store.delete("study")
        assert [info.name for info in store.studies()] == ["other"]
        store.create(spec())
        assert store.changes("study").trials == []

    def test_a_study_that_another_process_made_anew_is_another_one(
        self, store: Store, tmp_path: Path, clock: Clock
    ) -> None:
        """What a store has kept of the deleted study is not taken for the trials of the new one."""
        store.create(spec())
        self.running(store, 0.1)
        other = self.reopened(store, tmp_path, clock)
        other.delete("study")
        other.create(spec())
        self.running(other, 0.2)
        trial = self.one(store, Noted("tag", "new"), number=0)
        assert trial.config == {"lr": 0.2, "opt": "sgd"}
        assert check_log(store, "study") == []

    def test_the_first_fact_is_the_spec_and_revisions_follow(self, store: Store) -> None:
        store.create(spec(trials=1))
        wider = spec(trials=2)
        store.append("study", [Draft(None, Revised(wider))])
        assert store.spec("study") == wider
        assert [event.fact for event in store.events("study")] == [Revised(spec(trials=1)), Revised(wider)]

    # -- append ------------------------------------------------------------------------------------------------------

    def test_numbers_are_dense_and_seqs_count_facts(self, store: Store) -> None:
        store.create(spec())
        changes = store.append("study", [Draft(None, Opened()), Draft(None, Opened())])
        assert [trial.number for trial in changes.trials] == [0, 1]
        assert (changes.since, changes.seq) == (1, 3)
        assert [event.seq for event in store.events("study")] == [1, 2, 3]

    def test_an_append_is_all_or_nothing(self, store: Store) -> None:
        store.create(spec())
        trial = self.running(store)
        before = repr(store.changes("study"))
        with pytest.raises(IllegalTransition):
            store.append(
                "study",
                [Draft(trial.number, Finished({"loss": 1.0}, 1)), Draft(trial.number, Finished({"loss": 2.0}, 1))],
            )
        assert repr(store.changes("study")) == before

    def test_illegal_facts_are_refused_with_the_trials_story(self, store: Store) -> None:
        store.create(spec())
        trial = self.running(store)
        self.one(store, Finished({"loss": 0.5}, 1), number=trial.number)
        with pytest.raises(
            IllegalTransition, match=r"Trial 0 cannot be reported: it is done.*asked by test \(because\)"
        ):
            self.one(store, Reported(1, {"loss": 1.0}, 1), number=trial.number)

    def test_a_lost_workers_late_reports_are_refused(self, store: Store) -> None:
        store.create(spec())
        trial = self.running(store)
        self.one(store, Reported(1, {"loss": 1.0}, 1), number=trial.number)
        self.one(store, Lost(1), Started("x", 2), number=trial.number)
        with pytest.raises(IllegalTransition, match="attempt 1"):
            self.one(store, Reported(2, {"loss": 1.0}, 1), number=trial.number)
        again = self.one(store, Reported(1, {"loss": 3.0}, 2), number=trial.number)
        assert (again.attempt, again.reports) == (2, 1)

    def test_expected_versions_guard_against_the_faster(self, store: Store) -> None:
        store.create(spec())
        trial = self.one(store, Opened("w"))
        self.one(store, asked(), number=0, expect={0: trial.version})
        with pytest.raises(Conflict):
            self.one(store, asked(0.2), number=0, expect={0: trial.version})

    def test_a_key_is_appended_once_and_never_by_two_trials(self, store: Store) -> None:
        store.create(spec())
        store.append("study", [Draft(None, Opened()), Draft(None, Opened())])
        store.append("study", [Draft(0, asked(), "config/1")])
        before = store.changes("study").seq
        store.append("study", [Draft(0, asked(), "config/1")])
        assert store.changes("study").seq == before
        with pytest.raises(Conflict):
            store.append("study", [Draft(1, asked(), "config/1")])
        store.append("study", [Draft(None, Noted("record", {"a": 1}), "record")])
        store.append("study", [Draft(None, Noted("record", {"a": 1}), "record")])
        assert store.changes("study").seq == before + 1

    def test_a_number_may_be_claimed_only_if_it_is_the_next(self, store: Store) -> None:
        store.create(spec())
        store.append("study", [Draft(0, Opened())])
        with pytest.raises(Conflict):
            store.append("study", [Draft(0, Opened())])
        with pytest.raises(Conflict):
            store.append("study", [Draft(2, Opened())])

    def test_the_budget_of_trials_is_never_overshot(self, store: Store) -> None:
        store.create(spec(trials=2))
        store.append("study", [Draft(None, Opened()), Draft(None, Opened())])
        with pytest.raises(BudgetSpent, match="All 2 trials"):
            store.append("study", [Draft(None, Opened())])
        assert len(store.changes("study").trials) == 2

    # -- reading -----------------------------------------------------------------------------------------------------

    def test_a_cursor_sees_each_change_once(self, store: Store) -> None:
        store.create(spec())
        first = self.running(store)
        cursor = store.changes("study").seq
        second = self.running(store, 0.2)
        self.one(store, Reported(1, {"loss": 1.0, "acc": 0.5}, 1), number=second.number)
        changes = store.changes("study", cursor)
        assert [trial.number for trial in changes.trials] == [second.number]
        assert not isinstance(changes.reports, ReportColumns)
        reports = [(row.trial, row.step, dict(row.metrics)) for row in changes.reports]
        assert reports == [(second.number, 1, {"loss": 1.0, "acc": 0.5})]
        assert store.changes("study", changes.seq).trials == []
        assert first.number == 0

    def test_views_from_changes_and_from_the_start_are_alike(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        store.create(spec())
        view = View(spec())
        for step in range(1, 5):
            number = self.running(store, step / 10).number
            self.one(store, Reported(step, {"loss": 1.0 / step}, 1), number=number)
            self.one(store, Reported(step + 1, {"loss": float("nan"), "acc": 1.0}, 1), number=number)
            view = view.advance(store.changes("study", view.seq))
        whole = View(spec()).advance(self.reopened(store, tmp_path, clock).changes("study"))
        assert repr(list(whole.trials)) == repr(list(view.trials))  # NaN equals itself in its text only
        for trial in view.trials:
            for metric in ("loss", "acc"):
                ours, theirs = view.curve(trial.number, metric), whole.curve(trial.number, metric)
                assert repr(ours) == repr(theirs)
        assert repr(whole.at_step("loss", 2)) == repr(view.at_step("loss", 2))

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300, 5e-324, 0.1 + 0.2])
    def test_numbers_come_back_exactly(self, store: Store, tmp_path: Path, clock: Clock, value: float) -> None:
        store.create(spec())
        number = self.running(store).number
        self.one(store, Reported(1, {"loss": value}, 1), Finished({"loss": value}, 1), number=number)
        back = self.reopened(store, tmp_path, clock).changes("study")
        assert repr(back.trials[0].values["loss"]) == repr(value)
        _, values = View(spec()).advance(back).curve(0, "loss")
        assert repr(float(values[0])) == repr(value)

    def test_hostile_text_comes_back_as_it_was(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        nasty = "'; DROP TABLE trials; -- \u202e \x00 \U0001f600 </script> " + "x" * 100_000
        store.create(spec())
        number = self.running(store).number
        self.one(store, Failed("error", nasty, 1, nasty), Noted(nasty[:50], {"k": nasty}), number=number)
        trial = self.reopened(store, tmp_path, clock).changes("study").trials[0]
        assert trial.failure is not None
        assert (trial.failure.message, trial.failure.trace, trial.notes) == (nasty, nasty, {nasty[:50]: {"k": nasty}})

    def test_a_report_of_sealed_metrics_alone_is_kept(self, store: Store, tmp_path: Path, clock: Clock) -> None:
        store.create(spec())
        number = self.running(store).number
        self.one(store, Reported(1, {"test_error": 0.5}, 1), number=number)
        self.one(store, Reported(2, {"loss": 0.5}, 1), number=number)
        back = self.reopened(store, tmp_path, clock)
        assert check_log(back, "study") == []
        view = View(spec()).advance(back.changes("study"))
        assert view.trials[0].reports == 2
        assert view.times(number)[0].tolist() == [2]

    def test_one_trials_events_are_its_own(self, store: Store) -> None:
        store.create(spec())
        self.running(store)
        second = self.running(store, 0.2)
        self.one(store, Reported(1, {"loss": 1.0}, 1), number=second.number)
        kinds = [type(event.fact) for event in store.events("study", trial=second.number)]
        assert kinds == [Opened, Asked, Started, Reported]

    # -- leases ------------------------------------------------------------------------------------------------------

    def test_leases_expire_unless_they_are_renewed(self, store: Store, clock: Clock) -> None:
        store.create(spec())
        self.one(store, Opened("w"))
        self.one(store, asked(), Started("w", 1), number=0, lease=clock.now + 60)
        assert store.changes("study").expired == []
        clock.now += 50
        assert store.renew("study", "w", [0], clock.now + 60) == []
        clock.now += 50
        assert store.changes("study").expired == []
        clock.now += 50
        assert list(store.changes("study").expired) == [0]
        self.one(store, Lost(1), number=0)
        assert store.changes("study").expired == []
        assert list(store.renew("study", "w", [0], clock.now + 60)) == [0]

    # -- histories ---------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("seed", range(12))
    def test_random_histories_fold_to_the_same_trials_after_every_reload(
        self, store: Store, tmp_path: Path, clock: Clock, seed: int
    ) -> None:
        rng = random.Random(seed)  # noqa: S311
        store.create(spec())
        view = View(spec())
        for drafts, legal in random_walk(rng, lambda: store.changes("study").trials, length=60):
            clock.now += 1
            if legal:
                store.append("study", drafts)
            else:
                with pytest.raises(IllegalTransition, match=r"Trial \d+ cannot be"):
                    store.append("study", drafts)
            view = view.advance(store.changes("study", view.seq))
            if rng.random() < 0.1:
                other = self.reopened(store, tmp_path, clock)
                assert repr(list(other.changes("study").trials)) == repr(list(view.trials))
                assert check_log(other, "study") == []
                if other is not store:
                    other.close()
        assert check_log(store, "study") == []
        assert any(trial.state is not State.OPEN for trial in view.trials)
