"""What a trial trained, made ready to train again: by a record, or as a person names it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from tunesmith.errors import InvalidObjective, InvalidSpace, InvalidStudy
from tunesmith.run.attempt import Target
from tunesmith.run.command import Command
from tunesmith.run.devices import devices_from
from tunesmith.run.executor import Executor
from tunesmith.run.inline import Inline
from tunesmith.run.origin import NOWHERE, Origin, load_recorded, origin_of
from tunesmith.run.processes import Processes
from tunesmith.space.hints import Binding, bind
from tunesmith.space.params import Json
from tunesmith.space.space import Space

Given: TypeAlias = Callable[..., Any] | Sequence[str]
"""A training function, or the template of a command line."""


def executor_of(given: Given | None, record: Mapping[str, Any], space: Space) -> Executor:
    """The executor that a trial ran on, with one and the same share of the machine for each place as it had.

    Raises `InvalidStudy` if nothing is given and the record does not say what was trained.
    """
    target: Json = record.get("target")
    if given is None and target is None:
        raise InvalidStudy(
            "The record does not say where the training function is, since it stands in a script without a main part, or has no name; "
            "give it: the function itself, as in ts.rerun(study, n, train), or on the command line its place, as in train.py:train."
        )
    places, devices = int(record.get("places", 1)), devices_from("auto")
    if given is None and "command" in target:
        return Command(target["command"], devices=devices, cwd=Path(target["cwd"]), metrics_file=target["metrics_file"])
    if given is not None and not callable(given):
        return Command(given, devices=devices)
    function = load_recorded(target) if given is None else given
    assert callable(function)
    bound = Target(function, _bound(function, space))
    if record.get("executor", "inline") == "processes":
        return Processes(bound, slots=places, devices=devices)
    return Inline(bound)


def _bound(function: Callable[..., Any], space: Space) -> Binding:
    """As the study called it: by its own hints, unless it was given another space."""
    try:
        own = bind(function)
    except (InvalidObjective, InvalidSpace):
        return bind(function, space)
    return own if space.grows or not space.differences(own.space) else bind(function, space)


def origin_now(given: Given | None, record: Mapping[str, Any]) -> Origin:
    """Where to look at the code as it is now: at the files of the record, unless something else is given."""
    code = record.get("code") or {}
    if "root" in code:
        root = Path(code["root"])
        return Origin(tuple(root / name for name in code["files"]), root)
    return origin_of(given) if callable(given) else NOWHERE


@contextlib.contextmanager
def directory_of(given: Given | None, record: Mapping[str, Any]) -> Iterator[None]:
    """What the record names runs where it ran, since it may read files by relative paths."""
    directory = record.get("directory")
    if given is not None or directory is None or not Path(directory).is_dir():
        yield
        return
    with contextlib.chdir(directory):
        yield
