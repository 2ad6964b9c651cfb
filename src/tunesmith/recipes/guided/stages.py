"""The stages: their names, their order, their part of the budget, and which trials are of which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

Name: TypeAlias = Literal[
    "baseline", "learning rate", "batch and schedule", "architecture and regularization", "fine-tuning"
]

WEIGHTS: Final[Mapping[Name, float]] = {
    "baseline": 0.08,
    "learning rate": 0.12,
    "batch and schedule": 0.10,
    "architecture and regularization": 0.30,
    "fine-tuning": 0.40,
}
"""The stages in their order, with the share of the budget of each; that of a stage which is skipped goes to those after it."""
NAMES: Final = tuple(WEIGHTS)


def members_of(view: View) -> dict[Name, list[Trial]]:
    """The trials of each stage. One that no stage has proposed, such as a person's, belongs to the stage in which it came."""
    members: dict[Name, list[Trial]] = {name: [] for name in NAMES}
    now: Name = "baseline"
    for trial in view.trials:
        stage, found, _ = trial.by.partition("/")
        if found and stage in members:
            now = stage
        elif trial.twin is not None:
            continue  # a repeat of the confirmation
        members[now].append(trial)
    return members


def stage_of_last(view: View) -> Name | None:
    """The stage that the newest trial says it belongs to; None for a repeat, and for one that no stage has proposed."""
    stage = view.trials[-1].by.partition("/")[0] if view.trials else ""
    return next((name for name in NAMES if name == stage), None)
