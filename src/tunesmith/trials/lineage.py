"""Lineage: the trials that a fork continues, and the schedule of hyperparameters that this makes. Pure."""

from __future__ import annotations

from typing import NamedTuple

from tunesmith.space.params import Config
from tunesmith.trials.view import View


class Segment(NamedTuple):
    """A part of a training: after step `begins` and up to step `ends`, a trial trained with its configuration."""

    trial: int
    begins: int
    ends: int
    config: Config


def schedule(view: View, number: int) -> list[Segment]:
    """What a trial's training went through, from step 0 on; one segment unless the trial was forked from another.

    Raises `InvalidStudy` if there is no such trial.
    """
    metric = view.spec.objectives[0].metric
    segments: list[Segment] = []
    until: int | None = None
    current: int | None = number
    while current is not None:
        trial = view.trial(current)
        steps, _ = view.curve(current, metric)
        ends = (trial.last.step if trial.last else 0) if until is None else until
        apart = int(steps[1] - steps[0]) if len(steps) > 1 else 1
        begins = 0 if trial.parent is None or not len(steps) else max(0, int(steps[0]) - apart)
        if ends > begins or not segments:
            segments.append(Segment(current, begins, ends, dict(trial.config or {})))
        until, current = begins, trial.parent
    return segments[::-1]
