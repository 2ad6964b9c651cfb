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

from tunesmith.run.executor import Executor
from tunesmith.run.origin import Origin
from tunesmith.space.params import Json
from tunesmith.stores.base import Store
from tunesmith.trials.facts import Noted
from tunesmith.trials.trial import Trial

_LARGEST_DIFF: Final = 1_000_000
_LARGEST_TEXT: Final = 1_000_000
"""Bytes of source that are kept, all files together."""
_UNNAMED: Final = "function.py"
"""What the text of a function is called that stands in no file."""


class Record(NamedTuple):
    """A record and the key under which the study keeps it, once, however many trials share it."""

    key: str
    content: Json


def take_record(origin: Origin, executor: Executor, devices: Sequence[str] = ()) -> Record:
    """The record of this process, and of the code that is trained in it."""
    content: dict[str, Any] = {
        "arguments": sys.argv,
        "directory": str(Path.cwd()),
        "target": origin.target,
        "executor": type(executor).__name__.lower(),
        "places": executor.slots,
        **surroundings(devices),
        "code": code_of(origin),
    }
    text = json.dumps(content, sort_keys=True)
    return Record(f"record/{hashlib.sha256(text.encode()).hexdigest()[:16]}", content)


def record_of(store: Store, study: str, trial: Trial) -> dict[str, Any]:
    """The record that a trial's last attempt began with; empty if there is none."""
    for event in store.events(study) if trial.record else ():
        if event.trial is None and isinstance(event.fact, Noted) and event.fact.key == trial.record:
            content: dict[str, Any] = event.fact.value
            return content
    return {}


def surroundings(devices: Sequence[str] = ()) -> dict[str, Json]:
    """The machine and the interpreter."""
    return {
        "python": platform.python_version(),
        "interpreter": sys.executable,
        "platform": platform.platform(),
        "host": platform.node(),
        "cores": os.cpu_count(),
        "devices": list(devices),
        "packages": _packages(),
    }


def _packages() -> dict[str, str]:
    """Installed distributions, read from the names of their directories: reading their metadata takes a hundred times longer."""
    found: dict[str, str] = {}
    for directory in map(Path, sys.path):
        for info in directory.glob("*.dist-info") if directory.is_dir() else ():
            name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
            found.setdefault(name, version)
    return dict(sorted(found.items()))


def code_of(origin: Origin) -> Json:
    """Source files by their names from the root on, and the state of the repository that the first one is in."""
    if not origin.files:
        return {"file": _UNNAMED, "files": {_UNNAMED: _content(origin.source.encode())}} if origin.source else None
    files, root = origin.files, origin.root or origin.files[0].parent
    code: dict[str, Any] = {"file": str(files[0]), "root": str(root), "files": _contents(files, root)}
    commit = _git(files[0].parent, "rev-parse", "HEAD")
    if commit is not None:
        diff = _git(files[0].parent, "diff", "HEAD") or ""
        code |= {"commit": commit.strip(), "diff": diff[:_LARGEST_DIFF], "diff_is_complete": len(diff) <= _LARGEST_DIFF}
    return code


def _contents(files: Sequence[Path], root: Path) -> dict[str, dict[str, str]]:
    """Hashes of all files, and texts while they are not large together. A file that is gone is left out."""
    contents: dict[str, dict[str, str]] = {}
    room = _LARGEST_TEXT
    for file in files:
        try:
            content = file.read_bytes()
        except OSError:
            continue
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)
        contents[name] = _content(content, room)
        room -= len(contents[name].get("text", ""))
    return contents


def _content(content: bytes, room: int = _LARGEST_TEXT) -> dict[str, str]:
    digest = {"sha256": hashlib.sha256(content).hexdigest()}
    return {**digest, "text": content.decode(errors="replace")} if len(content) <= room else digest


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
