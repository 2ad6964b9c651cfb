"""Trainings over several processes: one configuration for all of them, one voice, and one end."""

from __future__ import annotations

import subprocess
import sys

import pytest
from test_guard import is_alive, wait_for

import tunesmith as ts
from tunesmith.errors import InvalidStudy
from tunesmith.run.command import Command
from tunesmith.run.progress import watcher_for
from tunesmith.tuning import run_study

pytest.importorskip("torch.distributed")

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]

SCRIPT = """
import argparse, os
import torch
import torch.distributed as dist

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
torch.set_num_threads(1)
dist.init_process_group("gloo")
rank = dist.get_rank()
with open(os.path.join(os.environ["TUNESMITH_FOLDER"], f"rank-{rank}"), "w") as file:
    print(os.getpid(), lr, os.environ["TUNESMITH_SEED"], file=file)
epoch = 0
while epoch < 3 or lr > 0.5:
    epoch += 1
    total = torch.tensor([lr])
    dist.all_reduce(total)
    if rank == 0:
        print(f"epoch={epoch} loss={total.item() + abs(epoch - 2)}", flush=True)
dist.destroy_process_group()
"""


def test_programs_under_torchrun(tmp_path):
    """ranks get one configuration, rank 0 reports, and a trial that is stopped ends in all its processes"""
    (tmp_path / "train.py").write_text(SCRIPT)
    executor = Command([*TORCHRUN, "train.py", "--lr={lr}"], cwd=tmp_path, grace=60.0)
    study = ts.Study.open(
        "ranks", space={"lr": ts.Ordinal(0.1, 0.9)}, minimize="loss", trials=2, store=tmp_path / "s.db", seed=0,
        scheduler=ts.Patience(5), sampler="random",
    )  # fmt: skip
    with run_study(study, executor, watcher_for("quiet")):
        by_rate = {trial.config["lr"]: trial for trial in study.trials}
        assert {rate: trial.state for rate, trial in by_rate.items()} == {0.1: ts.State.DONE, 0.9: ts.State.STOPPED}
        assert study.view.curve(by_rate[0.1].number, "loss")[1].tolist() == pytest.approx([1.2, 0.2, 1.2])
        processes = []
        for trial in study.trials:
            files = [study.folder / f"trial-{trial.number:05}" / f"rank-{rank}" for rank in (0, 1)]
            told = [file.read_text().split() for file in files]
            assert {(lr, seed) for _, lr, seed in told} == {(str(trial.config["lr"]), str(trial.seed))}
            processes += [int(pid) for pid, _, _ in told]
        wait_for(lambda: not any(map(is_alive, processes)))


TUNED = """
import os, sys, time
from pathlib import Path
import torch
import torch.distributed as dist
from torch import nn
import tunesmith as ts

torch.set_num_threads(1)
here, shape = Path(sys.argv[1]), sys.argv[2]
rank = int(os.environ["RANK"])
if shape == "pauses":  # and one process group for all trials
    dist.init_process_group("gloo")


def train(ctx, lr):
    with (here / f"rank-{rank}").open("a") as file:
        print(ctx.number, ctx.attempt, lr, file=file)
    if lr == 0.3 and rank == 1:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
    model = nn.parallel.DistributedDataParallel(nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr / 10)
    for epoch in ctx.checkpoint(model, optimizer).steps(3 if lr < 0.5 else 10**9):
        loss = model(torch.ones(4, 2) * (rank + 1)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = torch.tensor([float(rank + 1)])
        dist.all_reduce(total)
        # What the other ranks say is not what counts.
        ctx.report(loss=float(total) + abs(epoch - 1) + lr if rank == 0 else float("nan"))


pausing = shape == "pauses"
study = ts.tune(
    train, space={"lr": ts.Ordinal(0.1, 0.2, 0.25, 0.4) if pausing else ts.Ordinal(0.1, 0.2, 0.3, 0.9)}, minimize="loss", trials=4,
    seed=0, store=here / "s.db", name="ddp", scheduler=ts.Promotion(eta=2, first=1) if pausing else ts.Patience(4), steps=3,
    confirm=0, progress="quiet",
)
(here / f"best-{rank}").write_text(repr(study.best.config))
"""


def tuned(folder, shape):
    """Runs the script; what each rank trained, line by line."""
    (folder / "tune.py").write_text(TUNED)
    words = [*TORCHRUN, str(folder / "tune.py"), str(folder), shape]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
    return [(folder / f"rank-{rank}").read_text().splitlines() for rank in (0, 1)]


def test_tune_under_torchrun(tmp_path):
    """every process calls `ts.tune`: the same trials on all ranks, rank 0 reports, stops and failures reach everybody"""
    trained = tuned(tmp_path, "to the end")
    assert trained[0] == trained[1]
    assert len(trained[0]) == 4
    with ts.Study.open("ddp", store=tmp_path / "s.db") as study:
        by_rate = {trial.config["lr"]: trial for trial in study.trials}
        ends = {rate: trial.state.value for rate, trial in by_rate.items()}
        assert ends == {0.1: "done", 0.2: "done", 0.3: "failed", 0.9: "stopped"}
        assert study.view.curve(by_rate[0.1].number, "loss")[1].tolist() == pytest.approx([4.1, 3.1, 4.1])
        assert by_rate[0.3].failure.kind == "oom"
        assert by_rate[0.3].failure.message.startswith("on rank 1: ")
        best = repr(study.best.config)
    assert [(tmp_path / f"best-{rank}").read_text() for rank in (0, 1)] == [best, best]


def test_a_trial_that_was_paused_goes_on_in_all_processes(tmp_path):
    """from the checkpoint of rank 0, as if it had not been paused"""
    trained = tuned(tmp_path, "pauses")
    assert trained[0] == trained[1]
    with ts.Study.open("ddp", store=tmp_path / "s.db") as study:
        resumed = [trial for trial in study.trials if trained[0].count(f"{trial.number} 1 {trial.config['lr']}") > 1]
        assert resumed
        for trial in study.trials:
            curve = study.view.curve(trial.number, "loss")[1].tolist()
            assert curve == pytest.approx([loss + trial.config["lr"] for loss in (4, 3, 4)][: len(curve)])


def test_what_does_not_go_with_torchrun(monkeypatch):
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "2", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    options = {"space": {"lr": ts.Float(0, 1)}, "minimize": "loss", "trials": 2}
    with pytest.raises(InvalidStudy, match="leave out executor= and parallel="):
        ts.tune(lambda lr: lr, parallel=2, **options)
    with pytest.raises(InvalidStudy, match="all processes can read it"):
        ts.tune(lambda lr: lr, store=None, **options)
    with pytest.raises(InvalidStudy, match="keeps no store"):
        ts.tune(lambda lr: lr, **options)
