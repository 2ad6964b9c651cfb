"""Repeats: trainings of one configuration on other seeds. They tell what it is worth, and how much of a value is luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tunesmith.trials.order import losses_of
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import State, Trial


def repeats_of(trials: Sequence[Trial]) -> Mapping[int, list[Trial]]:
    """By the number of the trial that is repeated: its repeats, by number, in whatever state.

    One that has ended with another configuration is none: a define-by-run training may ask for other ranges than before.
    """
    found: dict[int, list[Trial]] = {}
    for trial in trials:
        if trial.twin is not None and not (trial.state.ended and trial.config != trials[trial.twin].config):
            found.setdefault(trial.twin, []).append(trial)
    return found


def is_deterministic(spec: StudySpec, trials: Sequence[Trial]) -> bool:
    """Whether repeats have come to exactly what they repeat, all of them and at least one."""
    pairs = [
        (losses_of(spec, trial), losses_of(spec, trials[trial.twin]))
        for found in repeats_of(trials).values()
        for trial in found
        if trial.twin is not None and trial.state is State.DONE
    ]
    return bool(pairs) and all(once == again for again, once in pairs)
