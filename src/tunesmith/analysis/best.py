"""The best trial: the same one wherever a study says which it is."""

from __future__ import annotations

from itertools import islice
from typing import Final, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

from tunesmith.surrogates.estimates import ENOUGH, Estimate
from tunesmith.trials.order import best_trial, feasible, front
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import STATES, View

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

    @property
    def caveat(self) -> str:
        """What to know of its value, in words; empty where there is nothing."""
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

    Where noise is large, the best of many values is mostly luck: then it is that one of the ten best finished trials of
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
    as_observed = Best(observed, metric)
    finished = np.flatnonzero((view.columns.state == STATES.index(State.DONE)) & np.isfinite(view.losses).all(axis=1))
    if len(view.spec.objectives) > 1 or observed.state is not State.DONE or len(finished) < ENOUGH:
        return as_observed
    ranked = finished[np.argsort(view.losses[finished, 0], kind="stable")].tolist()
    kept = (trial for number in ranked if feasible(view.spec, trial := view.trials[number]))
    leading = {trial.number: trial for trial in islice(kept, _LEADING)}
    from tunesmith.surrogates.expected import expected  # noqa: PLC0415  scipy takes a while to load

    found = expected(view, among=leading)
    if found is None or not found.large:
        return as_observed
    sign = view.spec.objectives[0].sign
    trial = min(leading.values(), key=lambda trial: sign * found.estimates[trial.number].mean)
    if trial is observed:
        return Best(trial, metric, found.estimates[trial.number])
    return Best(trial, metric, found.estimates[trial.number], observed, found.estimates[observed.number])


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
