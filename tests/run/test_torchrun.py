"""Trainings over several processes: one configuration for all of them, one voice, and one end."""

from __future__ import annotations

import sys

import pytest
from test_guard import is_alive, wait_for

import tunesmith as ts
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
