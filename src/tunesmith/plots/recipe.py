"""The recipe: how to train the best configuration again. Plain text."""

from __future__ import annotations

import shlex
from typing import Final, NamedTuple

from tunesmith.analysis.best import Best
from tunesmith.plots.texts import cut, duration_text
from tunesmith.trials.spec import StudySpec

_NAME: Final = 200


class Recipe(NamedTuple):
    """What it takes to train the best trial again."""

    lines: list[tuple[str, str]]
    """What is needed, by name."""
    commands: list[str]
    """How the command line shows it."""


def recipe(spec: StudySpec, best: Best | None) -> Recipe | None:
    """The recipe of the best trial; None while there is none."""
    if best is None:
        return None
    trial = best.trial
    steps = f"{trial.last.step:,} step{'' if trial.last.step == 1 else 's'}" if trial.last else ""
    parent = (
        f"it goes on from trial {trial.parent}; its schedule is part of the recipe" if trial.parent is not None else ""
    )
    lines = [
        ("Seed", str(trial.seed)),
        ("Length", steps),
        ("Training", duration_text(trial.spent) if trial.spent else ""),
        ("Fork", parent),
    ]
    name = shlex.quote(cut(spec.name, _NAME))
    commands = [f"tunesmith rerun {name} {trial.number}", f"tunesmith trial {name} {trial.number} --json"]
    return Recipe([line for line in lines if line[1]], commands)
