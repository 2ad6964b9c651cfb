"""The stages: their names, their order, their part of the budget, and which trials are of which. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

Name: TypeAlias = Literal[
    "baseline", "learning rate", "batch and schedule", "architecture and regularization", "fine-tuning"
]

GUIDED: Final = "guided"
"""What the sampler and the scheduler of such a search are called in a study's spec."""
NAMES: Final[tuple[Name, ...]] = (
    "baseline", "learning rate", "batch and schedule", "architecture and regularization", "fine-tuning",
)  # fmt: skip
MOST: Final[Mapping[Name, float]] = {
    "learning rate": 0.15,
    "batch and schedule": 0.10,
    "architecture and regularization": 0.20,
}
"""The stages that ask one question each, with the share of the budget that each uses at most; the rest is for fine-tuning."""


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


def stage_of(trial: Trial) -> Name | None:
    """The stage that a trial says it belongs to; None for one that no stage has proposed."""
    stage = trial.by.partition("/")[0]
    return next((name for name in NAMES if name == stage), None)
