"""What is kept of earlier studies."""

import json

import pytest

import tunesmith as ts
from tunesmith.errors import NewerFormat
from tunesmith.trials.earlier import Earlier
from tunesmith.trials.remembered import remembered
from tunesmith.trials.spec import Objective, StudySpec

SPACE = ts.Space({"lr": ts.Float(1e-4, 1, log=True), "width": ts.Int(1, 64)})
LOSS = (Objective("loss", "minimize"),)


def told(values, *, name="old", seed=0, space=SPACE, **options):
    """A study with these results, one a trial; None is a failure."""
    study = ts.Study.open(name, space=space, seed=seed, sampler="random", **(options or {"minimize": "loss"}))
    for value in values:
        trial = study.ask()
        if value is None:
            study.fail(trial, "oom")
        else:
            study.tell(trial, value)
    return study


def test_round_trip_with_the_spec():
    study = told([0.3, None, 0.1])
    earlier = remembered("old.db::old", study.view, SPACE, LOSS, {"lr": "rate"})
    spec = StudySpec("new", SPACE, LOSS, earlier=(earlier,))
    again = StudySpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert again.earlier[0].study == "old.db::old"


def test_a_study_of_before_there_were_earlier_ones():
    doc = StudySpec("new", SPACE, LOSS).to_json()
    del doc["earlier"]
    assert StudySpec.from_json(doc).earlier == ()


def test_a_later_format_is_refused():
    doc = {"version": 99, "study": "old", "trials": 1, "configs": [], "losses": []}
    with pytest.raises(NewerFormat, match="upgrade Tunesmith"):
        Earlier.from_json(doc)


def test_names_signs_and_failures():
    study = told([0.3, None, 0.9], maximize="acc")
    space = ts.Space({"rate": ts.Float(1e-4, 1, log=True)})
    earlier = remembered("old", study.view, space, LOSS, {"lr": "rate"})
    assert earlier.trials == 3
    assert earlier.configs == tuple({"rate": trial.config["lr"]} for trial in study.trials)
    assert earlier.losses == ((-0.3,), (None,), (-0.9,))


def test_objectives_by_name_else_by_place():
    study = told([{"loss": 1.0, "size": 2.0}], minimize=["loss", "size"])
    objectives = [Objective("size", "maximize"), Objective("loss", "minimize"), Objective("speed", "maximize")]
    assert remembered("old", study.view, SPACE, objectives, {}).losses == ((2.0, 1.0, None),)
    assert remembered("old", study.view, SPACE, [Objective("error", "minimize")], {}).losses == ((1.0,),)


def test_repeats_are_one():
    study = told([1.0, 2.0])
    study.enqueue(study.trials[0].config)
    study.tell(study.ask(), 3.0)
    earlier = remembered("old", study.view, SPACE, LOSS, {})
    assert earlier.losses == ((2.0,), (2.0,))
    assert earlier.trials == 3


def test_of_many_the_best_half_and_some_others_are_kept():
    values = [float((7 * number) % 250) for number in range(250)]
    earlier = remembered("old", told(values).view, SPACE, LOSS, {})
    kept = sorted(loss for (loss,) in earlier.losses)
    assert len(kept) == 100
    assert kept[:50] == [float(value) for value in range(50)]
    assert kept[-1] == 249.0
    assert earlier.trials == 250
