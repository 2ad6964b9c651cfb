"""Programs that are paused: stopped where they are, and continued; real programs, without a word in them about pausing."""

import os
import sys
import time

import pytest
from programs import PATIENCE, job, state_of, wait_for

from tunesmith.run.command import Command
from tunesmith.trials.facts import Failed, Finished, Reported

COUNTING = "import os, time\nprint(os.getpid(), flush=True)\nfor i in range(1, 31): print(f'loss={i}', flush=True); time.sleep(0.01)"


def python(code):
    return [sys.executable, "-S", "-c", code]


def run_until(executor, trial, *, pause_at=None):
    """The facts of one trial until it leaves its place; told to pause at a step, else to go on."""
    facts, until = [], time.monotonic() + PATIENCE
    while True:
        assert time.monotonic() < until, f"nothing but {facts}"
        for update in executor.poll(0.5):
            assert update.trial == trial
            facts.append(update.fact)
            if not isinstance(update.fact, Reported):
                return facts
            executor.signal(trial, "pause" if update.fact.step == pause_at else "continue")


def steps(facts):
    return [fact.step for fact in facts if isinstance(fact, Reported)]


def pid_of(folder):
    return int((folder / "stdout.txt").read_text().split()[0])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "trial"


def test_a_paused_program_goes_on_where_it_was(folder):
    """the same process; each of its reports is told once, also those that it made before it was stopped"""
    executor = Command(python(COUNTING))
    assert executor.parks
    executor.submit(job(folder=folder))
    first = run_until(executor, 0, pause_at=3)
    assert first[-1] is None
    pid = pid_of(folder)
    wait_for(lambda: state_of(pid) == "T")
    executor.submit(job(trial=1, folder=folder.parent / "other"))
    assert steps(run_until(executor, 1)) == list(range(1, 31))
    executor.submit(job(folder=folder, after=3))
    rest = run_until(executor, 0)
    assert steps(first) + steps(rest) == list(range(1, 31))
    assert rest[-1] == Finished({}, 1)
    assert (folder / "stdout.txt").read_text().count(str(pid) + "\n") == 1
    executor.close()


def test_what_a_program_started_stops_with_it(folder):
    executor = Command(["sh", "-c", "sleep 600 & echo $!; echo loss=1; wait"])
    executor.submit(job(folder=folder))
    assert run_until(executor, 0, pause_at=1)[-1] is None
    child = pid_of(folder)
    wait_for(lambda: state_of(child) == "T")
    executor.close()
    wait_for(lambda: state_of(child) in ("", "Z"))


def test_a_program_that_was_over_before_it_could_be_stopped(folder):
    """its last reports and its end are told when it goes on"""
    executor = Command(["sh", "-c", "echo loss=1; echo loss=2"])
    executor.submit(job(folder=folder))
    assert steps(run_until(executor, 0, pause_at=1)) == [1]
    executor.submit(job(folder=folder, after=1))
    assert run_until(executor, 0) == [Reported(2, {"loss": 2.0}, 1), Finished({}, 1)]
    executor.close()


def test_waiting_takes_none_of_a_trials_time(folder):
    now = [0.0]
    executor = Command(python(COUNTING + "\ntime.sleep(600)"), time_limit=10.0, clock=lambda: now[0])
    executor.submit(job(folder=folder))
    now[0] = 8.0
    run_until(executor, 0, pause_at=1)
    now[0] = 1000.0
    executor.submit(job(folder=folder, after=1))
    assert executor.poll(PATIENCE)[0].fact.step == 2
    now[0] = 1002.5
    failed = run_until(executor, 0)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "timeout"
    executor.close()


def test_without_memory_a_paused_program_is_told_to_end(folder):
    """it may save something; then it is started again, and what is known is not told twice"""
    code = "trap 'echo saved > saved; exit 1' TERM; i=0; while :; do i=$((i+1)); echo loss=$i; sleep 0.01; done"
    executor = Command(["sh", "-c", code], parked_memory=0.0, cwd=folder.parent)
    executor.submit(job(folder=folder))
    assert run_until(executor, 0, pause_at=2)[-1] is None
    executor.submit(job(folder=folder, after=2))
    assert (folder.parent / "saved").exists()
    assert steps(run_until(executor, 0, pause_at=4)) == [3, 4]
    executor.close()


def test_only_so_many_wait(tmp_path, monkeypatch):
    """however small they are; the one that waited longest ends"""
    monkeypatch.setattr("tunesmith.run.command._MOST_PARKED", 3)
    executor = Command(["sh", "-c", "echo $$; echo loss=1; exec sleep 600"], parked_memory=1e12)
    for trial in range(4):
        executor.submit(job(trial=trial, folder=tmp_path / str(trial)))
        assert run_until(executor, trial, pause_at=1)[-1] is None
    first, *others = (pid_of(tmp_path / str(trial)) for trial in range(4))
    wait_for(lambda: state_of(first) in ("", "Z"))
    wait_for(lambda: [state_of(pid) for pid in others] == ["T"] * 3)
    executor.close()


@pytest.mark.parametrize("what", ["stop", "release"])
def test_a_parked_program_can_be_told_to_end(what, folder):
    code = "trap 'echo bye > bye; exit 0' TERM; echo $$; echo loss=1; while :; do sleep 0.01; done"
    executor = Command(["sh", "-c", code], cwd=folder.parent)
    executor.submit(job(folder=folder))
    run_until(executor, 0, pause_at=1)
    executor.signal(0, what)
    wait_for(lambda: (folder.parent / "bye").exists())
    assert executor.poll(0.0) == []
    executor.close()


def test_who_was_killed_as_it_waited_begins_anew(folder):
    executor = Command(python(COUNTING))
    executor.submit(job(folder=folder))
    run_until(executor, 0, pause_at=2)
    os.kill(pid_of(folder), 9)
    wait_for(lambda: state_of(pid_of(folder)) in ("", "Z"))
    executor.submit(job(folder=folder, after=2))
    assert steps(run_until(executor, 0)) == list(range(3, 31))
    executor.close()


@pytest.mark.parametrize("changes", [{"attempt": 2}, {"after": 5}])
def test_who_was_overtaken_begins_anew(changes, folder):
    executor = Command(python(COUNTING))
    executor.submit(job(folder=folder))
    run_until(executor, 0, pause_at=2)
    executor.submit(job(folder=folder, **changes))
    assert steps(run_until(executor, 0)) == list(range(changes.get("after", 0) + 1, 31))
    executor.close()


@pytest.mark.parametrize("options", [{"devices": ["0"]}, {"metrics_file": "/nowhere/metrics"}])
def test_where_stopping_would_hold_what_others_need_a_pause_is_the_end(options):
    assert not Command(["sh", "-c", "true"], **options).parks
