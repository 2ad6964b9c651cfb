"""Populations: the schedules of hyperparameters that trials went through which were forked from one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import Axis, param_axis
from tunesmith.analysis.best import Best, best_of
from tunesmith.analysis.ranking import choose, ranking
from tunesmith.trials.lineage import Segment, schedule
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_MOST: Final = 24
_KEPT: Final = 8
_MOST_AXES: Final = 8


class Member(NamedTuple):
    """A trial and what its training went through, from its first ancestor on."""

    number: int
    segments: list[Segment]
    best: bool


@final
@dataclass(frozen=True, eq=False)
class Population:
    """The members whose schedules are shown, by number; k segments in all."""

    members: list[Member]
    axes: list[Axis]
    """The parameters that changed in some schedule, else all that vary; `values` (k,) of the segments, member by member."""
    total: int
    """How many trials are left of the population; more than there are members if some are left out."""
    forks: int
    """How many trials were forked from another."""
    hidden: list[str]
    """Parameters that did not fit."""
    ancestors: NDArray[np.int64]
    """(members,) the trial that each training began with."""


def population(view: View, best: Best | None = None) -> Population | None:
    """The population history; None where no trial was forked from another.

    Members are the trials that were not replaced: finished, or still to be trained; the best 8 and a spread of the others.
    """
    forks = sum(trial.parent is not None for trial in view.trials)
    if not forks:
        return None
    best = best_of(view) if best is None else best
    ranked = ranking(view, best)
    left = [trial for trial in ranked if _is_left(trial)] or [trial for trial in ranked if trial.parent is not None]
    if best is not None and best.trial not in left:
        left.insert(0, best.trial)
    members = [
        Member(trial.number, schedule(view, trial.number), best is not None and trial is best.trial)
        for trial in choose(left, _MOST, _KEPT)
    ]
    codec = view.space.codec()
    varying = [(name, param) for name, param in zip(codec.names, codec.params, strict=True) if param.size != 1]
    changed = [name for name, _ in varying if any(_changes(member, name) for member in members)]
    shown = [(name, param) for name, param in varying if name in changed or not changed]
    configs = [segment.config for member in members for segment in member.segments]
    return Population(
        members=members,
        axes=[param_axis(name, param, configs) for name, param in shown[:_MOST_AXES]],
        total=len(left),
        forks=forks,
        hidden=[name for name, _ in shown[_MOST_AXES:]],
        ancestors=np.array([member.segments[0].trial for member in members], np.int64),
    )


def _is_left(trial: Trial) -> bool:
    return trial.config is not None and trial.state in (State.DONE, State.RUNNING, State.PAUSED, State.READY)


def _changes(member: Member, name: str) -> bool:
    first = member.segments[0].config.get(name)
    return any(segment.config.get(name) != first for segment in member.segments)
