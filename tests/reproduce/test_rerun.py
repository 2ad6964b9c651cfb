"""A recorded trial trained again: the verdict, and what has changed."""

import json
import linecache
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from click.testing import CliRunner

import tunesmith as ts
from tunesmith.cli.main import cli
from tunesmith.errors import InvalidFile, InvalidStudy
from tunesmith.run.replay import check_log
from tunesmith.trials.facts import Draft, Lost

QUIET = {"progress": "quiet", "confirm": 0}


def tuned(function, store, **options):
    defaults = {"minimize": "loss", "trials": 6, "seed": 0, "store": str(store / "study.db")}
    return ts.tune(function, **{**defaults, **QUIET, **options})


def verdicts(study, *target):
    return [ts.rerun(study, trial.number, *target).verdict for trial in study.trials]


# -- same ------------------------------------------------------------------------------------------------------------


def network(
    lr: Annotated[float, ts.Float(1e-3, 1.0, log=True)] = 0.1,
    width: Annotated[int, ts.Int(2, 16)] = 4,
):
    """A torch network whose weights and batches come from torch's global generator."""
    import torch

    torch.set_num_threads(1)
    X = torch.linspace(-2, 2, 64)[:, None]
    y = torch.sin(2 * X)
    model = torch.nn.Sequential(torch.nn.Linear(1, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(6):
        for batch in torch.randperm(64).split(16):
            optimizer.zero_grad()
            loss = ((model(X[batch]) - y[batch]) ** 2).mean()
            loss.backward()
            optimizer.step()
        yield {"loss": ((model(X) - y) ** 2).mean().item()}


def test_torch_trainings_come_out_the_same(tmp_path):
    """finished and stopped ones, without naming the function: it can be imported"""
    with tuned(network, tmp_path, trials=10, scheduler="median", sampler="random") as study:
        assert {trial.state for trial in study.trials} == {ts.State.DONE, ts.State.STOPPED}
        assert verdicts(study) == ["same"] * 10
        stopped = next(trial for trial in study.trials if trial.state is ts.State.STOPPED)
        (outcome,) = ts.rerun(study, stopped.number).agreement.outcomes
        assert outcome.before == outcome.now == stopped.values["loss"]


def test_other_processes_give_the_same(tmp_path):
    with tuned(network, tmp_path, trials=2, parallel=2) as study:
        assert verdicts(study) == ["same"] * 2


def test_paused_trials_are_trained_as_far_as_they_were(tmp_path):
    with tuned(network, tmp_path, trials=9, scheduler="asha", steps=6, sampler="random") as study:
        paused = [trial for trial in study.trials if trial.state is ts.State.PAUSED]
        assert paused
        assert verdicts(study) == ["same"] * 9


def test_parameters_that_are_asked_for(tmp_path):
    def grow(ctx: ts.Context):
        depth = ctx.int("depth", 1, 3)
        ctx.report(loss=sum(ctx.float(f"w{layer}", 0.0, 1.0) for layer in range(depth)) + np.random.rand())  # noqa: NPY002

    with tuned(grow, tmp_path) as study:
        assert verdicts(study, grow) == ["same"] * 6


def member(ctx: ts.Context, lr: Annotated[float, ts.Float(0.01, 1.0, log=True)] = 0.1):
    state = ctx.load() or {"x": 5.0}
    while ctx.step < 8:
        state["x"] -= lr * (state["x"] + np.random.normal())  # noqa: NPY002
        ctx.report(loss=state["x"] ** 2)
        ctx.save(state)


def test_forks_are_trained_along_their_schedule(tmp_path):
    with tuned(member, tmp_path, trials=12, scheduler=ts.PBT(population=4, interval=2), steps=8) as study:
        forks = [trial for trial in study.trials if trial.parent is not None]
        assert forks
        for trial in forks:
            assert ts.rerun(study, trial.number).verdict == "same"
        again = ts.rerun(ts.recipe(study, forks[-1].number, output=tmp_path / "fork"))
        assert (again.verdict, again.trial) == ("same", forks[-1].number)


def test_forks_without_checkpoints_cannot_be_replayed(tmp_path):
    saves = [True]

    def forgetful(ctx: ts.Context, lr: Annotated[float, ts.Float(0.01, 1.0, log=True)] = 0.1):
        state = ctx.load() or {"x": 5.0}
        while ctx.step < 8:
            state["x"] -= lr * state["x"]
            ctx.report(loss=state["x"] ** 2)
            if saves[0]:
                ctx.save(state)

    with tuned(forgetful, tmp_path, trials=12, scheduler=ts.PBT(population=4, interval=2), steps=8) as study:
        fork = next(trial for trial in study.trials if trial.parent is not None)
        saves[0] = False
        with pytest.raises(InvalidStudy, match="saves no checkpoint there"):
            ts.rerun(study, fork.number, forgetful)


def test_every_trial_of_the_demo_is_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["demo", "--trials", "4", "--quiet", "--json"])
    assert done.exit_code == 0, done.output
    with ts.Study.open("demo-0", store="tunesmith.db") as study:
        assert verdicts(study) == ["same"] * len(study.trials)


def test_what_is_not_a_trial_is_not_counted(tmp_path):
    """a rerun leaves a note, and the study as it was"""
    with tuned(network, tmp_path, trials=2) as study:
        best, count = study.best.number, len(study.trials)
        ts.rerun(study, 0)
        ts.rerun(study, 0)
        assert (study.best.number, len(study.trials)) == (best, count)
        shown = CliRunner().invoke(cli, ["trial", "network", "0", "--store", str(tmp_path / "study.db")]).stdout
        assert shown.count(": same\n") == 2
        notes = study.trials[0].notes["reruns"]
        assert [note["verdict"] for note in notes] == ["same", "same"]
        assert notes[0]["values"] == {"loss": study.trials[0].values["loss"]}
        assert check_log(study.store, study.name) == []


# -- not the same ----------------------------------------------------------------------------------------------------

OWN = np.random.default_rng(0)  # the trial's seed does not set it


def unseeded(x: Annotated[float, ts.Float(-1.0, 1.0)] = 0.5):
    return {"loss": x**2 + 0.05 * OWN.normal()}


def test_what_its_seed_does_not_set_is_seed_noise(tmp_path):
    with tuned(unseeded, tmp_path, trials=50, sampler="random") as study:
        again = [ts.rerun(study, number) for number in range(12)]
    found = [each.verdict for each in again]
    assert "same" not in found
    assert found.count("within seed noise") >= 9
    (outcome,) = again[0].agreement.outcomes
    assert 0.02 < outcome.noise < 0.1
    assert "noise between seeds about 0.0" in again[0].sentence


def test_few_trials_excuse_nothing(tmp_path):
    with tuned(unseeded, tmp_path, trials=4) as study:
        again = ts.rerun(study, 1)
    assert again.verdict == "different"
    assert "is not known: too few trials have finished" in str(again)


def test_failures(tmp_path):
    memory = [0.5]

    def fragile(x: Annotated[float, ts.Float(0.0, 1.0)] = 0.2):
        yield {"loss": x}
        if x > memory[0]:
            raise MemoryError("too large")
        yield {"loss": math.nan if x > memory[0] / 2 else x / 2}

    with tuned(fragile, tmp_path, trials=12, sampler="sobol") as study:
        assert {trial.failure.kind for trial in study.trials if trial.failure} == {"oom", "nan"}
        assert verdicts(study, fragile) == ["same"] * 12
        memory[0] = 3.0
        failed = next(trial for trial in study.trials if trial.failure and trial.failure.kind == "oom")
        again = ts.rerun(study, failed.number, fragile)
        assert again.verdict == "different"
        assert "it failed then (oom: MemoryError: too large), and did not this time" in again.sentence
        memory[0] = 0.0
        assert "it failed this time (oom: MemoryError: too large)" in ts.rerun(study, 0, fragile).sentence


def test_another_exception_is_another_failure(tmp_path):
    cause = ["first"]

    def breaks(x: Annotated[float, ts.Float(0.0, 1.0)] = 0.2):
        if x != 0.2:
            raise RuntimeError(cause[0])
        return {"loss": x}

    with tuned(breaks, tmp_path, trials=2) as study:
        assert ts.rerun(study, 1, breaks).verdict == "same"
        cause[0] = "second"
        again = ts.rerun(study, 1, breaks)
    assert again.verdict == "different"
    assert "and otherwise this time (error: RuntimeError: second)" in again.sentence


def test_changed_data_is_named(tmp_path):
    data = {"train": np.arange(6.0), "test": np.ones(3)}

    def fit(ctx: ts.Context, x: Annotated[float, ts.Float(0.0, 1.0)] = 0.5):
        ctx.data(**data)
        return {"loss": x + float(data["train"].sum())}

    with tuned(fit, tmp_path, trials=1) as study:
        assert set(study.trials[0].notes["data"]) == {"train", "test"}
        assert ts.rerun(study, 0, fit).verdict == "same"
        data["train"] = np.arange(7.0)
        again = ts.rerun(study, 0, fit)
    assert again.verdict == "different"
    assert again.differences[0].what == "data train"
    assert "float64 (6,)" in again.differences[0].before
    assert "float64 (7,)" in str(again)


def from_cell(name, text):
    """A function as a notebook's cell defines it."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    cell = {"__name__": "__main__", "Annotated": Annotated, "ts": ts}
    exec(compile(text, name, "exec", dont_inherit=True), cell)
    return cell["fit"]


def test_functions_of_notebooks_are_compared_by_their_text(tmp_path):
    text = "def fit(x: Annotated[float, ts.Float(0, 1)] = 0.5):\n    return {'loss': 3 * x}\n"
    fit = from_cell("<cell 1>", text)
    with tuned(fit, tmp_path, trials=1) as study:
        assert ts.rerun(study, 0, from_cell("<cell 2>", text)).verdict == "same"
        again = ts.rerun(study, 0, from_cell("<cell 3>", text.replace("3", "4")))
        recipe = ts.recipe(study, output=tmp_path / "recipe")
    assert again.verdict == "different"
    assert "-    return {'loss': 3 * x}\n+    return {'loss': 4 * x}" in again.differences[0].diff
    assert (recipe / "code" / "function.py").read_text() == text
    assert ts.rerun(recipe, target=fit).verdict == "same"


def test_a_trial_of_several_attempts_says_so(tmp_path):
    def unseeded(x: Annotated[float, ts.Float(0.0, 1.0)] = 0.5):
        return {"loss": float(OWN.random())}

    options = {"minimize": "loss", "trials": 1, "store": str(tmp_path / "study.db"), "seed": 0}
    with ts.Study.open("unseeded", space=ts.space_of(unseeded), **options) as study:
        study.store.append("unseeded", [Draft(study.ask().number, Lost(1))])
    with tuned(unseeded, tmp_path, trials=1) as study:
        assert study.trials[0].attempt == 2
        assert "trained in 2 attempts then" in str(ts.rerun(study, 0, unseeded))


# -- what cannot be asked --------------------------------------------------------------------------------------------


def test_what_cannot_be_run_again(tmp_path):
    with ts.Study.open("open", space={"x": ts.Float(0, 1)}, minimize="loss", trials=2) as study:
        running = study.ask()
        with pytest.raises(InvalidStudy, match="once it has ended"):
            ts.rerun(study, running.number)
        with pytest.raises(InvalidStudy, match="no trial 7"):
            ts.rerun(study, 7)
        study.stop(running)
        with pytest.raises(InvalidStudy, match="ended before its first report"):
            ts.rerun(study, running.number)
        asked = study.tell(study.ask(), 0.5)
        with pytest.raises(InvalidStudy, match="its place, as in train.py:train"):
            ts.rerun(study, asked.number)
        assert ts.rerun(study, asked.number, lambda x: 0.5).verdict == "same"
        with pytest.raises(InvalidFile, match="is there already"):
            ts.rerun(study, asked.number, lambda x: 0.5, folder=tmp_path)
    with pytest.raises(InvalidFile, match="is no recipe"):
        ts.rerun(tmp_path)


# -- the command line ------------------------------------------------------------------------------------------------

TRAIN = """
import numpy as np
from typing import Annotated
import tunesmith as ts
from model import loss_of

def train(x: Annotated[float, ts.Float(0, 1)] = 0.5):
    print("training")
    for step in range(3):
        yield {"loss": loss_of(x) / (1 + step) + np.random.rand()}
"""
MODEL = "def loss_of(x):\n    return 3 * x\n"
PROGRAM = """
import os, random, sys
rng = random.Random(int(os.environ["TUNESMITH_SEED"]))
for epoch in range(1, 4):
    print(f"epoch={epoch} loss={float(sys.argv[1].split('=')[1]) + rng.random()}")
"""


def tunesmith(*words, cwd, expect=0, path=""):
    environ = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-m", "tunesmith", *words], cwd=cwd, capture_output=True, text=True, check=False, env=environ
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def place(tmp_path):
    """A directory with code and a package beside it, and a study of two trials."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "installed" / "ghost-1.0.dist-info").mkdir(parents=True)
    run = ["run", "train.py:train", "--minimize", "loss", "--trials", "2", "--seed", "1", "--quiet", "--confirm", "0"]
    tunesmith(*run, cwd=tmp_path, path=str(tmp_path / "installed"))
    return tmp_path


def test_changed_code_and_packages_are_named(place):
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    out = tunesmith("rerun", "train", "1", "--store", str(place / "tunesmith.db"), cwd=elsewhere)
    assert out.startswith("trial 1 of train: same: loss ")
    assert "What changed made no difference:\n  package ghost: 1.0 -> not there" in out
    (place / "model.py").write_text(MODEL.replace("3 *", "300 *"))
    out = tunesmith("rerun", "train", "1", "--diff", cwd=place, expect=1)
    for words in ("different: loss", "Here is what changed:\n  model.py: ", "-    return 3 * x\n+    return 300 * x"):
        assert words in out
    assert "The curves part at step 1." in out
    (place / "model.py").write_text("import ghost\n")
    out = tunesmith("rerun", "train", "1", cwd=place, expect=1)
    assert "it failed this time (error: ModuleNotFoundError: No module named 'ghost')" in out


SCRIPT = """
if __name__ == "__main__":
    ts.tune(train, minimize="loss", trials=2, seed=1, confirm=0, progress="quiet")
"""


def test_a_script_with_a_main_part_is_found_again_and_not_run(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "tune.py").write_text(TRAIN + SCRIPT)
    subprocess.run([sys.executable, "tune.py"], cwd=tmp_path, check=True)
    assert tunesmith("rerun", "train", "1", cwd=tmp_path).startswith("trial 1 of train: same: loss ")


def test_a_script_that_would_run_again_is_not_loaded(tmp_path):
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "tune.py").write_text(TRAIN + SCRIPT.replace('__name__ == "__main__"', "True"))
    subprocess.run([sys.executable, "tune.py"], cwd=tmp_path, check=True)
    with (
        ts.Study.open("train", store=tmp_path / "tunesmith.db") as study,
        pytest.raises(InvalidStudy, match="a script without a main part"),
    ):
        ts.rerun(study, 1)


