"""Nothing is lost: drivers and workers are killed with SIGKILL at random moments, and the same command goes on."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tunesmith.run.replay import check_log, check_proposals
from tunesmith.samplers.auto import choose_sampler
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.trials.facts import Finished
from tunesmith.trials.trial import State

TARGET = Path(__file__).with_name("kill_target.py")


def start(store: Path, trials: int, parallel: int, scheduler: str = "none") -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, str(TARGET), str(store), str(trials), str(parallel), scheduler], stderr=subprocess.PIPE
    )


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(OSError):
        return [int(child) for child in children.read_text().split()]
    return []


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def wait_for(driver: subprocess.Popen, store: Path, facts: int) -> bool:
    """Until the study has grown by so many facts; False if the driver ended first."""
    pause = threading.Event()
    before = seq(store)
    while driver.poll() is None:
        if seq(store) >= before + facts:
            return True
        pause.wait(0.02)
    return False


def seq(path: Path) -> int:
    """The facts in a store; read without Tunesmith, since this is asked a thousand times."""
    with (
        contextlib.suppress(sqlite3.Error),
        contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection,
    ):
        return connection.execute("SELECT max(seq) FROM studies").fetchone()[0] or 0
    return 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers through /proc")
def test_fifty_kills_lose_nothing(tmp_path):
    """SIGKILL of the driver or of a worker, 50 times, over SQLite with 4 processes: the total is exact, nothing is lost."""
    rng = random.Random(0)
    store, trials, kills = tmp_path / "killed.db", 120, 0
    while kills < 50:
        driver = start(store, trials, 4)
        while kills < 50 and wait_for(driver, store, rng.randrange(1, 12)):
            workers = workers_of(driver.pid)
            kills += 1
            if workers and rng.random() < 0.6:
                kill(rng.choice(workers))
            else:
                kill(driver.pid)
                break
        if kills == 50:
            kill(driver.pid)
        driver.communicate()
        if driver.returncode == 0:
            trials += 50  # the study was done before all kills were used up: let it grow
    last = start(store, trials, 4)
    _, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors.decode()
    opened = SqliteStore(store)
    found = opened.changes("killed").trials
    assert [trial.number for trial in found] == list(range(trials))
    assert all(trial.state.ended for trial in found)
    # A trial whose worker was killed in its second attempt is recorded as such; every other one has its result.
    failed = [trial for trial in found if trial.state is State.FAILED]
    assert {trial.failure.kind for trial in failed} <= {"killed"}
    assert sum(trial.state is State.DONE for trial in found) == trials - len(failed)
    finished = [event.trial for event in opened.events("killed") if isinstance(event.fact, Finished)]
    assert sorted(finished) == [trial.number for trial in found if trial.state is State.DONE]
    assert check_log(opened, "killed") == []
    asked, differing = check_proposals(opened, "killed", lambda spec: choose_sampler(spec).sampler)
    repeats = sum(trial.twin is not None for trial in found)  # which no sampler proposed
    assert (asked + repeats, differing) == (trials, [])
    opened.close()


def test_a_killed_study_goes_on_with_the_same_configurations(tmp_path):
    """With one worker, an interrupted study proposes what an uninterrupted one does."""
    whole, broken = tmp_path / "whole.db", tmp_path / "broken.db"
    done = start(whole, 30, 1)
    _, errors = done.communicate(timeout=120)
    assert done.returncode == 0, errors.decode()
    for facts in (9, 17, 23):
        driver = start(broken, 30, 1)
        wait_for(driver, broken, facts)
        kill(driver.pid)
        driver.communicate()
    last = start(broken, 30, 1)
    assert last.wait(timeout=120) == 0
    last.communicate()
    stores = SqliteStore(whole), SqliteStore(broken)
    configs = [[(t.config, t.seed, t.values["loss"]) for t in store.changes("killed").trials] for store in stores]
    assert configs[0] == configs[1]
    for store in stores:
        store.close()


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers through /proc")
def test_kills_while_trials_pause(tmp_path):
    """The driver is killed ten times while trials wait in processes of their own: none of those is left behind, paused
    trials go on from their checkpoints, and the best were trained to their end."""
    rng = random.Random(1)
    store, left = tmp_path / "killed.db", []
    for _ in range(10):
        driver = start(store, 60, 2, "asha")
        if wait_for(driver, store, rng.randrange(20, 60)):
            left += workers_of(driver.pid)
            kill(driver.pid)
        driver.communicate()
    last = start(store, 60, 2, "asha")
    _, errors = last.communicate(timeout=300)
    assert last.returncode == 0, errors.decode()
    opened = SqliteStore(store)
    found = opened.changes("killed")
    assert [trial.number for trial in found.trials] == list(range(60))
    done = [trial for trial in found.trials if trial.state is State.DONE]
    assert len(done) >= 3
    assert all(trial.last.step == 4 for trial in done)
    assert {trial.state for trial in found.trials} == {State.DONE, State.PAUSED}
    assert check_log(opened, "killed") == []
    gone = threading.Event()
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in left):
            break
        gone.wait(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)
