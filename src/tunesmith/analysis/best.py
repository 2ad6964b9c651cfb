"""The best trial: the same one wherever a study says which it is."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tunesmith.analysis.confirm import Confirmed, confirmed
from tunesmith.surrogates.estimates import ENOUGH, Estimate
from tunesmith.trials.order import best_trial, feasible, front
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import STATES, View

_DONE: Final = STATES.index(State.DONE)
_LEADING: Final = 10
"""Of so many trials with the best values the one with the best expectation is chosen."""


class Best(NamedTuple):
    """The best trial of a study, and, where noise is large, what it is worth beyond luck."""

    trial: Trial
    metric: str
    expected: Estimate | None = None
    """None where its own value says what it is worth, as far as can be told."""
    luckier: Trial | None = None
    """The trial with the best value, where that is another one, of which less is expected."""
    less: Estimate | None = None
    """What is expected of that one."""
    confirmed: Confirmed | None = None
    """What came out when it was trained again on fresh seeds; then it was chosen by that."""

    @property
    def caveat(self) -> str:
        """What to know of its value, in words; empty where there is nothing."""
        if self.confirmed is not None:
            return self.confirmed.sentence
        if self.expected is None:
            return ""
        said = f"expected {self.metric} {_with_deviation(self.expected)}; observed {self._observed(self.trial)}"
        if self.luckier is None or self.less is None:
            return said
        luck = f"trial {self.luckier.number} with {self._observed(self.luckier)} was lucky"
        return f"{said}; {luck}, expected {_with_deviation(self.less)}"

    def _observed(self, trial: Trial) -> str:
        return f"{trial.values[self.metric]:.4g}"


_known: Final[WeakKeyDictionary[View, Best | None]] = WeakKeyDictionary()
"""As long as anybody has the view."""


def best_of(view: View) -> Best | None:
    """The feasible trial with the best first objective; finished trials go before stopped ones at the same value.

    Once the best ones have been repeated on fresh seeds, it is the one that repeats confirm. Where noise is large, the best of many values is mostly luck: then it is that one of the ten best finished trials of
    which the best is expected (`expected.py`). With several objectives it is always the best by value of the first one.
    """
    if view not in _known:
        _known[view] = _best_of(view)
    return _known[view]


def observed_best(view: View) -> Best | None:
    """The best by value alone, for faces that cannot wait for the model after every report of a trial; takes no time."""
    trial = best_trial(view.spec, view.trials)
    return None if trial is None else Best(trial, view.spec.objectives[0].metric)


def _best_of(view: View) -> Best | None:
    observed = best_trial(view.spec, view.trials)
    if observed is None:
        return None
    metric = view.spec.objectives[0].metric
    again = confirmed(view)
    as_observed = Best(observed, metric, confirmed=again if again and again.trial is observed else None)
    leading = _leading(view)
    several = len(view.spec.objectives) > 1
    if again is not None and not again.deterministic:
        as_confirmed = Best(
            again.trial, metric, Estimate(again.expected, again.noise / again.choice.repeats**0.5), confirmed=again
        )
        if several or not _is_left_behind(view, again, leading):
            return as_confirmed
    if several or observed.state is not State.DONE or np.count_nonzero(view.columns.state == _DONE) < ENOUGH:
        return as_observed
    from tunesmith.surrogates.expected import expected  # noqa: PLC0415  scipy takes a while to load

    found = expected(view, among=leading)
    if found is None or not found.large:
        return as_observed
    sign = view.spec.objectives[0].sign
    trial = min(leading.values(), key=lambda trial: sign * found.estimates[trial.number].mean)
    if trial is observed:
        return Best(trial, metric, found.estimates[trial.number])
    return Best(trial, metric, found.estimates[trial.number], observed, found.estimates[observed.number])


def _leading(view: View) -> dict[int, Trial]:
    """The feasible finished trials with the best values, by number."""
    finished = np.flatnonzero((view.columns.state == _DONE) & np.isfinite(view.losses).all(axis=1))
    ranked = finished[np.argsort(view.losses[finished, 0], kind="stable")].tolist()
    trials = (view.trials[number] for number in ranked)
    kept = (trial for trial in trials if trial.twin is None and feasible(view.spec, trial))
    return {trial.number: trial for trial in islice(kept, _LEADING)}


def _is_left_behind(view: View, again: Confirmed, leading: Mapping[int, Trial]) -> bool:
    """Whether of a trial that came after all repeats more is expected than of the one that they confirm."""
    from tunesmith.surrogates.expected import expected  # noqa: PLC0415

    last = max(trial.number for trial in view.trials if trial.twin is not None)
    later = {number for number in leading if number > last}
    found = expected(view, among=later) if later else None
    if found is None:
        return False
    sign = view.spec.objectives[0].sign
    return any(sign * known.mean + known.deviation < sign * again.expected for known in found.estimates.values())


def front_of(view: View, best: Best | None = None) -> list[Trial]:
    """Feasible trials that no other one beats in all objectives, by number; with one objective the best alone.

    Here and elsewhere, `best` is given by whoever knows it already; else it is `best_of(view)`.
    """
    if len(view.spec.objectives) > 1:
        return front(view.spec, view.trials)
    best = best_of(view) if best is None else best
    return [best.trial] if best else []


def _with_deviation(estimate: Estimate) -> str:
    return f"{estimate.mean:.4g} ± {estimate.deviation:.1g}"
