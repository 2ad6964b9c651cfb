"""Programs end with their driver."""

import signal
import subprocess
import sys

from programs import PATIENCE, is_alive, state_of, wait_for

from tunesmith.run.guard import Guard, signal_tree


def sleeper():
    return subprocess.Popen(["sleep", "600"], start_new_session=True)


def test_what_is_watched_ends_with_the_guard():
    guard, kept, ended = Guard(), sleeper(), sleeper()
    guard.start()
    for process in (kept, ended):
        guard.watch(process.pid)
    guard.forget(kept.pid)
    guard.close()
    guard.close()
    assert ended.wait(PATIENCE) == -signal.SIGKILL
    assert kept.poll() is None
    kept.kill()
    kept.wait()


def test_a_killed_guard_does_no_harm():
    guard, process = Guard(), sleeper()
    guard.start()
    guard.watch(process.pid)
    guard._process.kill()
    guard._process.wait()
    guard.watch(process.pid)
    guard.forget(process.pid)
    guard.close()
    process.kill()
    process.wait()


NESTING = """
import subprocess, sys, time
inner = 'import subprocess, time; print(subprocess.Popen(["sleep", "600"]).pid, flush=True); time.sleep(600)'
subprocess.Popen([sys.executable, '-c', inner], start_new_session=True)
time.sleep(600)
"""


def nesting(starter):
    """A program that starts another one in a session of its own, as torchrun does, which starts a third; the last one's pid."""
    leader = subprocess.Popen(
        [sys.executable, "-c", NESTING], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    starter(leader)
    with leader.stdout as output:
        return leader, int(output.readline())


def test_all_that_a_program_has_started_is_stopped_and_ended_with_it():
    leader, innermost = nesting(lambda _: None)
    signal_tree(leader.pid, signal.SIGSTOP)
    wait_for(lambda: state_of(innermost) == "T")
    signal_tree(leader.pid, signal.SIGCONT)
    wait_for(lambda: state_of(innermost) == "S")
    signal_tree(leader.pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(innermost))
    assert leader.wait(PATIENCE) == -signal.SIGKILL
    signal_tree(leader.pid, signal.SIGKILL)  # once more does no harm


def test_the_guard_ends_all_that_a_program_has_started():
    guard = Guard()
    guard.start()
    leader, innermost = nesting(lambda leader: guard.watch(leader.pid))
    guard.close()
    wait_for(lambda: not is_alive(innermost))
    leader.wait(PATIENCE)


def test_programs_do_not_outlive_a_killed_driver(tmp_path):
    code = """
import sys
from pathlib import Path
from tunesmith.run.command import Command
from tunesmith.run.executor import Job
executor = Command(["sh", "-c", "trap '' TERM HUP; echo $$ > pid.new; mv pid.new pid; sleep 600 > /dev/null", "{lr}"])
executor.submit(Job("s", 0, 1, {"lr": 1}, 0, ("loss",)))
Path("submitted").touch()
while True: executor.poll(1)
"""
    driver = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    wait_for((tmp_path / "submitted").exists)
    wait_for((tmp_path / "pid").exists)
    pid = int((tmp_path / "pid").read_text())
    assert is_alive(pid)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    wait_for(lambda: not is_alive(pid))
