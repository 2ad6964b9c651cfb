"""Where noise is large, the command line and the report say what is expected of the best trial."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from tunesmith.analysis.best import best_of
from tunesmith.cli.main import cli
from tunesmith.space import Float
from tunesmith.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study whose best value is a lucky one."""
    store = f"sqlite:///{tmp_path_factory.mktemp('noise') / 'tunesmith.db'}"
    space = {"x": Float(0, 1), "y": Float(0, 1)}
    with Study.open("noisy", space=space, minimize="loss", store=store, trials=60, seed=0, sampler="random") as opened:
        draws = np.random.default_rng(2)
        for _ in range(60):
            trial = opened.ask()
            true = 2 * (trial.config["x"] - 0.3) ** 2 + (trial.config["y"] - 0.6) ** 2
            opened.tell(trial, loss=true + 0.15 * float(draws.standard_normal()))
        assert best_of(opened.view).luckier is not None
        yield opened, store


def printed(*words):
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_show_and_best_name_the_trial_of_the_study_and_say_why(study):
    opened, store = study
    caveat = best_of(opened.view).caveat
    assert opened.front == [opened.best]
    for command in ("show", "best"):
        text = printed(command, "--store", store)
        assert f"best: trial {opened.best.number} (done)" in text
        assert caveat in text


def test_json_has_what_is_expected(study):
    opened, store = study
    expected = {"mean": best_of(opened.view).expected.mean, "deviation": best_of(opened.view).expected.deviation}
    best = json.loads(printed("best", "--json", "--store", store))
    assert best["trial"] == opened.best.number
    assert best["expected"] == pytest.approx(expected)
    summary = json.loads(printed("show", "--json", "--store", store))
    assert summary["best"]["number"] == opened.best.number
    assert summary["expected"] == pytest.approx(expected)


def test_the_report_says_so(study, tmp_path):
    opened, _ = study
    page = opened.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"Noise is large: {best_of(opened.view).caveat}" in page
    assert f"with trial {opened.best.number}." in page
