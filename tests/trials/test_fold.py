"""The fold: legal histories, refused ones, and what a trial remembers."""

import random

import pytest

from tunesmith.errors import IllegalTransition
from tunesmith.testing.walks import random_walk
from tunesmith.trials import (
    Asked,
    Event,
    Failed,
    Finished,
    Lost,
    Noted,
    Opened,
    Paused,
    Reported,
    Resumed,
    Started,
    State,
    Stopped,
    fold,
    story,
)
from tunesmith.trials.facts import KINDS, fact_from_json, fact_to_json

ASKED = Asked({"x": 0.5}, "sobol", "even cover", 7, 3)
BEGUN = [Opened("w"), ASKED, Started("w", 1)]


def play(*facts, trial=None, at=0.0):
    for second, fact in enumerate(facts):
        trial = fold(trial, Event(second, 4, 0, at + second, "", fact))
    return trial


def test_a_life_from_opening_to_the_end():
    states = [
        play(*[*BEGUN, Reported(1, {"loss": 1.0}, 1), Finished({"loss": 1.0}, 1)][: end + 1]).state for end in range(5)
    ]
    assert states == [State.OPEN, State.READY, State.RUNNING, State.RUNNING, State.DONE]


def test_what_a_trial_remembers():
    trial = play(
        *BEGUN,
        Reported(1, {"loss": 2.0}, 1),
        Noted("tag", "good"),
        Reported(3, {"loss": 1.0}, 1),
        Finished({"loss": 1.0}, 1),
    )
    assert (trial.number, trial.by, trial.why, trial.seed, trial.seen) == (4, "sobol", "even cover", 7, 3)
    assert (trial.last.step, trial.reports, trial.version) == (3, 2, 7)
    assert (trial.opened, trial.started, trial.ended, trial.spent) == (0.0, 2.0, 6.0, 4.0)
    assert trial.notes == {"tag": "good"}


def test_metrics_of_one_step_may_come_in_two_reports():
    trial = play(*BEGUN, Reported(1, {"loss": 1.0}, 1), Reported(1, {"acc": 0.5}, 1))
    assert (trial.last.metrics, trial.reports) == ({"loss": 1.0, "acc": 0.5}, 1)


def test_a_lost_trial_begins_again_and_its_time_counts_to_its_last_sign_of_life():
    trial = play(*BEGUN, Reported(5, {"loss": 1.0}, 1), Lost(1))
    assert (trial.state, trial.attempt, trial.reports, trial.spent, trial.worker) == (State.READY, 2, 0, 1.0, "")
    again = play(Started("v", 2), Reported(1, {"loss": 3.0}, 2), trial=trial, at=100.0)
    assert (again.last.step, again.spent) == (1, 1.0)
    assert play(Finished({"loss": 3.0}, 2), trial=again, at=110.0).spent == 11.0


def test_an_open_trial_that_is_lost_stays_open_for_another():
    assert (play(Opened("w"), Lost(1)).state, play(Opened("w"), Lost(1)).worker) == (State.OPEN, "")


def test_pausing_and_resuming_keeps_the_attempt():
    paused = play(*BEGUN, Reported(1, {"loss": 1.0}, 1), Paused("third of nine", 1))
    assert (paused.state, paused.reason) == (State.PAUSED, "third of nine")
    again = play(Resumed(9), Started("w", 1), Reported(2, {"loss": 0.5}, 1), trial=paused, at=50.0)
    assert (again.budget, again.reports, again.attempt) == (9, 2, 1)


def test_a_stopped_trial_is_worth_its_last_report():
    assert play(*BEGUN, Reported(1, {"loss": 1.0}, 1), Stopped("behind", 1)).values == {"loss": 1.0}
    assert play(*BEGUN, Stopped("behind", 1)).values == {}
    assert play(*BEGUN, Reported(1, {"loss": 1.0}, 1), Stopped("behind", 1, {"loss": 0.5})).values == {"loss": 0.5}


@pytest.mark.parametrize(
    "history, fact, words",
    [
        ([], Started("w", 1), "there is no such trial"),
        ([Opened()], Started("w", 1), "it is open"),
        ([Opened(), ASKED], ASKED, "it is ready"),
        ([Opened(), ASKED], Reported(1, {"a": 1.0}, 1), "it is ready"),
        (BEGUN, Started("v", 1), "it is running"),
        (BEGUN, Finished({}, 2), "that comes from attempt 2, which was given up; attempt 1"),
        ([*BEGUN, Reported(3, {"a": 1.0}, 1)], Reported(2, {"a": 1.0}, 1), "step 2 comes after step 3"),
        ([*BEGUN, Reported(3, {"a": 1.0}, 1)], Reported(3, {"a": 1.0}, 1), "a was reported for step 3 already"),
        ([*BEGUN, Failed("oom", "no room", 1)], Finished({}, 1), r"it is failed. Its story: .*failed \(oom: no room\)"),
        ([*BEGUN, Stopped("behind", 1)], Stopped("again", 1), "stopped: behind"),
        (BEGUN, Resumed(), "it is running"),
        (BEGUN, Opened(), "its number is taken"),
    ],
)
def test_what_cannot_happen_is_refused_with_the_story(history, fact, words):
    trial = play(*history)
    with pytest.raises(IllegalTransition, match=words):
        play(fact, trial=trial)


def test_stories_are_sentences():
    told = story(play(*BEGUN, Reported(1, {"loss": 1.0}, 1), Stopped("behind the median", 1)))
    assert (
        told
        == "opened; asked by sobol (even cover); started on w as attempt 1; last report at step 1; stopped: behind the median."
    )


def test_every_fact_survives_json():
    import json

    rng = random.Random(0)
    trials, seen = {}, set()
    for drafts, legal in random_walk(rng, lambda: list(trials.values()), length=800):
        for draft in drafts if legal else ():
            number = len(trials) if draft.trial is None else draft.trial
            trials[number] = fold(trials.get(number), Event(0, number, 0, 0.0, "", draft.fact))
            kind = type(draft.fact).__name__.lower()
            seen.add(kind)
            again = fact_from_json(kind, json.loads(json.dumps(fact_to_json(draft.fact))))
            assert repr(again) == repr(draft.fact)
    assert seen == set(KINDS) - {"suggested", "revised"}
