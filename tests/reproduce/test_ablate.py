"""Ablation by trainings: what each change brought is measured, and the study stays as it is."""

import json
import math
from typing import Annotated, Literal

import numpy as np
import pytest
from click.testing import CliRunner

import tunesmith as ts
from tunesmith.cli.main import cli
from tunesmith.errors import InvalidStudy

QUIET = {"minimize": "loss", "seed": 0, "progress": "quiet", "confirm": 0, "trials": 25}


def noisy(
    x: Annotated[float, ts.Float(0, 1)] = 0.9,
    y: Annotated[float, ts.Float(0, 1)] = 0.9,
    idle: Annotated[float, ts.Float(0, 1)] = 0.5,
    seed: int = 0,
):
    lucky, other = (np.random.default_rng([seed, part]).standard_normal() for part in (0, int(1e6 * (x + y + idle))))
    return {"loss": 4 * x + 2 * y + 0.5 * lucky + 0.01 * other}


def exact(x: Annotated[float, ts.Float(0, 1)] = 0.9, kind: Literal["a", "b"] = "a"):
    for step in range(3):
        yield {"loss": x + (kind == "a") + 1 / (step + 1)}


def brittle(x: Annotated[float, ts.Float(0, 1)] = 0.9, y: Annotated[float, ts.Float(0, 1)] = 0.1):
    """Fails where x is small unless y is large."""
    return {"loss": math.nan if x < 0.5 and y < 0.5 else 2 * x + 0.1 * (1 - y)}


def test_gains_are_measured(tmp_path):
    """by differences on the same seed, so that lucky seeds do not matter"""
    with ts.tune(noisy, store=str(tmp_path / "study.db"), **QUIET) as study:
        before = len(study.trials), study.best.number
        way = ts.ablate(study)
        assert way.repeats == 3
        winner = study.best.config
        assert {step.name for step in way.steps} == {"x", "y", "idle"}
        for step in way.steps:
            weight = {"x": 4, "y": 2, "idle": 0}[step.name]
            true = weight * (step.before - step.after)
            assert step.gain == pytest.approx(true, abs=0.05)
            assert step.low < step.gain < step.high < step.gain + 0.1
            assert step.after == winner[step.name]
        assert [step.real for step in way.steps if step.name == "x"] == [True]
        assert (len(study.trials), study.best.number) == before, "they are no trials"


def test_the_study_remembers_it(tmp_path):
    """for whoever opens it again, and as long as the winner is the same; another metric has none"""
    with ts.tune(noisy, store=str(tmp_path / "study.db"), **QUIET) as study:
        assert study.ablation().repeats is None
        way = ts.ablate(study, repeats=2)
    with ts.Study.open("noisy", store=str(tmp_path / "study.db")) as again:
        assert again.ablation() == way
        assert ts.ablate(again, noisy, repeats=2) == way, "the seeds follow from the study"


def test_exact_trainings_have_no_interval():
    with ts.tune(exact, store=None, **QUIET) as study:
        way = ts.ablate(study, exact, repeats=2)
        assert sum(step.gain for step in way.steps) == pytest.approx(way.start - study.best.values["loss"])
        assert all(step.low == step.gain == step.high for step in way.steps)


def test_one_training_each_leaves_noise_unknown():
    with ts.tune(noisy, store=None, **QUIET) as study:
        way = ts.ablate(study, noisy, repeats=1)
        assert all(step.high == math.inf and not step.real for step in way.steps)


def test_what_fails_on_the_way_is_not_known():
    with ts.tune(brittle, store=None, sampler="random", **{**QUIET, "trials": 60}) as study:
        way = ts.ablate(study, brittle, repeats=2)
        gains = [step.gain for step in way.steps]
        first = way.steps[0].name
        assert any(map(math.isnan, gains)) == (first == "x")


def test_a_default_that_won_is_not_trained():
    def best_at_default(x: Annotated[float, ts.Float(0, 1)] = 0.5):
        return {"loss": abs(x - 0.5)}

    with ts.tune(best_at_default, store=None, **QUIET) as study:
        assert ts.ablate(study, lambda x: pytest.fail("nothing is to be trained")).steps == ()


def test_bad_questions():
    with ts.tune(exact, store=None, **QUIET) as study:
        for repeats in (0, -1, True, 1.5):
            with pytest.raises(InvalidStudy, match="the number of trainings of each configuration"):
                ts.ablate(study, exact, repeats=repeats)
        with pytest.raises(InvalidStudy, match="nope"):
            ts.ablate(study, exact, metric="nope")


def test_define_by_run_is_refused():
    def grown(ctx: ts.Context):
        return {"loss": ctx.float("x", 0, 1)}

    study = ts.tune(grown, store=None, **{**QUIET, "trials": 12})
    with pytest.raises(InvalidStudy, match="define-by-run"):
        ts.ablate(study, grown)


def test_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ts.tune(exact, name="study", store="sqlite:///tunesmith.db", **QUIET).close()
    here = f"{__file__}:exact"
    told = CliRunner().invoke(cli, ["ablate", "study", here, "--repeats", "2"])
    assert told.exit_code == 0, told.output
    assert "measured on 2 seeds" in told.output
    shown = CliRunner().invoke(cli, ["importance", "study"])
    assert "measured on 2 seeds" in shown.output
    document = json.loads(CliRunner().invoke(cli, ["ablate", "study", here, "--repeats", "1", "--json"]).stdout)
    assert document["repeats"] == 1
    assert document["steps"][0]["high"] is None
