"""Guided tuning of real functions: from the first trial to the confirmed winner, also after a kill."""

from __future__ import annotations

import html
import math
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Literal

import pytest
from click.testing import CliRunner

import tunesmith as ts
from tunesmith.cli.main import cli
from tunesmith.errors import InvalidStudy
from tunesmith.run.replay import check_log, check_proposals
from tunesmith.samplers.auto import choose_sampler
from tunesmith.stages.named import sampler_of
from tunesmith.stages.order import NAMES

SCRIPT = """
import math, os, random, sys
from typing import Annotated
import tunesmith as ts

KILL = int(sys.argv[1])

def train(ctx: ts.Context, lr: Annotated[float, ts.Float(1e-5, 1.0, log=True)] = 1e-3,
          width: Annotated[int, ts.Int(8, 256, log=True)] = 32, seed: int = 0):
    for epoch in range(3):
        if ctx.number == KILL and epoch == 1:
            os.kill(os.getpid(), 9)
        yield {"loss": math.log10(lr / 0.01) ** 2 + abs(math.log(width / 64)) + random.Random(seed).gauss(0, 0.01)}

ts.guided(train, minimize="loss", trials=24, seed=5, name="killed", store=sys.argv[2], progress="quiet")
"""


def train(
    lr: Annotated[float, ts.Float(1e-5, 1.0, log=True)] = 1e-3,
    batch_size: Literal[16, 32, 64] = 32,
    width: Annotated[int, ts.Int(8, 256, log=True)] = 32,
    dropout: Annotated[float, ts.Float(0.0, 0.5)] = 0.0,
    seed: int = 0,
):
    noise = random.Random(seed)
    loss = math.log10(lr / 0.01) ** 2 / 8 + math.log(width / 90) ** 2 / 20 + (dropout - 0.2) ** 2 + 1 / batch_size
    for epoch in range(1, 6):
        yield {"loss": loss + 1 / epoch + noise.gauss(0, 0.01), "cost": epoch}


def told(study: ts.Study) -> list[object]:
    return [(trial.by, trial.config, trial.seed, trial.values, trial.twin) for trial in study.trials]


def test_a_guided_search_finds_and_confirms(capsys: pytest.CaptureFixture[str]) -> None:
    """a better configuration than the default, confirmed, and each stage told once"""
    with ts.guided(train, minimize="loss", trials=40, seed=1, store=None, progress="lines") as study:
        assert study.confirmed is not None
        assert study.best.values["loss"] < study.trials[0].values["loss"]
        said = capsys.readouterr().err
        for name in NAMES:
            assert said.count(f"  {name}: ") == 1
        assert "learning rate: lr*" in said
        assert [chapter.stage for chapter in ts.story(study.view)] == [*NAMES, "confirmation"]


def test_the_same_seed_tells_the_same_story() -> None:
    """with a budget of cost too, where trials pause and go on"""
    first, again = (ts.guided(train, minimize="loss", cost=120, seed=2, store=None, progress="quiet") for _ in range(2))
    assert told(first) == told(again)
    assert {trial.by.partition("/")[0] for trial in first.trials} >= {"learning rate", "fine-tuning"}


def test_a_stage_is_a_tournament() -> None:
    """where trials pause, its questions wait for one another at one step, and no more than one is trained to its end for it"""

    def slow(lr: float = 1e-3, width: int = 32, depth: int = 2, dropout: float = 0.0, seed: int = 0):
        noise = random.Random(seed)
        loss = math.log10(lr / 0.01) ** 2 + abs(math.log(width / 64)) + abs(depth - 4) / 4 + dropout
        for epoch in range(1, 28):
            yield {"loss": loss + 3 / epoch + noise.gauss(0, 0.01), "cost": epoch}

    space = {
        "lr": ts.Float(1e-5, 1, log=True, default=1e-3),
        "width": ts.Int(8, 256, log=True, default=32),
        "depth": ts.Int(1, 6, default=2),
        "dropout": ts.Float(0, 0.5, default=0.0),
    }
    with ts.guided(
        slow, space=space, minimize="loss", cost=20 * 27, steps=27, seed=3, store=None, progress="quiet"
    ) as study:
        for stage in ("learning rate", "architecture and regularization"):
            trials = [trial for trial in study.trials if trial.by == f"{stage}/line"]
            first = {
                int(study.view.curve(trial.number, "loss")[0][-1]) for trial in trials if trial.state.value == "paused"
            }
            assert min(first) == 9
            assert sum(trial.state.value == "done" for trial in trials) == 1
        fine = [trial for trial in study.trials if trial.by.startswith("fine-tuning")]
        assert len(fine) > len(study.trials) / 2


def test_several_workers_ask_what_one_would(capsys: pytest.CaptureFixture[str]) -> None:
    """a stage that begins as trials of the one before are under way changes what is best so far; it is told when it is settled"""

    def slow(lr: float = 1e-3, width: int = 32, depth: int = 2, seed: int = 0):
        noise = random.Random(seed)
        loss = math.log10(lr / 0.01) ** 2 + abs(math.log(width / 64)) + abs(depth - 4) / 4
        for epoch in range(1, 28):
            yield {"loss": loss + 3 / epoch + noise.gauss(0, 0.01)}

    space = {
        "lr": ts.Float(1e-5, 1, log=True, default=1e-3),
        "width": ts.Int(8, 256, log=True, default=32),
        "depth": ts.Int(1, 6, default=2),
    }
    with ts.guided(
        slow, space=space, minimize="loss", time="30m", steps=27, seed=3, parallel=4, executor=ts.simulated(seconds=10), progress="lines"
    ) as study:  # fmt: skip
        lines = [trial.config for trial in study.trials if trial.by == "architecture and regularization/line"]
        assert lines
        assert all(config["lr"] == pytest.approx(0.01) for config in lines)
        said = capsys.readouterr().err
        for chapter in ts.story(study.view)[1:4]:
            assert f"  {chapter}" in said


