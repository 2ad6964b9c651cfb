"""Looks at the test set: each is on record, since a set that is looked at often is no test any more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from tunesmith.trials.numbers import numbers_from_json
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

LOOK: Final = "test"
"""Key of the note that holds what was seen, on the trial that was looked at."""


class Look(NamedTuple):
    """What a winner came to on the test set."""

    trial: int
    values: Mapping[str, float]
    trainings: int
    """How many trainings of its configuration the values are the means of."""

    @property
    def sentence(self) -> str:
        """In words, with how often anybody has looked left to others."""
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.values.items())
        of = f" (mean of {self.trainings} trainings)" if self.trainings > 1 else ""
        return f"{values}{of}"


def look_at(trial: Trial) -> Look | None:
    """What was seen of a trial; None if nobody looked."""
    note = trial.notes.get(LOOK)
    return None if note is None else Look(trial.number, numbers_from_json(note["values"]), note["trainings"])


def looks(view: View) -> list[Look]:
    """All looks at the test set, by trial."""
    return [look for trial in view.trials if (look := look_at(trial)) is not None]
