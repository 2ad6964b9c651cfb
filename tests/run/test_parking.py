"""Trials that are paused in worker processes: kept while there is memory, else gone on with from their checkpoints."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from tunesmith.run.attempt import Target
from tunesmith.run.executor import Parked
from tunesmith.run.inline import Inline
from tunesmith.run.parking import Parking, Waiting
from tunesmith.run.processes import Processes
from tunesmith.space import Float, Space, bind
from tunesmith.testing.executors import ExecutorConformance, pausing_at, run_one
from tunesmith.trials import Finished, Noted, Reported

SPACE = Space({"x": Float(0, 1)})


def job(**changes):
    return ExecutorConformance.job(**changes)


def saving(x, ctx):
    """What is reported depends on all steps before, also on those of other processes."""
    import random

    total, state = ctx.load() or (0.0, None)
    if state is not None:
        random.setstate(state)
    while ctx.step < 4:
        total += x * random.random()
        ctx.report(loss=total, pid=os.getpid())
        ctx.save((total, random.getstate()))


def forgetful(x):
    for step in range(4):
        yield {"loss": x + step, "pid": os.getpid()}


@pytest.fixture
def processes():
    made = []

    def make(function, **options):
        made.append(Processes(Target(function, bind(function, SPACE)), **{"slots": 1, **options}))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


def losses(facts):
    return [fact.metrics["loss"] for fact in facts if isinstance(fact, Reported)]


def pids(facts):
    return {fact.metrics["pid"] for fact in facts if isinstance(fact, Reported)}


def test_two_hundred_paused_trainings_lose_nothing(processes, tmp_path):
    """with memory for a handful; the others go on from their checkpoints, and none is trained twice"""
    executor = processes(saving, parked_memory=150e6)
    jobs = [job(trial=trial, seed=trial, folder=tmp_path / str(trial)) for trial in range(200)]
    paused = [run_one(executor, one, pausing_at(2)) for one in jobs]
    kept = len(executor._parking._waiting)
    assert 0 < kept < 100
    facts = [
        begun[:-1] + run_one(executor, job(trial=t, seed=t, folder=tmp_path / str(t), after=2))
        for t, begun in enumerate(paused)
    ]
    assert [[fact.step for fact in trial[:-1]] for trial in facts] == [[1, 2, 3, 4]] * 200
    assert all(trial[-1] == Finished({}, 1) for trial in facts)
    whole = processes(saving)
    for trial in (0, 100, 199):
        alone = run_one(whole, job(trial=trial, seed=trial, folder=tmp_path / f"alone-{trial}"))
        assert losses(facts[trial]) == losses(alone)


def test_a_parked_trial_goes_on_in_its_own_process(processes):
    executor = processes(forgetful)
    first = run_one(executor, job(), pausing_at(2))
    other = run_one(executor, job(trial=1))
    rest = run_one(executor, job(after=2))
    assert pids(first) == pids(rest) != pids(other)
    assert losses(rest) == [2.25, 3.25]


def test_without_memory_a_trial_without_checkpoint_is_trained_again(processes):
    executor = processes(forgetful, parked_memory=0)
    run_one(executor, job(), pausing_at(3))
    rest = run_one(executor, job(after=3))
    assert rest[0] == Noted("retrained", 3)
    assert losses(rest) == [3.25]


def test_gpus_are_not_kept_from_others_by_what_has_a_checkpoint(processes, tmp_path):
    executor = processes(saving, devices=("4",))
    run_one(executor, job(folder=tmp_path / "a"), pausing_at(2))
    assert executor._parking.take(0) is None
    executor = processes(forgetful, devices=("4",))
    run_one(executor, job(), pausing_at(2))
    assert run_one(executor, job(after=2))[0].step == 3


def test_a_worker_that_died_while_it_waited_is_replaced(processes):
    executor = processes(forgetful)
    run_one(executor, job(), pausing_at(2))
    worker = executor._parking._waiting[0].holder
    worker._process.kill()
    worker._process.wait()
    assert run_one(executor, job(after=2))[0] == Noted("retrained", 2)


def cleaning(x, ctx):
    try:
        for _ in range(9):
            ctx.report(loss=x)
    finally:
        (ctx.folder / "cleaned").touch()


@pytest.mark.parametrize("signal", ["stop", "release"])
def test_what_is_told_to_end_while_it_is_parked_can_clear_up(processes, tmp_path, signal):
    executor = processes(cleaning)
    run_one(executor, job(folder=tmp_path), pausing_at(2))
    executor.signal(0, signal)
    for _ in range(500):
        if (tmp_path / "cleaned").exists():
            return
        threading.Event().wait(0.02)
    pytest.fail("its `finally` block has not run")


def test_parked_processes_end_with_a_driver_that_was_killed(tmp_path):
    script = tmp_path / "driver.py"
    script.write_text(
        "import os, signal\n"
        "from test_parking import *\n"
        "executor = Processes(Target(forgetful, bind(forgetful, SPACE)), slots=1)\n"
        "for trial in range(3):\n"
        "    facts = run_one(executor, job(trial=trial), pausing_at(1))\n"
        "    print(int(facts[0].metrics['pid']), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    driver = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, env=environ)
    workers = [Path(f"/proc/{pid}") for pid in driver.stdout.split()]
    assert len(set(workers)) == 3, driver.stderr
    for _ in range(1000):
        if not any(alive(worker) for worker in workers):
            return
        threading.Event().wait(0.02)
    pytest.fail("a parked process outlives its driver")


def alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


sizes = st.lists(st.tuples(st.integers(1, 10), st.booleans()), max_size=12)


@given(sizes, st.integers(0, 30))
def test_parking_keeps_its_limit_and_ends_what_loses_least(trainings, limit):
    """never more than the limit; nothing that would lose its training goes while something that would not stays"""
    parking = Parking(limit)
    waiting = {}
    for trial, (memory, saved) in enumerate(trainings):
        waiting[trial] = (memory, saved)
        for gone in parking.add(Waiting(job(trial=trial), Parked(1, saved), trial, memory)):
            _, was_saved = waiting.pop(gone)
            assert was_saved or not any(saved for _, saved in waiting.values())
        assert sum(memory for memory, _ in waiting.values()) <= limit
    assert sorted(parking.clear()) == sorted(waiting)


def torch_training(x):
    """A network with dropout: every number depends on torch's random state."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01 + x)
    for _ in range(5):
        loss = (model(torch.randn(16, 4)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield {"loss": loss.item()}


@pytest.mark.parametrize("place", ["inline", "processes"])
def test_a_network_is_paused_without_a_trace(place, processes):
    """while another one trains in between, weights, optimizer and torch's random numbers wait; no digit changes"""
    target = Target(torch_training, bind(torch_training, SPACE))
    executor = Inline(target) if place == "inline" else processes(torch_training)
    unpaused = losses(run_one(executor, job(trial=0, config={"x": 0.1})))
    paused = losses(run_one(executor, job(trial=1, config={"x": 0.1}), pausing_at(2)))
    run_one(executor, job(trial=2, config={"x": 0.5}))
    paused += losses(run_one(executor, job(trial=1, config={"x": 0.1}, after=2)))
    executor.close()
    assert paused == unpaused
