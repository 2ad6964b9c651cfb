"""The record of where a trial ran: code, environment, arguments. Enough to run it again."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from tunesmith.space.params import Json

_LARGEST_DIFF: Final = 1_000_000


class Record(NamedTuple):
    """A record and the key under which the study keeps it, once, however many trials share it."""

    key: str
    content: Json


def take_record(source: Path | None, devices: Sequence[str] = ()) -> Record:
    """The record of this process. `source` is the file of the training code; its repository is looked at."""
    content: dict[str, Any] = {
        "arguments": sys.argv,
        "directory": str(Path.cwd()),
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "platform": platform.platform(),
        "host": platform.node(),
        "cores": os.cpu_count(),
        "devices": list(devices),
        "packages": _packages(),
        "code": _code(source),
    }
    text = json.dumps(content, sort_keys=True)
    return Record(f"record/{hashlib.sha256(text.encode()).hexdigest()[:16]}", content)


def _packages() -> dict[str, str]:
    """Installed distributions, read from the names of their directories: reading their metadata takes a hundred times longer."""
    found: dict[str, str] = {}
    for directory in map(Path, sys.path):
        for info in directory.glob("*.dist-info") if directory.is_dir() else ():
            name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
            found.setdefault(name, version)
    return dict(sorted(found.items()))


def _code(source: Path | None) -> Json:
    if source is None:
        return None
    code: dict[str, Any] = {"file": str(source)}
    try:
        code["sha256"] = hashlib.sha256(source.read_bytes()).hexdigest()
    except OSError:
        return code
    commit = _git(source.parent, "rev-parse", "HEAD")
    if commit is not None:
        diff = _git(source.parent, "diff", "HEAD") or ""
        code |= {"commit": commit.strip(), "diff": diff[:_LARGEST_DIFF], "diff_is_complete": len(diff) <= _LARGEST_DIFF}
        code["untracked"] = (_git(source.parent, "ls-files", "--others", "--exclude-standard") or "").splitlines()[
            :1000
        ]
    return code


def _git(directory: Path, *arguments: str) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603
            [program, "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
