"""Population-based training (Jaderberg et al. 2017): poor members of a population continue good ones, a little changed."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final, final

import numpy as np

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Pause, Resume, Stop
from tunesmith.schedulers.explore import Explore, Perturb
from tunesmith.schedulers.halving import wobble
from tunesmith.schedulers.rungs import Ints, standing
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View

_FEWEST: Final = 4
_PARTS: Final = 20
"""A member looks around so many times in a full training, by default."""
_TRAINING: Final = (State.RUNNING, State.PAUSED)
_ALIVE: Final = (State.OPEN, State.READY, *_TRAINING)


@final
class PBT:
    """`population` trials train side by side; every `interval` steps each looks at how the others stood at the same step.

    One in the worst `share` whose value is behind that of one in the best `share` by more than their curves wobble is
    stopped, and its place goes to a fork: a new trial that begins at the better one's last checkpoint (`ctx.save`, `ctx.load`)
    with a configuration that `explore` makes of its own. So hyperparameters become schedules; `study.schedule(n)` tells
    that of a trial. No barrier: whoever is slow keeps nobody waiting, and only like steps are compared. If there are fewer
    places than members, members take turns.

    For trainings in which the best values change with time, such as reinforcement learning. `frozen` names parameters that a
    checkpoint depends on, such as a network's width: forks keep them. Forks count as trials of the study's budget.
    By default members look around every twentieth of a full training, or every second step while its length is unknown.
    """

    def __init__(
        self,
        *,
        population: int = 8,
        interval: int | None = None,
        share: float = 0.25,
        frozen: Collection[str] = (),
        explore: Explore | None = None,
    ) -> None:
        if population < _FEWEST:
            raise InvalidStudy(
                f"PBT(population={population}): among fewer than {_FEWEST} there are no good and poor ones; give 8, or search with "
                "another scheduler."
            )
        if not 0 < share <= 0.5 or (interval is not None and interval < 1):
            raise InvalidStudy(f"PBT(interval={interval}, share={share}): give interval >= 1 and 0 < share <= 0.5.")
        self.population = population
        self.interval = interval
        self.share = share
        self.frozen = frozenset(frozen)
        self.explore = explore or Perturb()

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        steps, _ = view.curve(trial.number, view.spec.objectives[0].metric)
        steps = steps[steps <= report.step]
        if view.full_steps is not None and report.step >= view.full_steps:
            return CONTINUE
        # Who comes first has nobody to be compared with; one step later, when it goes on, the others have come too.
        interval = self.interval or max(1, (view.full_steps or 2 * _PARTS) // _PARTS)
        looks = [int(steps[i]) for i in (-1, -2) if _looks_around(trial, steps, len(steps) + i, interval)]
        for step in looks:
            reason = self._behind(view, trial.number, step)
            if reason is not None:
                return Stop(reason)
        if report.step in looks and self._must_wait(view, trial):
            values = ", ".join(f"{metric} {value:.4g}" for metric, value in report.metrics.items())
            return Pause(f"lets other members catch up at step {report.step}, with {values}")
        return CONTINUE

    def _behind(self, view: View, number: int, step: int) -> str | None:
        """Why a member gives way to a fork of another one; None if it does not, or no fork can be opened any more."""
        found = standing(view, step)
        rank, count = found.rank(number), len(found)
        few = max(1, math.floor(self.share * count))
        if rank is None or count < _FEWEST or rank <= count - few or view.remaining.nothing:
            return None
        if not any(
            view.trials[other].state in _TRAINING and _is_ahead(view, other, number, step) for other in found.best(few)
        ):
            return None
        metric = view.spec.objectives[0].metric
        steps, curve = view.curve(number, metric)
        value = float(curve[steps == step][0])
        return (
            f"{metric} {value:.4g} at step {step} is number {rank} of {count}; a better one is continued in its place"
        )

    def next(self, view: View, slots: int) -> Sequence[Order]:
        members = view.of(*_ALIVE, State.DONE)
        begun = sum(trial.parent is None for trial in view.trials)
        new: list[Order] = [New() for _ in range(self.population - begun)]
        vacant = range(min(slots, self.population - len(members) - len(new)))
        forks = [fork for i in vacant if (fork := self._fork(view, view.next + i)) is not None]
        paused = sorted(view.of(State.PAUSED), key=lambda trial: (_step(trial), trial.number))
        return [*forks, *new, *(Resume(trial.number) for trial in paused)][:slots]

    def _must_wait(self, view: View, trial: Trial) -> bool:
        """Whether others are behind for want of a place: a population larger than the places takes turns."""
        begun = sum(other.parent is None for other in view.trials)
        return begun < self.population or any(_step(other) < _step(trial) for other in view.of(State.PAUSED))

    def _fork(self, view: View, number: int) -> New | None:
        """A fork of one of the best that train now, by their values at the last step that all of them have reached."""
        full = view.full_steps or math.inf
        members = [trial for trial in view.of(*_TRAINING) if trial.reports and _step(trial) < full]
        if not members:
            return None
        rng = np.random.default_rng([view.spec.seed, number, _FEWEST])
        step = min(_step(trial) for trial in members)
        numbers = {trial.number for trial in members}
        found = standing(view, step, lambda those: np.isin(those, list(numbers)))
        few = max(1, math.floor(self.share * self.population))
        best = found.best(few) or [members[0].number]
        donor = view.trials[int(rng.choice(best))]
        config, how = self.explore(view, donor, self.frozen, rng)
        why = f"continues trial {donor.number}, {how}"
        return New(config=config, parent=donor.number, by="pbt", why=why)


def _looks_around(trial: Trial, steps: Ints, i: int, interval: int) -> bool:
    """Whether a trial's i-th report is the first one of an interval, and not of the one in which the trial began."""
    if i < 1:
        return False
    begun = 0 if trial.parent is None else int(steps[0]) - 1
    return int(steps[i - 1]) // interval < int(steps[i]) // interval and int(steps[i]) >= begun + interval


def _step(trial: Trial) -> int:
    return trial.last.step if trial.last else 0


def _is_ahead(view: View, other: int, number: int, step: int) -> bool:
    """Whether the difference between two trials at a step is more than noise, by the first objective."""
    objective = view.spec.objectives[0]
    curves = []
    for which in (other, number):
        steps, values = view.curve(which, objective.metric)
        curves.append(objective.sign * values[steps <= step])
    ahead, behind = curves
    noise = math.hypot(wobble(ahead), wobble(behind))
    return bool(np.isnan(behind[-1]) or behind[-1] - ahead[-1] > noise)
