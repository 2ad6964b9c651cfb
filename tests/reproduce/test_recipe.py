"""A directory with all that it takes to train a trial elsewhere, and the model back."""

import json
import pickle
import platform
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from ruamel.yaml import YAML

import tunesmith as ts
from tunesmith.errors import InvalidFile, InvalidStudy


def fit(
    ctx: ts.Context, x: Annotated[float, ts.Float(0.0, 1.0)] = 0.5, kind: Annotated[str, ts.Choice("a", "b")] = "a"
):
    ctx.data(inputs=np.ones(3))
    weights = np.random.rand(3)  # noqa: NPY002
    for step in range(1, 4):
        weights = weights * x
        ctx.report(loss=float(weights.sum()), seconds=float(step))
        ctx.save({"weights": weights, "kind": kind})
    (ctx.folder / "notes.txt").write_text("of its own")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    store = tmp_path_factory.mktemp("store") / "study.db"
    options = {"minimize": "loss", "trials": 8, "seed": 0, "sampler": "random", "confirm": 0, "scheduler": "none"}
    with ts.tune(fit, store=str(store), progress="quiet", **options) as study:
        yield study


def test_a_recipe_is_complete(study, tmp_path):
    path = ts.recipe(study, output=tmp_path / "recipe")
    best = study.best
    assert path == tmp_path / "recipe"
    assert json.loads((path / "config.json").read_text()) == best.config
    assert YAML(typ="safe").load((path / "config.yaml").read_text()) == best.config
    assert int((path / "seed.txt").read_text()) == best.seed
    assert f"numpy=={np.__version__}" in (path / "requirements.txt").read_text().splitlines()
    assert (path / ".python-version").read_text().strip() == platform.python_version()
    assert (path / "code" / "test_recipe.py").read_text() == Path(__file__).read_text()
    assert (path / "files" / "notes.txt").read_text() == "of its own"
    page = (path / "README.md").read_text()
    for words in (
        f"# fit, trial {best.number}",
        "the best of 8 trials of a study that minimizes loss",
        f"- loss: {best.values['loss']:.6g}, when it was found",
        "partly luck",
        "tunesmith rerun . --output trained",
        "step, state = pickle.load(file)",
        f"Python {platform.python_version()}",
        "- data inputs: float64 (3,)",
        "`checkpoint.pkl`",
    ):
        assert words in page
    assert ts.rerun(path).verdict == "same"


def test_another_trial_is_not_called_the_best(study, tmp_path):
    other = next(trial for trial in study.trials if trial.number != study.best.number)
    page = (ts.recipe(study, other.number, output=tmp_path / "other") / "README.md").read_text()
    assert "one of 8 trials" in page
    assert "partly luck" not in page


def test_the_checkpoint_needs_nothing_but_pickle(study, tmp_path):
    path = ts.recipe(study, output=tmp_path / "recipe")
    step, state = pickle.loads((path / "checkpoint.pkl").read_bytes())
    assert step == 3
    assert state["weights"].tolist() == study.load()["weights"].tolist()


def test_the_model_comes_back(study):
    assert study.load()["kind"] == study.best.config["kind"]
    for trial in study.trials:
        assert float(study.load(trial.number)["weights"].sum()) == trial.values["loss"]
    with pytest.raises(InvalidStudy, match="Trial 99 of study 'fit' has no checkpoint; save one with ctx.save"):
        study.load(99)


def test_a_confirmed_winner_says_what_it_is_worth(tmp_path):
    options = {"minimize": "loss", "trials": 24, "seed": 0, "sampler": "random", "confirm": 0.4, "scheduler": "none"}
    with ts.tune(fit, store=str(tmp_path / "study.db"), progress="quiet", **options) as study:
        assert study.confirmed is not None
        page = (ts.recipe(study, output=tmp_path / "recipe") / "README.md").read_text()
        assert study.confirmed.sentence in page


def test_what_cannot_be_written(study, tmp_path):
    with pytest.raises(InvalidFile, match="cannot be made"):
        ts.recipe(study, output=tmp_path)
    with pytest.raises(InvalidStudy, match="no trial 99"):
        ts.recipe(study, 99, output=tmp_path / "none")
    with (
        ts.Study.open("empty", space={"x": ts.Float(0, 1)}, minimize="loss") as empty,
        pytest.raises(InvalidStudy, match="no result yet"),
    ):
        ts.recipe(empty, output=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_studies_by_ask_and_tell_have_recipes_too(tmp_path):
    """without code and environment, which nobody recorded"""
    with ts.Study.open("asked", space={"net.width": ts.Int(1, 9)}, minimize="loss") as study:
        study.tell(study.ask(), 0.25)
        path = ts.recipe(study, output=tmp_path / "recipe")
        assert json.loads((path / "config.json").read_text()) == {"net": {"width": 5}}
        assert "tunesmith rerun . 0 train.py:train" in (path / "README.md").read_text()
        assert ts.rerun(path, 0, lambda config: 0.25).verdict == "same"
