"""What learning curves say: of the best trial and of many, on studies made to show it and on studies made not to."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.analysis.diagnosis import diagnose
from tunesmith.analysis.health.examine import health
from tunesmith.analysis.health.trainings import best_training, shared_symptom
from tunesmith.analysis.trainings import knob_of, knobs_text
from tunesmith.trials.trial import State

SPACE = ts.Space(
    {
        "lr": ts.Float(1e-4, 1.0, log=True),
        "model.weight_decay": ts.Float(1e-6, 0.1, log=True),
        "hidden_units": ts.Int(16, 512, log=True),
    }
)
STEPS = np.arange(30)


def healthy(seed=0):
    """Falls to a level, and a little beside it on training data."""
    noise = 0.004 * np.random.default_rng(seed).normal(size=(2, len(STEPS)))
    fall = 2.0 * np.exp(-STEPS / 5)
    return np.array([0.2 + fall, 0.25 + fall]) + noise


def overfitting(seed=0):
    train, val = healthy(seed)
    return np.array([train * np.exp(-STEPS / 10), val + 0.03 * np.maximum(STEPS - 8, 0)])


def improving(seed=0):
    train, val = healthy(seed)
    return np.array([train, val]) + 1.5 * (1 - STEPS / 30)


def spiking(seed=0):
    train, val = healthy(seed)
    train[[9, 14, 22]] += 3.0
    return np.array([train, val])


def recorded_study(recorded, curves, count=12, *, state="done", **options):
    """Trials with the pair of curves that `curves` gives for a config and a number."""
    study = recorded(SPACE, minimize=("val_loss",), **options)
    units = np.random.default_rng(3).random((count, 3))
    for number, config in enumerate(SPACE.codec().decode(units)):
        train, val = curves(config, number)
        reports = [{"train_loss": float(a), "val_loss": float(b)} for a, b in zip(train, val, strict=True)]
        end = study.stopped if state == "stopped" else study.done
        end(config, reports=reports, val_loss=reports[-1]["val_loss"] + number / 1000)
    return study.view


@pytest.mark.parametrize(
    ("curves", "kind", "turned"),
    [
        (overfitting, "overfit", "raise model.weight_decay from"),
        (improving, "still_improving", "raise lr from"),
        (spiking, "unstable", "lower lr from"),
    ],
)
def test_the_best_trial_and_most_others(recorded, curves, kind, turned):
    view = recorded_study(recorded, lambda _, number: curves(number))
    best, shared = best_training(view), shared_symptom(view)
    assert best.evidence["kind"] == shared.evidence["kind"] == kind
    assert best.trials == (0,)
    assert turned in best.remedy
    assert len(shared.trials) == 12
    assert "In trial" in shared.sentence or "in trial" in shared.sentence
    assert {"best-training", "trainings"} <= {finding.name for finding in health(view)}


def test_healthy_trainings_have_no_finding(recorded):
    view = recorded_study(recorded, lambda _, number: healthy(number))
    assert best_training(view) is None
    assert shared_symptom(view) is None


def test_a_few_trials_are_no_trend(recorded):
    view = recorded_study(recorded, lambda _, number: overfitting(number) if number in (3, 4, 5) else healthy(number))
    assert best_training(view) is None
    assert shared_symptom(view) is None


def test_what_few_trials_have_is_told_where_the_space_tells_which(recorded):
    """instability beyond a learning rate: the search can leave it out"""
    view = recorded_study(
        recorded, lambda config, number: spiking(number) if config["lr"] > 0.1 else healthy(number), count=60
    )
    finding = shared_symptom(view)
    assert finding.evidence["kind"] == "unstable"
    assert len(finding.trials) < 30
    assert "with lr >" in finding.sentence
    assert "Search a space in which the upper bound of lr is 0." in finding.remedy


def test_the_end_of_a_training_that_was_stopped_says_nothing(recorded):
    """a trial that was stopped in mid-descent is not too short"""
    view = recorded_study(recorded, lambda _, number: improving(number), state="stopped")
    assert best_training(view) is None
    assert shared_symptom(view) is None


def test_where_the_best_report_counts_overfitting_is_a_note(recorded):
    severities = [
        best_training(recorded_study(recorded, lambda _, number: overfitting(number), pick=pick)).severity
        for pick in ("last", "best")
    ]
    assert severities == ["warning", "note"]


def test_a_running_trial_is_judged_as_far_as_it_has_come(recorded):
    study = recorded(SPACE, minimize=("val_loss",))
    config = dict.fromkeys(SPACE.params, 0.01) | {"hidden_units": 32}
    reports = [{"train_loss": float(a), "val_loss": float(b)} for a, b in overfitting().T]
    overfits = study.start(config, reports=reports)
    descends = study.start(config, reports=[{"val_loss": float(b)} for b in improving()[1]])
    begins = study.start(config, reports=[{"val_loss": 2.0}])
    breaks = study.start(config, reports=[{"val_loss": 2.0}, {"val_loss": math.nan}])
    view = study.view
    assert {trial.state for trial in view.trials} == {State.RUNNING}
    kinds = {number: [s.kind for s in ts.diagnose_trial(view, number)] for number in range(4)}
    assert kinds == {overfits: ["overfit"], descends: [], begins: [], breaks: ["diverged"]}


def test_long_curves_are_judged_by_some_of_their_points(recorded):
    study = recorded(minimize=("loss",))
    values = np.concatenate([2.0 * np.exp(-np.arange(6000) / 900), [np.nan]])
    number = study.start(reports=values.tolist())
    (found,) = ts.diagnose_trial(study.view, number)
    assert found.evidence.endswith("at step 6001")


@pytest.mark.parametrize(
    ("name", "knob"),
    [
        ("lr", "lr"),
        ("learning_rate_init", "lr"),
        ("optimizer.max-lr", "lr"),
        ("lr_decay", "schedule"),
        ("warmup_steps", "warmup"),
        ("n_layers", "depth"),
        ("hidden_layers", "depth"),
        ("dropout_rate", "dropout"),
        ("max_epochs", "steps"),
        ("clear", None),
        ("momentum", None),
    ],
)
def test_knobs_by_their_names(name, knob):
    assert knob_of(name) == knob


def test_a_knob_at_the_end_of_its_range_is_to_go_beyond(recorded):
    view = recorded_study(recorded, lambda _, number: overfitting(number), count=1)
    (symptom,) = diagnose(*overfitting())
    study = recorded(SPACE, minimize=("val_loss",))
    study.done({"lr": 0.1, "model.weight_decay": 0.1, "hidden_units": 16}, val_loss=1.0)
    text = knobs_text(symptom, SPACE, study.view.trials[0])
    assert text == (
        "raise model.weight_decay beyond 0.1, where its range ends, lower hidden_units beyond 16, where its range ends"
    )
    assert knobs_text(symptom, SPACE) == "raise model.weight_decay, lower hidden_units"
    assert knobs_text(symptom, view.space, view.trials[0]).startswith("raise model.weight_decay from")
