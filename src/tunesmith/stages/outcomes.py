"""Outcomes: what configurations came to, how they compare on their way, and how large noise is. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from tunesmith.space.params import Config
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_SURE: Final = 2.0
"""By how many deviations of the difference of two trainings one must be worse to count as worse."""


class Outcome(NamedTuple):
    """A configuration that was trained to its end, and kept the limits."""

    config: Config
    loss: float
    """The mean over its trainings; smaller is better."""
    trial: Trial
    """Its first one."""


class Noise(NamedTuple):
    """How much trainings of one configuration differ."""

    deviation: float
    """Standard deviation; 0 also where nothing was repeated."""
    repeats: int
    """How many trainings repeated one that was there; 0 says that nothing is known."""

    @property
    def margin(self) -> float:
        """What a difference of two trainings must exceed, to be more than noise explains."""
        return _SURE * math.sqrt(2.0) * self.deviation


def best_outcome(view: View, trials: Iterable[Trial]) -> Outcome | None:
    """The best configuration of some trials, of those that were trained to their end; the earliest of equal ones."""
    losses: dict[object, list[float]] = defaultdict(list)
    first: dict[object, Trial] = {}
    for trial in trials:
        found = losses_of(view.spec, trial) if trial.state is State.DONE else None
        if found is None or trial.config is None or not feasible(view.spec, trial):
            continue
        key = view.space.key(trial.config)
        first.setdefault(key, trial)
        losses[key].append(found[0])
    outcomes = [
        Outcome(trial.config, math.fsum(losses[key]) / len(losses[key]), trial)
        for key, trial in first.items()
        if trial.config is not None
    ]
    return min(outcomes, key=lambda outcome: outcome.loss, default=None)


class Abreast(NamedTuple):
    """Some trials at a step that all of them have reached, so that one which was trained less is not worse for it."""

    step: int | None
    """None where trials tell no more than what they came to."""
    losses: Sequence[tuple[Trial, float]]
    """Smaller is better; infinite for those that failed."""


def abreast(view: View, trials: Iterable[Trial]) -> Abreast:
    """Trials that have a report or an outcome, as they were at the last step of the one that was trained least."""
    known = [trial for trial in trials if trial.state is State.FAILED or trial.last is not None or trial.values]
    steps = [trial.last.step for trial in known if trial.state is not State.FAILED and trial.last is not None]
    step = min(steps, default=None)
    return Abreast(step, [(trial, _loss_at(view, trial, step)) for trial in known])


def _loss_at(view: View, trial: Trial, step: int | None) -> float:
    objective = view.spec.objectives[0]
    if trial.state is State.FAILED:
        return math.inf
    if step is None or trial.last is None or (trial.last.step == step and trial.values):
        loss = trial.values.get(objective.metric, math.nan)
    else:
        steps, values = view.curve(trial.number, objective.metric)
        before = int(np.searchsorted(steps, step, side="right"))
        loss = float(values[before - 1]) if before else math.nan
    return objective.sign * loss if math.isfinite(loss) else math.inf


def noise_of(view: View, step: int | None = None) -> Noise:
    """From all repeats of configurations: the deviation within them, pooled; at a step, or at their ends."""
    groups: dict[object, list[float]] = defaultdict(list)
    for trial in view.of(State.DONE):
        losses = losses_of(view.spec, trial)
        if losses is not None and trial.config is not None:
            loss = losses[0] if step is None else _loss_at(view, trial, step)
            groups[view.space.key(trial.config)].append(loss)
    squares = sum(sum((loss - math.fsum(group) / len(group)) ** 2 for loss in group) for group in groups.values())
    freedom = sum(len(group) - 1 for group in groups.values())
    return Noise(math.sqrt(squares / freedom) if freedom else 0.0, freedom)
