"""Race: the last part of the budget goes to repeats on fresh seeds, until it is clear which configuration is best.

The best of many noisy values is mostly luck, so the leaders of the search are trained again, and the default with them. Which
one is repeated next follows from what is expected of each (`surrogates/expected.py`): the repeat that is expected to better
the choice the most, which is the knowledge gradient of Frazier, Powell & Dayanik 2008 ("A Knowledge-Gradient Policy for
Sequential Information Collection", eq. 15). Those that are clearly behind are worth no repeat, and so leave the race.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Resume, Scheduler
from tunesmith.surrogates.dominance import front_ranks, spread_order
from tunesmith.trials.order import best_trial, feasible
from tunesmith.trials.repeats import is_deterministic, repeats_of
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import Remaining, View, cost_of

Floats = NDArray[np.float64]

_BY: Final = "repeat"
FEWEST_REPEATS: Final = 3
"""Repeats below which a race says nothing."""
_LEADING: Final = 5
"""So many configurations are in the race."""
_OF_LEADER: Final = 3
_OF_DEFAULT: Final = 2
"""Repeats that the leader and the default have at the end, if they can be afforded: what is said of them needs them."""
_CLEAR: Final = 0.01
"""The race is over when the best repeat is expected to better the choice by less than this part of the noise."""


@final
class Race:
    """What the inner scheduler does; and `share` of the budget is kept for repeats of the best configurations.

    Halfway through the search the best trial is repeated once: if its value comes out exactly the same, the objective is
    deterministic, and all that is left is for the search. What a race that is decided early does not need is too.
    """

    def __init__(self, inner: Scheduler, share: float = 0.15) -> None:
        if not 0 < share < 1:
            raise InvalidStudy(f"Race(share={share}): give the part of the budget for repeats, between 0 and 1.")
        self.inner = inner
        self.share = share

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        return CONTINUE if trial.by == _BY else self.inner.decide(view, trial, report)

    def next(self, view: View, slots: int) -> Sequence[Order]:
        budget = view.spec.budget
        limit = _limit(view)
        most = math.inf if math.isinf(limit) else math.floor(self.share * limit)
        if most < FEWEST_REPEATS:
            return self.inner.next(view, slots)
        kept = Remaining(most, self.share * (budget.time or math.inf), self.share * (budget.cost or math.inf))
        if _used(view) < (1 - self.share) / 2 and view.remaining.configs > 0:
            orders = self.inner.next(view.within(_less(view, kept, 0)), slots)
            if orders or view.of(State.RUNNING):
                return orders
        if is_deterministic(view.spec, view.trials):
            return self.inner.next(view, slots)
        repeats = repeats_of(view.trials)
        made = sum(map(len, repeats.values()))
        searching = view.within(_less(view, kept, made))
        if not made and (leader := best_trial(view.spec, _finished(view))) is not None:
            why = f"trial {leader.number}, the best so far, on another seed: is there luck in values?"
            return [_repeat(leader, why), *(self.inner.next(searching, slots - 1) if slots > 1 else ())]
        if not searching.remaining.nothing:
            orders = self.inner.next(searching, slots)
            # A search may end before its share does: because that is enough, or too little for what it would begin.
            if orders or view.of(State.RUNNING):
                return orders
        resumed = [order for order in self.inner.next(searching, slots) if isinstance(order, Resume)]
        if len(resumed) >= slots:
            return resumed
        field = _Field(view, repeats)
        affordable = _affordable(view, most - made)
        orders = [*resumed, *field.picks(slots - len(resumed), affordable)]
        if orders or field.waits:
            return orders
        # The race is decided, so the search has the rest; but what it may find at last shall be repeated too.
        left = view.remaining
        found_late = left.trials - _OF_LEADER if affordable > _OF_LEADER else left.trials
        return self.inner.next(view.within(left._replace(trials=found_late)), slots)


class _Runner(NamedTuple):
    """A configuration in the race."""

    trial: Trial
    mean: float
    """The loss that is expected of it."""
    deviation: float


class _Field:
    """Who is in the race, and how it stands; every pick counts as a repeat that is under way."""

    def __init__(self, view: View, repeats: Mapping[int, list[Trial]]) -> None:
        self._counts = Counter({number: len(found) for number, found in repeats.items()})
        self._under_way = Counter(
            {number: sum(not trial.state.ended for trial in found) for number, found in repeats.items()}
        )
        failed = {number for number, found in repeats.items() if any(t.state is State.FAILED for t in found)}
        self._default = next((t for t in view.of(State.DONE) if t.by == "default" and t.twin is None), None)
        self._noise = 0.0
        self._several = len(view.spec.objectives) > 1
        runners = self._of_front(view) if self._several else self._of_best(view)
        self._runners = [runner for runner in runners if runner.trial.number not in failed] or runners

    @property
    def waits(self) -> bool:
        """Whether repeats are under way that may change how the race stands."""
        return bool(self._under_way.total())

    def picks(self, slots: int, affordable: int) -> list[Order]:
        """The next repeats for free places; fewer, if fewer are worth it."""
        picked: list[Order] = []
        while len(picked) < min(slots, affordable) and (order := self._pick(affordable - len(picked))) is not None:
            assert order.twin is not None
            self._counts[order.twin] += 1
            self._under_way[order.twin] += 1
            picked.append(order)
        return picked

    def _pick(self, affordable: int) -> New | None:
        if not self._runners:
            return None
        if self._several or self._noise <= 0:
            return self._shared()
        if affordable <= self._needed():
            return self._missing()
        return self._gainful() or self._missing()

    # -- several objectives, or nothing known of noise: all alike --------------------------------------------------------

    def _shared(self) -> New | None:
        fewest = min(self._runners, key=lambda runner: self._counts[runner.trial.number])
        if self._counts[fewest.trial.number] < _OF_LEADER:
            return self._again(fewest.trial, "one of the best")
        return self._missing()

    # -- one objective ---------------------------------------------------------------------------------------------------

    @property
    def _leader(self) -> Trial:
        return min(self._runners, key=lambda runner: runner.mean).trial

    def _needed(self) -> int:
        """How many repeats leader and default still need."""
        default = 0 if self._default is None else max(0, _OF_DEFAULT - self._counts[self._default.number])
        return default + max(0, _OF_LEADER - self._counts[self._leader.number])

    def _missing(self) -> New | None:
        """What they need most."""
        leader = self._leader
        if self._counts[leader.number] < _OF_LEADER:
            return self._again(leader, "which leads")
        if self._default is not None and self._counts[self._default.number] < _OF_DEFAULT:
            return self._again(self._default, "the default, which the winner is compared with")
        return None

    def _gainful(self) -> New | None:
        """The repeat that betters the choice the most."""
        means = np.array([runner.mean for runner in self._runners])
        pending = np.array([self._under_way[runner.trial.number] for runner in self._runners])
        gains = knowledge_gradient(means, np.array([r.deviation for r in self._runners]), self._noise, pending)
        place = int(np.argmax(gains))
        if gains[place] < _CLEAR * self._noise:
            return None
        chosen, leader = self._runners[place].trial, self._leader
        behind = f"which may be better than trial {leader.number}, the leader"
        return self._again(chosen, "which leads" if chosen is leader else behind)

    def _again(self, trial: Trial, why: str) -> New:
        return _repeat(trial, f"repeat {self._counts[trial.number] + 1} of trial {trial.number}, {why}")

    # -- who takes part --------------------------------------------------------------------------------------------------

    def _of_best(self, view: View) -> list[_Runner]:
        from tunesmith.surrogates.expected import expected  # noqa: PLC0415  scipy takes a while to load

        sign = view.spec.objectives[0].sign
        known = _finished(view)
        found = expected(view, among=[trial.number for trial in known])
        if found is None:
            losses = [(sign * trial.values[view.spec.objectives[0].metric], trial) for trial in known]
            best = sorted(losses, key=lambda pair: (pair[0], pair[1].number))[:_LEADING]
            return [_Runner(trial, loss, 0.0) for loss, trial in best]
        self._noise = found.noise
        runners = [
            _Runner(trial, sign * found.estimates[trial.number].mean, found.estimates[trial.number].deviation)
            for trial in known
        ]
        return sorted(runners, key=lambda runner: (runner.mean, runner.trial.number))[:_LEADING]

    def _of_front(self, view: View) -> list[_Runner]:
        known = _finished(view)
        losses = view.losses[[trial.number for trial in known]].reshape(len(known), -1)
        front = np.flatnonzero(front_ranks(losses) == 0)
        order = front[np.argsort(spread_order(losses[front]))][:_LEADING]
        return [_Runner(known[row], float(losses[row, 0]), 0.0) for row in order.tolist()]


def knowledge_gradient(means: Floats, deviations: Floats, noise: float, pending: NDArray[np.int64]) -> Floats:
    """By how much one more repeat of each is expected to better the least mean, (n,) from losses of n configurations.

    `means` and `deviations` are what is believed of each, `noise` the deviation of a repeat, `pending` how many repeats are
    under way, whose values are not known but will make their configuration known better.
    """
    if len(means) < 2:
        return np.zeros(len(means))
    from scipy.special import ndtr  # noqa: PLC0415

    variances = deviations**2
    variances = variances * noise**2 / (noise**2 + pending * variances)
    moves = variances / np.sqrt(variances + noise**2)
    others = np.array([np.delete(means, place).min() for place in range(len(means))])
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(moves > 0, -np.abs(means - others) / moves, -np.inf)
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    return np.where(moves > 0, moves * (np.where(np.isfinite(z), z, 0.0) * ndtr(z) + density), 0.0)


def _finished(view: View) -> list[Trial]:
    """Trials that may be repeated: trained to their end, within the limits, and not the continuation of another."""
    valued = set(np.flatnonzero(np.isfinite(view.losses).all(axis=1)).tolist())
    return [
        trial
        for trial in view.of(State.DONE)
        if trial.twin is None and trial.parent is None and trial.number in valued and feasible(view.spec, trial)
    ]


def _is_searching(view: View) -> bool:
    """Whether trials are under way that are no repeats."""
    return any(trial.twin is None for trial in view.of(State.OPEN, State.READY, State.RUNNING))


def _repeat(trial: Trial, why: str) -> New:
    return New(config=trial.config, twin=trial.number, by=_BY, why=why)


def _limit(view: View) -> float:
    """How many trials there may be. Without any budget as many as a finite space has configurations, and none of an infinite one."""
    budget, left = view.spec.budget, view.remaining
    if budget.trials is not None:
        return budget.trials
    if budget.time is not None or budget.cost is not None:
        return math.inf
    return left.configs + sum(trial.twin is None for trial in view.trials) if math.isfinite(left.configs) else 0


def _used(view: View) -> float:
    """The part of the budget that is used up, of that one which is nearest to its end."""
    budget, left = view.spec.budget, view.remaining
    used = [len(view.trials) / _limit(view)]
    if budget.time is not None:
        used.append(1 - left.seconds / budget.time)
    if budget.cost is not None:
        used.append(1 - left.cost / budget.cost)
    return max(used)


def _less(view: View, kept: Remaining, made: int) -> Remaining:
    """What the search may still use; `made` repeats are paid for."""
    left, budget = view.remaining, view.spec.budget
    trials = left.trials
    if budget.trials is not None:
        trials = min(trials, budget.trials - len(view.trials) - max(0.0, kept.trials - made))
    seconds = left.seconds - kept.seconds if math.isfinite(kept.seconds) else left.seconds
    cost = left.cost - kept.cost if math.isfinite(kept.cost) else left.cost
    return Remaining(trials, seconds, cost, left.configs)


def _affordable(view: View, most: float) -> int:
    """How many repeats can be begun that will come to their end."""
    budget, left = view.spec.budget, view.remaining
    finished = view.of(State.DONE)
    if not finished:
        return 0
    if budget.trials is not None:
        most = min(most, budget.trials - len(view.trials))
    if math.isfinite(left.seconds) and left.seconds < float(np.median([trial.spent for trial in finished])):
        return 0
    if math.isfinite(left.cost):
        one = float(np.median([cost_of(trial) for trial in finished]))
        most = min(most, left.cost // one if one > 0 else most)
    return int(min(most, len(view.trials)))
