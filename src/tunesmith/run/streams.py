"""What a program writes, as lines: from its pipes, which are copied to files, and from a file that it appends to."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

_LONGEST_LINE: Final = 64 * 1024
_TAIL: Final = 32 * 1024
_CHUNK: Final = 64 * 1024


@final
class Lines:
    """Cuts bytes into lines of text. What a line has beyond 64 KiB is dropped; bytes that are no UTF-8 are replaced."""

    def __init__(self) -> None:
        self._line = bytearray()

    def feed(self, content: bytes) -> list[str]:
        """The lines that are complete now."""
        *ends, rest = content.split(b"\n")
        lines = [self._complete(end) for end in ends]
        self._grow(rest)
        return lines

    def end(self) -> list[str]:
        """The last line, if it has no line break."""
        return [self._complete(b"")] if self._line else []

    def _complete(self, end: bytes) -> str:
        self._grow(end)
        text = self._line.decode(errors="replace")
        self._line.clear()
        return text

    def _grow(self, piece: bytes) -> None:
        self._line += piece[: _LONGEST_LINE - len(self._line)]


@final
class Stream:
    """One pipe of a program: copied to a file, its lines handed on, its end kept."""

    def __init__(self, pipe: int, copy: Path, take: Callable[[str], None] | None = None) -> None:
        self.pipe = pipe
        self.is_ended = False
        self._take = take
        self._lines = Lines()
        self._tail = bytearray()
        self._copy: int | None = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        os.set_blocking(pipe, False)

    @property
    def tail(self) -> str:
        """The last that the program wrote."""
        return self._tail.decode(errors="replace")

    def read(self) -> bool:
        """Take what has arrived, at most 64 KiB; False if that is nothing."""
        try:
            content = os.read(self.pipe, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            content = b""
        self.is_ended = not content
        self._tail = (self._tail + content)[-_TAIL:]
        self._keep(content)
        if self._take is not None:
            for line in self._lines.feed(content):
                self._take(line)
        return bool(content)

    def close(self) -> None:
        """Take the last line, and close the copy. The pipe is its owner's to close."""
        if self._take is not None:
            for line in self._lines.end():
                self._take(line)
        self._drop_copy()

    def _keep(self, content: bytes) -> None:
        try:
            while content and self._copy is not None:
                content = content[os.write(self._copy, content) :]
        except OSError:
            self._drop_copy()  # a full disk must not end the trial, only its copy

    def _drop_copy(self) -> None:
        if self._copy is not None:
            os.close(self._copy)
            self._copy = None


@final
class Appended:
    """A file that a program may append lines to; what it holds at the beginning is not read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = Lines()
        self._offset = self._size()

    def read(self) -> list[str]:
        """The lines that were completed since the last call."""
        size = self._size()
        if size < self._offset:  # written anew
            self._offset, self._lines = 0, Lines()
        lines: list[str] = []
        while self._offset < size:
            content = self._content()
            if not content:
                break
            self._offset += len(content)
            lines += self._lines.feed(content)
        return lines

    def end(self) -> list[str]:
        """The lines that are left, the last one also without a line break."""
        return self.read() + self._lines.end()

    def _size(self) -> int:
        """0 also for what is no plain file: reading it could wait for ever."""
        try:
            found = self._path.stat()
        except OSError:
            return 0
        return found.st_size if stat.S_ISREG(found.st_mode) else 0

    def _content(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                return file.read(_CHUNK)
        except OSError:
            return b""
