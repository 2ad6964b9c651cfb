"""Everything that Tunesmith raises on purpose.

    TunesmithError
    ├── InvalidSpace         the search space contradicts itself (also a ValueError)
    ├── InvalidConfig        a configuration does not fit its space (also a ValueError)
    ├── InvalidStudy         objectives, budgets or options that cannot be meant (also a ValueError)
    ├── InvalidObjective     the training function cannot be called or returned something unusable (also a TypeError)
    ├── InvalidFile          a sweep file or a command line that cannot be read (also a ValueError)
    ├── InvalidFilter        a filter of trials that cannot be read (also a ValueError)
    ├── SpaceExhausted       every configuration of a finite space has been tried
    ├── NothingToDo          the scheduler gives out no trial now
    ├── MissingExtra         an optional dependency is needed; the message holds the install command (also an ImportError)
    └── StoreError           the study's store refuses
        ├── UnknownStudy     no study of that name (also a KeyError)
        ├── DuplicateStudy   a study of that name exists and may not be created again
        ├── StudyChanged     the same name with another space or other objectives
        ├── NewerFormat      the store was written by a newer Tunesmith
        ├── IllegalTransition  a fact that cannot happen to this trial now; the message tells the trial's story
        ├── Conflict         another process was faster; look again and decide anew
        └── BudgetSpent      the study's budget is used up

Each message is one sentence that says what is wrong, where, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class TunesmithError(Exception):
    """Base of all errors that Tunesmith raises on purpose."""


class InvalidSpace(TunesmithError, ValueError):
    """The search space contradicts itself."""


class InvalidConfig(TunesmithError, ValueError):
    """A configuration does not fit its space."""


class InvalidStudy(TunesmithError, ValueError):
    """Objectives, budgets or options that cannot be meant."""


class InvalidObjective(TunesmithError, TypeError):
    """The training function cannot be called, or returned something unusable."""


class InvalidFile(TunesmithError, ValueError):
    """A sweep file or a command line that cannot be read."""


class InvalidFilter(TunesmithError, ValueError):
    """A filter of trials that cannot be read."""


class SpaceExhausted(TunesmithError):
    """Every configuration of a finite space has been tried."""


class NothingToDo(TunesmithError):
    """The scheduler gives out no trial now: others have to go on first, or there is nothing left to train."""


class MissingExtra(TunesmithError, ImportError):
    """An optional dependency is needed; the message holds the install command."""


class StoreError(TunesmithError):
    """The study's store refuses."""


class UnknownStudy(StoreError, KeyError):
    """No study of that name."""

    def __str__(self) -> str:  # KeyError would show the message in quotes
        return str(self.args[0]) if self.args else ""


class DuplicateStudy(StoreError):
    """A study of that name exists and may not be created again."""


class StudyChanged(StoreError):
    """The same name with another space or other objectives."""


class NewerFormat(StoreError):
    """The store was written by a newer Tunesmith."""


class IllegalTransition(StoreError):
    """A fact that cannot happen to this trial now; the message tells the trial's story."""


class Conflict(StoreError):
    """Another process was faster; look again and decide anew."""


class BudgetSpent(StoreError):
    """The study's budget is used up."""


USAGE: Final = (InvalidConfig, InvalidFile, InvalidObjective, InvalidSpace, InvalidStudy, StudyChanged)
"""Mistakes in what was asked for. Their sentence tells all there is to know."""


def without_inner_frames(function: Callable[P, T]) -> Callable[P, T]:
    """A function whose usage errors point at the line that called it, not at the depths of Tunesmith where they were noticed."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except (*USAGE, UnknownStudy) as error:
            raise error.with_traceback(None)  # noqa: B904  it is the same error

    return called
