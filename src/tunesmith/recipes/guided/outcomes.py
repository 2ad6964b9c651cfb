"""Outcomes: what is known of configurations, and how large noise is. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from tunesmith.space.params import Config
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_SURE: Final = 2.0
"""By how many deviations of the difference of two trainings one must be worse to count as worse."""


class Outcome(NamedTuple):
    """What a configuration came to: the mean over its trainings, smaller is better; infinite where it failed."""

    config: Config
    loss: float
    finished: bool
    """Whether it was trained to its end, and kept the limits; else its loss is that of its last report."""


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


def outcomes_of(view: View, trials: Iterable[Trial]) -> list[Outcome]:
    """The outcomes of the configurations of some trials that have ended or paused, in the order of their first trials."""
    losses: dict[object, list[float]] = defaultdict(list)
    configs: dict[object, Config] = {}
    finished: set[object] = set()
    for trial in trials:
        loss = _loss(view, trial)
        if trial.config is None or loss is None:
            continue
        key = view.space.key(trial.config)
        configs.setdefault(key, trial.config)
        losses[key].append(loss)
        if trial.state is State.DONE and feasible(view.spec, trial):
            finished.add(key)
    return [
        Outcome(config, math.fsum(losses[key]) / len(losses[key]), key in finished) for key, config in configs.items()
    ]


def _loss(view: View, trial: Trial) -> float | None:
    """None as long as nothing is known of it."""
    if trial.state is State.FAILED:
        return math.inf
    if trial.state is State.PAUSED and trial.last is not None:
        objective = view.spec.objectives[0]
        loss = objective.sign * trial.last.metrics.get(objective.metric, math.nan)
        return loss if math.isfinite(loss) else math.inf
    if trial.state not in (State.DONE, State.STOPPED) or not trial.values:
        return None
    losses = losses_of(view.spec, trial)
    return math.inf if losses is None else losses[0]


def best_outcome(outcomes: Sequence[Outcome]) -> Outcome | None:
    """The best one that was trained to its end; the earliest of equal ones."""
    done = [outcome for outcome in outcomes if outcome.finished and math.isfinite(outcome.loss)]
    return min(done, key=lambda outcome: outcome.loss) if done else None


def noise_of(view: View) -> Noise:
    """From all repeats of configurations: the deviation within them, pooled."""
    groups: dict[object, list[float]] = defaultdict(list)
    for trial in view.of(State.DONE):
        losses = losses_of(view.spec, trial)
        if losses is not None and trial.config is not None:
            groups[view.space.key(trial.config)].append(losses[0])
    squares = sum(sum((loss - math.fsum(group) / len(group)) ** 2 for loss in group) for group in groups.values())
    freedom = sum(len(group) - 1 for group in groups.values())
    return Noise(math.sqrt(squares / freedom) if freedom else 0.0, freedom)
