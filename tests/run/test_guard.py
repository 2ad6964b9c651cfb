"""Programs end with their driver."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from tunesmith.run.guard import Guard

PATIENCE = 30.0


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


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
