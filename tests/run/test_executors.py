"""Every executor of Python functions keeps the laws of executors; and what is particular to each."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from tunesmith.errors import InvalidObjective
from tunesmith.run.attempt import Target
from tunesmith.run.inline import Inline
from tunesmith.run.processes import Processes
from tunesmith.run.simulated import Simulated
from tunesmith.space import Float, Space, bind
from tunesmith.testing.executors import ExecutorConformance, run_one
from tunesmith.trials import Failed, Finished, Lost

SPACE = Space({"x": Float(0, 1)})


def target(function):
    return Target(function, bind(function, SPACE))


class TestInline(ExecutorConformance):
    def executor(self, target, **options):
        return Inline(target, **options)


class TestProcesses(ExecutorConformance):
    def executor(self, target, **options):
        return Processes(target, slots=1, **options)


class TestSimulated(ExecutorConformance):
    def executor(self, target, **options):
        return Simulated(target, 1, **options)


def job(**changes):
    return ExecutorConformance.job(**changes)


def die(x):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_forever(x):
    threading.Event().wait()


def spin(x):
    while True:
        yield x


def device(x):
    return {"loss": x, "device": float(os.environ["CUDA_VISIBLE_DEVICES"])}


def shout(x):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.system("echo from a child")
    return x


def pid(x):
    return float(os.getpid())


@pytest.fixture
def processes():
    made = []

    def make(function, **options):
        made.append(Processes(target(function), **{"slots": 1, **options}))
        return made[-1]

    yield make
    for executor in made:
        executor.close()


def test_a_dead_worker_costs_only_its_own_trial(processes):
    """Once it is lost, and tried again; the second time it has failed."""
    executor = processes(die)
    assert run_one(executor, job()) == [Lost(1)]
    (failure,) = run_one(executor, job(attempt=2))
    assert (failure.kind, "SIGKILL" in failure.message) == ("killed", True)


@pytest.mark.parametrize("function", [sleep_forever, spin])
def test_a_trial_beyond_its_time_is_killed(processes, function):
    executor = processes(function, time_limit=0.2)
    failure = run_one(executor, job())[-1]
    assert (failure.kind, "0.2 s per trial" in failure.message) == ("timeout", True)
    assert isinstance(run_one(executor, job(trial=1))[-1], Failed)


def test_inline_trials_beyond_their_time_end_at_a_report():
    failure = run_one(Inline(target(spin), time_limit=0.05), job())[-1]
    assert failure.kind == "timeout"


def test_each_slot_has_its_own_device(processes):
    executor = processes(device, slots=2, devices=("4", "7"))
    executor.submit(job(trial=0))
    executor.submit(job(trial=1))
    found = {}
    while len(found) < 2:
        found |= {update.trial: update.fact.values["device"] for update in executor.poll(1.0)}
    assert found == {0: 4.0, 1: 7.0}


def test_output_is_kept_per_trial(processes, tmp_path):
    executor = processes(shout)
    for number in range(2):
        assert run_one(executor, job(trial=number, folder=tmp_path / str(number))) == [Finished({"loss": 0.25}, 1)]
        assert "to stderr" in (tmp_path / str(number) / "stderr.txt").read_text()
        assert sorted((tmp_path / str(number) / "stdout.txt").read_text().split("\n"))[1:] == [
            "from a child",
            "to stdout",
        ]


def test_a_worker_serves_trial_after_trial(processes):
    executor = processes(pid)
    first, second = (run_one(executor, job(trial=number))[-1].values["loss"] for number in range(2))
    assert first == second != os.getpid()


def test_lambdas_and_closures_travel(processes):
    offset = 0.5
    executor = processes(lambda x: x + offset)
    assert run_one(executor, job()) == [Finished({"loss": 0.75}, 1)]


def test_what_cannot_travel_is_named():
    lock = threading.Lock()

    def train(x):
        with lock:
            return x

    with pytest.raises(InvalidObjective, match=r"train cannot be sent to worker processes .* parallel=1"):
        Processes(target(train), slots=1)


def test_closing_ends_what_runs(processes, tmp_path):
    executor = processes(sleep_forever)
    executor.submit(job())
    worker = executor._busy[0]._process
    executor.close()
    assert worker.returncode == -signal.SIGKILL


def test_workers_end_with_a_driver_that_was_killed(tmp_path):
    """No training is left behind when the driver gets SIGKILL."""
    import subprocess

    script = tmp_path / "driver.py"
    script.write_text(
        "import os, signal, sys, threading\n"
        "from tunesmith.run.attempt import Target\n"
        "from tunesmith.run.processes import Processes\n"
        "from tunesmith.space import *\n"
        "from tunesmith.testing.executors import ExecutorConformance\n"
        "def train(x):\n    threading.Event().wait()\n"
        "e = Processes(Target(train, bind(train, Space({'x': Float(0, 1)}))), slots=1)\n"
        "e.submit(ExecutorConformance.job())\n"
        "print(e._busy[0].pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    driver = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    worker = Path(f"/proc/{driver.stdout.strip()}")
    waiter = threading.Event()
    for _ in range(1000):
        if not worker.exists() or (worker / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        waiter.wait(0.02)
    pytest.fail("the worker outlives its driver")
