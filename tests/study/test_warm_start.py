"""Studies that begin from earlier ones."""

import math

import pytest
from click.testing import CliRunner

import tunesmith as ts
from tunesmith.cli.main import cli
from tunesmith.errors import InvalidStudy, UnknownStudy
from tunesmith.run.replay import check_proposals
from tunesmith.samplers.auto import choose_sampler

SPACE = ts.Space(
    {"lr": ts.Float(1e-5, 1, log=True), "width": ts.Int(16, 512, log=True), "opt": ts.Choice("sgd", "adam")}
)


def loss(config):
    return (math.log10(config["lr"]) + 2) ** 2 + (config["width"] / 100 - 1) ** 2 + (config["opt"] == "sgd")


def train(study, trials, sign=1.0):
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, sign * loss(trial.config))
    return study


@pytest.fixture
def old(tmp_path):
    """A store with a finished study."""
    path = tmp_path / "old.db"
    with ts.Study.open("old", space=SPACE, minimize="loss", seed=1, store=path) as study:
        train(study, 25)
    return path


def test_says_so_and_begins_with_the_best(old):
    with ts.Study.open("new", space=SPACE, minimize="loss", seed=2, store=old, warm_start=["old"]) as study:
        assert study.sampler.why.endswith("; starts from 25 trials of 1 earlier study")
        train(study, 6)
        assert [trial.by for trial in study.trials][:2] == ["default", "earlier"]
        best = min(loss(dict(config)) for config in study.spec.earlier[0].configs)
        assert study.trials[1].values["loss"] == best


def test_needs_the_other_store_no_more_and_proposes_the_same_again(old, tmp_path):
    path = tmp_path / "new.db"
    wanted = {"space": SPACE, "minimize": "loss", "seed": 2, "store": path, "warm_start": [f"{old}::old"]}
    with ts.Study.open("new", **wanted) as study:
        train(study, 8)
    old.unlink()
    with ts.Study.open("new", **wanted) as study:
        train(study, 4)
        assert len(study.trials) == 12
        assert check_proposals(study.store, "new", lambda spec: choose_sampler(spec).sampler) == (12, [])


def test_what_comes_later_to_the_earlier_study_changes_nothing(old):
    wanted = {"space": SPACE, "minimize": "loss", "seed": 2, "store": old, "warm_start": ["old"]}
    with ts.Study.open("new", **wanted) as study:
        before = study.spec
    with ts.Study.open("old", store=old) as study:
        train(study, 3)
    with ts.Study.open("new", **wanted) as study:
        assert study.spec == before


def test_further_ones_can_be_added(old):
    memory = train(ts.Study.open("memory", space=SPACE, maximize="acc", seed=3), 10, sign=-1.0)
    with ts.Study.open("new", space=SPACE, minimize="loss", seed=2, store=old) as study:
        train(study, 5)
    with ts.Study.open("new", store=old, warm_start=["old", memory]) as study:
        assert [earlier.study for earlier in study.spec.earlier] == ["old", "memory"]
        assert study.ask().by == "earlier"


def test_renamed_parameters(old):
    space = ts.Space(
        {"rate": ts.Float(1e-4, 0.1, log=True), "width": ts.Int(16, 2048, log=True), "decay": ts.Float(0, 1)}
    )
    source = ts.WarmStart("old", renamed={"lr": "rate"})
    with ts.Study.open("new", space=space, maximize="acc", seed=2, store=old, warm_start=[source]) as study:
        first, second = study.ask(), study.ask()
        assert first.by == "default"
        assert second.by == "earlier"
        rates = {config["rate"] for config in study.spec.earlier[0].configs}
        assert second.config["rate"] in rates


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "random", "sobol"])
def test_every_sampler_begins_with_the_best(old, sampler):
    with ts.Study.open(
        "new", space=SPACE, minimize="loss", seed=2, store=old, sampler=sampler, warm_start=["old"]
    ) as study:
        asked = [study.ask().by for _ in range(8)]
    assert asked[:2] == ["default", "earlier"]
    assert asked.count("earlier") == 3
    assert "earlier" not in asked[2:3], "the second turn is that of who doubts"


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ("old", InvalidStudy, r"give a list of earlier studies, as in warm_start=\['old'\]"),
        (["new"], InvalidStudy, "is the study itself"),
        (["odl"], UnknownStudy, "has no study 'odl'; did you mean 'old'"),
        (["old", "old"], InvalidStudy, "names 'old' twice"),
        ([ts.WarmStart("old", renamed={"rl": "lr"})], InvalidStudy, "study 'old' has no parameter 'rl'"),
        ([ts.WarmStart("old", renamed={"lr": "rl"})], InvalidStudy, "the study that begins has no parameter 'rl'"),
        ([ts.WarmStart("empty")], InvalidStudy, "'empty' has no result yet"),
        ([ts.WarmStart("else")], InvalidStudy, "has none of the parameters lr, width, opt"),
    ],
)
def test_what_is_of_no_use_is_said(old, given, error, says):
    with ts.Study.open("empty", space=SPACE, minimize="loss", store=old):
        pass
    with ts.Study.open("else", space={"x": ts.Float(0, 1)}, minimize="loss", store=old) as other:
        other.tell(other.ask(), 1.0)
    with pytest.raises(error, match=says):
        ts.Study.open("new", space=SPACE, minimize="loss", store=old, warm_start=given)


def test_a_space_elsewhere_is_said(old):
    space = ts.Space({"lr": ts.Float(1e5, 1e6, log=True)})
    with pytest.raises(InvalidStudy, match="none of the 25 configurations of 'old' is anywhere near"):
        ts.Study.open("new", space=space, minimize="loss", store=old, warm_start=["old"])


def test_tune_and_the_command_line(old, tmp_path, monkeypatch):
    def function(config):
        return loss({"opt": "adam", **config})

    space = {"lr": ts.Float(1e-5, 1, log=True), "width": ts.Int(16, 512, log=True)}
    study = ts.tune(
        function, space=space, minimize="loss", trials=3, store=old, name="tuned", warm_start=["old"], progress="quiet"
    )
    assert study.trials[1].by == "earlier"
    study.close()
    monkeypatch.chdir(tmp_path)
    words = ["run", "--store", str(old), "--minimize", "loss", "--trials", "2", "--name", "commanded", "--quiet"]
    words += ["--warm-start", "old", "--renamed", "lr=rate"]
    program = ["--", "python", "-c", "import sys; print('loss:', sys.argv[1])", "{rate: log 1e-5 1}"]
    done = CliRunner().invoke(cli, [*words, *program])
    assert done.exit_code == 0, done.output
    with ts.Study.open("commanded", store=old) as study:
        assert study.spec.earlier[0].study == "old"
        assert study.trials[1].by == "earlier"
    refused = CliRunner().invoke(cli, [*words, "--renamed", "lr", *program])
    assert "write the earlier name and the new one" in str(refused.exception)
