"""The command line of a bench: commands that share their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path


class Commands:
    """Each is a function of what was given. `--out` are folders of results, the bench's own where none is given."""

    def __init__(self, text: str, results: Path) -> None:
        self._parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
        self._commands = self._parser.add_subparsers(required=True)
        self._results = results

    def add(self, name: str, function: Callable, *, tasks: bool = False) -> argparse.ArgumentParser:
        """A command; with `tasks`, one that chooses the tasks it is about."""
        added = self._commands.add_parser(name)
        added.set_defaults(function=function)
        added.add_argument("--out", action="append", type=Path, help="folder of results, several to read from")
        added.add_argument("--only", default="", help="tasks with this text in their name")
        if tasks:
            added.add_argument("--tasks-from", type=Path, help="a folder of tasks instead of the repository's own")
            added.add_argument("--list", default="dev", help="the folder's module that lists tasks")
            added.add_argument("--subset", action="store_true", help="the tasks for slow peers")
        return added

    def add_run(self, function: Callable, *, workers: int) -> argparse.ArgumentParser:
        """The command that runs races, `workers` trials at a time if not told otherwise."""
        added = self.add("run", function, tasks=True)
        added.add_argument("--method", action="append", required=True)
        added.add_argument("--as", dest="as_", help="keep the results under this name")
        added.add_argument("--fresh", action="store_true", help="forget the method's results first")
        added.add_argument("--seeds", type=int, default=5)
        added.add_argument("--first-seed", type=int, default=0)
        added.add_argument("--workers", type=int, default=workers)
        return added

    def run(self) -> None:
        given = self._parser.parse_args()
        given.out = given.out or [self._results]
        given.function(given)
