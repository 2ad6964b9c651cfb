"""Watcher: somebody who looks on while a study runs, such as the terminal."""

from __future__ import annotations

from typing import Protocol, final

from tunesmith.trials.changes import Changes
from tunesmith.trials.view import View


class Watcher(Protocol):
    """Is told what happens; cannot change anything."""

    def changed(self, view: View, changes: Changes) -> None:
        """`changes` have just been added; `view` holds them."""

    def said(self, text: str) -> None:
        """A sentence for the person who started the study."""

    def tick(self, view: View) -> None:
        """Called about once a second while trials run in other processes."""

    def close(self) -> None:
        """The run is over."""


@final
class Silent:
    """Nobody looks on."""

    def changed(self, view: View, changes: Changes) -> None:
        pass

    def said(self, text: str) -> None:
        pass

    def tick(self, view: View) -> None:
        pass

    def close(self) -> None:
        pass
