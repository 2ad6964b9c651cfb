"""Fingerprints of data: the same content gives the same words, in any process and on any machine.

Hashed with SHA-256 are, of

- arrays, tensors, and the columns of tables: kind, shape and content; of more than 64 MiB only evenly spaced rows that make up
  about so much, the first and the last among them;
- files: size and content; of more than 64 MiB evenly spaced blocks that make up so much, the first and the last among them;
- directories: the names of all files below, and of each what is hashed of a file;
- lists, tuples, dicts, sets, text, bytes, numbers, None: all of it. The order of a dict or a set does not count.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidObjective

_MOST: Final = 64 * 2**20
"""Bytes of one array or file that are hashed."""
_BLOCK: Final = 2**20
_SHOWN: Final = 16


def fingerprint(part: object, name: str = "data") -> str:
    """What the part is and the first digits of its hash, such as "float64 (797, 64) 1f0c5a7e90b2d3c4".

    Raises `InvalidObjective` for what has no content that is the same in every process.
    """
    digest = _Digest(name)
    digest.add(part)
    return f"{_kind(part)} {digest.hex()[:_SHOWN]}".strip()


@final
class _Digest:
    """Feeds parts to one hash. Each is preceded by its kind and length, so that different parts cannot run into one another."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._hash = hashlib.sha256()

    def hex(self) -> str:
        return self._hash.hexdigest()

    def add(self, part: Any) -> None:
        if part is None or type(part).__name__ == "NAType":
            self._head("nothing", "")
        elif isinstance(part, bool | int | float | complex) and not isinstance(part, np.generic):
            self._head(type(part).__name__, repr(part))
        elif isinstance(part, date):
            self._head("time", part.isoformat())
        elif isinstance(part, str):
            self._bytes("text", part.encode())
        elif isinstance(part, bytes | bytearray | memoryview):
            self._bytes("bytes", bytes(part))
        elif isinstance(part, os.PathLike):
            self._path(Path(part))
        elif isinstance(part, Mapping):
            self._unordered("mapping", list(part.items()))
        elif isinstance(part, set | frozenset):
            self._unordered("set", list(part))
        elif isinstance(part, list | tuple):
            self._head("list", str(len(part)))
            for item in part:
                self.add(item)
        elif (columns := _columns(part)) is not None:
            self.add(list(columns.items()))
        elif (array := _array(part)) is not None:
            self._array(array)
        else:
            raise InvalidObjective(
                f"ctx.data: {self._name!r} is a {type(part).__name__}, which has no fingerprint; give arrays, tensors, tables, "
                "paths of files, bytes, or lists and dicts of them."
            )

    def _head(self, kind: str, text: str) -> None:
        self._hash.update(f"{kind}:{len(text)}:{text};".encode())

    def _bytes(self, kind: str, content: bytes) -> None:
        self._head(kind, str(len(content)))
        self._hash.update(content)

    def _unordered(self, kind: str, items: list[Any]) -> None:
        self._head(kind, str(len(items)))
        digests = []
        for item in items:
            digest = _Digest(self._name)
            digest.add(item)
            digests.append(digest.hex())
        self._hash.update("".join(sorted(digests)).encode())

    def _array(self, array: NDArray[Any]) -> None:
        self._head("array", f"{array.dtype.str} {array.shape}")
        if array.dtype == object:
            self.add(_spread(array.ravel(), _MOST // 64).tolist())
            return
        if array.nbytes > _MOST:
            most = _MOST * len(array) // array.nbytes
            if most < 2:
                self._array(array[0])
                self._array(array[-1])
                return
            array = _spread(array, most)
        self._hash.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)

    def _path(self, path: Path) -> None:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            self._head("directory", str(len(files)))
            for file in files:
                self._head("name", file.relative_to(path).as_posix())
                self._file(file)
            return
        self._file(path)

    def _file(self, path: Path) -> None:
        try:
            size = path.stat().st_size
            self._head("file", str(size))
            with path.open("rb") as file:
                if size <= _MOST:
                    self._hash.update(file.read())
                    return
                for start in np.linspace(0, size - _BLOCK, _MOST // _BLOCK).astype(np.int64).tolist():
                    file.seek(start)
                    self._hash.update(file.read(_BLOCK))
        except OSError as error:
            raise InvalidObjective(
                f"ctx.data: {self._name!r}: {path} cannot be read ({error.strerror}); give the path of a file or a directory."
            ) from None


def _spread(array: NDArray[Any], most: int) -> NDArray[Any]:
    """Up to `most` rows, evenly spaced, the first and the last among them."""
    if len(array) <= most:
        return array
    spread: NDArray[Any] = array[np.linspace(0, len(array) - 1, most).astype(np.int64)]
    return spread


def _columns(part: Any) -> dict[str, Any] | None:
    """The columns of a pandas or polars table."""
    if not (hasattr(part, "columns") and hasattr(part, "dtypes") and hasattr(part, "__getitem__")):
        return None
    return {str(name): part[name].to_numpy() for name in part.columns}


def _array(part: Any) -> NDArray[Any] | None:
    """An array or a tensor of any library, on whatever device it lies."""
    if not hasattr(part, "__array__"):
        return None
    host = part.detach().cpu() if hasattr(part, "detach") else part
    try:
        return np.asarray(host)
    except TypeError:  # numpy has no bfloat16
        return np.asarray(host.float())


def _kind(part: Any) -> str:
    """What a person recognises the data by."""
    if isinstance(part, os.PathLike):
        path = Path(part)
        return f"{path.name} directory" if path.is_dir() else f"{path.name} {path.stat().st_size} bytes"
    if hasattr(part, "dtype") and hasattr(part, "shape"):
        return f"{part.dtype} {tuple(part.shape)}"
    if hasattr(part, "shape"):
        return f"{type(part).__name__} {tuple(part.shape)}"
    return f"{type(part).__name__} of {len(part)}" if hasattr(part, "__len__") else type(part).__name__
