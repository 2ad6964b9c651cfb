"""Files of a trial: checkpoints and what it printed."""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import cloudpickle

_LAST: Final = "last.checkpoint"
_BEST: Final = "best.checkpoint"


class Checkpoint(NamedTuple):
    """A saved state of a training and the step that it belongs to."""

    step: int
    state: Any


def study_folder(root: Path, study: str) -> Path:
    """Where a study's files go: a folder for each name, in which unusual characters, and a dot at the front, are codes."""
    return root / re.sub(r"[^\w.-]|^\.", lambda found: f"%{ord(found[0]):x}", study)


def trial_folder(folder: Path, number: int) -> Path:
    """Where a trial's files go."""
    return folder / f"trial-{number:05d}"


def save_checkpoint(folder: Path, step: int, state: object, *, best: bool) -> None:
    """Write the last checkpoint atomically: a killed process leaves the earlier one. `best` keeps it as the best too.

    The file is a pickle of `(step, state)`, which any program can read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / _LAST, cloudpickle.dumps((step, state)))
    if best:
        link = folder / f"{_BEST}.new"
        link.unlink(missing_ok=True)
        os.link(folder / _LAST, link)
        link.replace(folder / _BEST)


def load_checkpoint(folder: Path, *, best: bool = False) -> Checkpoint | None:
    """The last (or the best) checkpoint of a trial. Checkpoints are files of your own training code, kept as pickles."""
    path = folder / (_BEST if best else _LAST)
    if not path.exists():
        return None
    step, state = pickle.loads(path.read_bytes())  # noqa: S301  written by the same user's training code
    return Checkpoint(step, state)


def fork_checkpoint(parent: Path, folder: Path) -> bool:
    """Give a trial the last checkpoint of another one, as it is now; False if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        os.link(parent / _LAST, folder / _LAST)  # what the parent saves later becomes another file
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