def test_a_recipe_travels(place):
    """the directory alone is enough, whatever becomes of the code and the store"""
    out = tunesmith("recipe", "train", "1", "-o", "handed over", cwd=place)
    directory = Path(out.strip())
    for gone in ("train.py", "model.py", "tunesmith.db"):
        (place / gone).unlink()
    moved = directory.rename(place / "installed" / "moved")
    out = tunesmith("rerun", ".", "--output", "trained", cwd=moved)
    assert out.startswith("trial 1 of train: same: loss ")
    assert (moved / "trained" / "trial-00000" / "stdout.txt").read_text() == "training\n"
    assert (
        "holds trial 1, and not 0"
        in subprocess.run(
            [sys.executable, "-m", "tunesmith", "rerun", ".", "0"],
            cwd=moved,
            capture_output=True,
            text=True,
            check=False,
        ).stderr
    )


def in_process(*words, expect=0):
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == expect, done.output
    return done.stdout


def test_programs_and_sweep_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "program.py", "--x={x: 0.0 1.0}"]
    in_process("run", "--minimize", "loss", "--trials", "2", "--name", "p", "--quiet", "--confirm", "0", "--", *command)
    assert "p: same: loss" in in_process("rerun", "p", "1")
    assert "p: same: loss" in in_process("rerun", "p", "1", "--", sys.executable, "program.py", "--x={x}")
    (tmp_path / "sweep.yaml").write_text(
        "program: program.py\nmetric: {name: loss}\nparameters: {x: {min: 0.0, max: 1.0}}\nrun_cap: 2\n"
    )
    in_process("run", "sweep.yaml", "--quiet", "--confirm", "0")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("TUNESMITH_STORE", str(tmp_path / "tunesmith.db"))
    assert json.loads(in_process("rerun", "sweep", "0", "--json"))["verdict"] == "same"
    recipe = Path(in_process("recipe", "sweep", "0").strip())
    assert "program.py --x=" in (recipe / "README.md").read_text()
    assert "sweep: same: loss" in in_process("rerun", "sweep-trial-0")
