"""Who works on a trial, named so that another process of the same machine can tell whether it still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def worker_id() -> str:
    """`host/pid/start` of this process. The start time tells apart processes that got the same pid."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_started(pid)}"


def is_dead(worker: str) -> bool:
    """Whether a worker certainly does not run any more. False for workers of other machines: their lease decides."""
    host, _, rest = worker.partition("/")
    pid, _, started = rest.partition("/")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return started != _started(int(pid))


def _started(pid: int) -> str:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]
