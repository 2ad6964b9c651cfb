"""The guard: a small process that ends programs whose driver was killed.

Programs run in sessions of their own, so that Ctrl-C reaches only the driver. Without a guard they would outlive a
killed driver, and hold its GPUs when the study is continued.

    driver ── pipe: "+123", "-123", ... ──▶ guard        the pipe's end says that the driver is gone

The second half of this file is what the guard runs; it uses nothing but the standard library and starts at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import final


@final
class Guard:
    """The driver's side."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the guard if it does not run yet; best before the program, so that no time is lost between the two."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  our own interpreter and file
                [sys.executable, "-I", "-S", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )

    def watch(self, group: int) -> None:
        """End this process group, should the driver be killed."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """It has ended; the system may give its number to another one."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the guard, and all groups that it still watches."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _tell(self, line: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):  # somebody killed the guard; training goes on without it
            os.write(self._process.stdin.fileno(), line.encode())


def main() -> None:
    """Remember the groups until the driver is gone, then kill those that are left."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for leader in groups:
        signal_tree(leader, signal.SIGKILL)


def signal_tree(leader: int, what: int) -> None:
    """Signal a process group, and before it those that its processes have started: torchrun gives each of its workers a
    session of its own."""
    for group in (*(_groups_below(leader) - {leader}), leader):
        with suppress(OSError):  # it has just ended
            os.killpg(group, what)


def _groups_below(leader: int) -> set[int]:
    """The process groups of all descendants of a process; empty where the system does not list processes as Linux does."""
    parents: dict[int, tuple[int, int]] = {}
    for process in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            _, parent, group = process.read_text(errors="replace").rpartition(")")[2].split()[:3]
            parents[int(process.parent.name)] = int(parent), int(group)
    found, waiting = set(), {leader}
    while waiting:
        children = {process for process, (parent, _) in parents.items() if parent in waiting}
        found |= {parents[process][1] for process in children}
        waiting = children
    return found


if __name__ == "__main__":
    main()