def test_a_guided_study_is_opened_again(tmp_path: Path) -> None:
    """with its own sampler and scheduler, so that each proposal can be asked for again, and a person can go on by ask and tell"""
    store = tmp_path / "a.db"
    ts.guided(train, minimize="loss", cost=60, seed=2, name="again", store=store, progress="quiet").close()
    found = CliRunner().invoke(cli, ["check", "again", "--proposals", "--store", str(store)])
    assert found.exit_code == 0, found.output
    assert "asked again, all the same" in found.output
    with ts.Study.open("again", store=store, cost=100) as study:
        assert study.choices[0].startswith("sampler: guided, ")
        assert study.choices[1].startswith("scheduler: guided, ")
        trial = study.ask()
        assert trial.by.startswith("fine-tuning")


def test_the_report_tells_the_stages(tmp_path: Path) -> None:
    """in their order, between how sure the answer is and what mattered; that of another study has nothing of it"""
    with ts.guided(train, minimize="loss", trials=30, seed=1, store=None, progress="quiet") as study:
        page = study.report(tmp_path / "guided.html").read_text(encoding="utf-8")
        for chapter in ts.story(study.view):
            assert chapter.sentences[0] in html.unescape(page)
    heads = [page.index(f"<dt>{name}</dt>") for name in NAMES]
    assert heads == sorted(heads)
    assert page.index("How sure that is") < heads[0] < page.index("What mattered")
    with ts.tune(train, minimize="loss", trials=5, seed=1, store=None, progress="quiet") as study:
        assert "What each stage learned" not in study.report(tmp_path / "other.html").read_text(encoding="utf-8")


def test_a_killed_search_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    """in the stage that it was in, to the same trials"""
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    stores = [tmp_path / "one.db", tmp_path / "other.db"]
    ends = []
    for store, kill in ((stores[0], 9), (stores[0], -1), (stores[1], -1)):
        done = subprocess.run(
            [sys.executable, str(script), str(kill), str(store)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
        ends.append(done.returncode)
    assert ends == [-signal.SIGKILL, 0, 0]
    studies = [ts.Study.open("killed", store=store) for store in stores]
    assert told(studies[0]) == told(studies[1])
    assert len(studies[0].trials) == 24
    assert check_log(studies[0].store, "killed") == []
    count, wrong = check_proposals(
        studies[0].store, "killed", lambda spec: choose_sampler(spec, sampler_of(spec)).sampler
    )
    assert wrong == []
    assert count > 10
    for study in studies:
        study.close()


def test_a_larger_budget_continues() -> None:
    """with fine-tuning"""
    store = ts.Study.open("kept", space={"x": ts.Float(0, 1)}, minimize="loss").store
    for trials in (20, 30):
        study = ts.guided(train, minimize="loss", trials=trials, seed=1, name="more", store=store, progress="quiet")
        assert len(study.trials) == trials
    assert study.trials[-4].by.startswith("fine-tuning") or study.trials[-4].twin is not None


def test_a_range_test_is_made_once() -> None:
    """in the first trial, and narrows what is tried"""
    made = []

    class Found:
        clear, low, high = True, 1e-3, 1e-1

    def probing(ctx: ts.Context, lr: Annotated[float, ts.Float(1e-6, 10.0, log=True)] = 1e-2):
        ts.probe_lr(ctx, lambda: made.append(ctx.number) or Found())
        yield {"loss": abs(math.log10(lr) + 2)}

    study = ts.guided(probing, minimize="loss", trials=16, seed=0, store=None, progress="quiet")
    assert made == [0]
    assert study.trials[0].values["lr_range.low"] == 1e-3
    rates = [trial.config["lr"] for trial in study.trials if trial.by == "learning rate/line"]
    assert rates
    assert all(0.999e-3 <= rate <= 1.001e-1 for rate in rates)


def test_what_it_does_not_do_is_said() -> None:
    """before anything is trained"""
    with pytest.raises(InvalidStudy, match="leave them out"):
        ts.guided(train, minimize="loss", trials=20, sampler="gp", store=None)
    with pytest.raises(InvalidStudy, match="one objective"):
        ts.guided(train, minimize=["loss", "cost"], trials=20, store=None)
    with pytest.raises(InvalidStudy, match="beforehand"):
        ts.guided(lambda ctx: ctx.float("x", 0, 1), minimize="loss", trials=20, store=None)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tells the chapters, and wants to know the metric"""
    (tmp_path / "guidable.py").write_text("from test_guided_runs import train\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    options = ["guide", "guidable.py:train", "--trials", "16", "--store", str(tmp_path / "a.db")]
    found = CliRunner().invoke(cli, [*options, "--minimize", "loss", "--plain"])
    assert found.exit_code == 0, found.output
    assert "fine-tuning: " in found.output
    assert isinstance(CliRunner().invoke(cli, options).exception, InvalidStudy)
