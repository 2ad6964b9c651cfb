"""What a trial printed: the end of its files. No part of a path comes from a request but the trial's number."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

from tunesmith.run.folder import study_folder, trial_folder
from tunesmith.stores.base import Store
from tunesmith.stores.sqlite import SqliteStore

Stream: TypeAlias = Literal["stdout", "stderr"]
STREAMS: Final[tuple[Stream, ...]] = ("stdout", "stderr")
_MOST: Final = 200_000


class Output(NamedTuple):
    """The end of what was printed; `left_out` bytes came before."""

    text: str
    left_out: int


def output_of(store: Store, study: str, number: int, stream: Stream) -> Output | None:
    """What a trial of a known study printed; None if nothing was kept."""
    if not isinstance(store, SqliteStore):
        return None
    root = store.path.with_suffix(".files")
    path = trial_folder(study_folder(root, study), number) / f"{stream}.txt"
    # A study's name may be "..", and a trial's program may have put a link in its folder.
    if not _is_inside(path, root):
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or not status.st_size:
            return None
        left_out = max(0, status.st_size - _MOST)
        file.seek(left_out)
        return Output(file.read(_MOST).decode("utf-8", "replace"), left_out)


def _is_inside(path: Path, root: Path) -> bool:
    """Whether it is root/STUDY/TRIAL/FILE also after links and dots."""
    return path.resolve().parents[2] == root.resolve()
