"""Findings about time: on which trials most of it was spent, and what for."""

from __future__ import annotations

from typing import Final

import numpy as np

from tunesmith.analysis.health.finding import Finding
from tunesmith.analysis.health.rules import learned, numbers_of, pairs_of
from tunesmith.analysis.words import count_text, number_text, percent_text, trials_text
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_FEWEST: Final = 10
_HALF: Final = 0.5
_FEW: Final = 0.1
"""Half of the time on at most this part of the trials is worth a word."""
_LOST: Final = 0.3
_LEAST_SECONDS: Final = 1.0
"""Of less time in all, nobody wants to hear."""
_TOP: Final = 10


def slow_trials(view: View) -> Finding | None:
    """Half of the time went into a few trials, none of which is among the best."""
    trials = _trained(view)
    total = sum(trial.spent for trial in trials)
    if len(trials) < _FEWEST or total < _LEAST_SECONDS:
        return None
    slowest = sorted(trials, key=lambda trial: -trial.spent)
    count = int(np.searchsorted(np.cumsum([trial.spent for trial in slowest]), _HALF * total)) + 1
    slow = slowest[:count]
    best = _best(view, trials)
    if count > max(1, _FEW * len(trials)) or not best or any(trial in best for trial in slow):
        return None
    numbers = {trial.number for trial in slow}
    singles = numbers_of(view.space, trials)
    rule = learned([*singles, *pairs_of(singles)], np.array([trial.number in numbers for trial in trials]))
    longest = max(trial.spent for trial in best)
    where = f", those with {rule.text} > {number_text(rule.threshold)}" if rule is not None else ""
    return Finding(
        "slow-trials",
        "warning",
        f"Half of the time went into {count} of {len(trials):,} trials ({trials_text(sorted(numbers))}){where}; none of them "
        f"is among the {len(best)} best, of which the slowest took {number_text(longest)} s.",
        f'End such trials with trial_time="{max(1, round(2 * longest))}s"'
        + (f", or keep them out with limits=[{rule.keeps!r}]." if rule is not None else "."),
        tuple(sorted(numbers)),
        {"seconds": sum(trial.spent for trial in slow), "of": total, "slowest_of_best": longest},
    )


def time_in_failures(view: View) -> Finding | None:
    """Much of the time went into trials that failed."""
    trials = _trained(view)
    failed = [trial for trial in trials if trial.state is State.FAILED]
    total, lost = sum(trial.spent for trial in trials), sum(trial.spent for trial in failed)
    if len(trials) < _FEWEST or total < _LEAST_SECONDS or lost < _LOST * total:
        return None
    return Finding(
        "time-in-failures",
        "warning",
        f"{percent_text(lost / total)} of the time went into {count_text(len(failed), 'trial')} that failed.",
        "Let the training check early what makes it fail; what it can know beforehand belongs into the limits of the space.",
        tuple(trial.number for trial in failed),
        {"seconds": lost, "of": total},
    )


def _trained(view: View) -> list[Trial]:
    return [trial for trial in view.of(State.DONE, State.STOPPED, State.FAILED) if trial.spent > 0]


def _best(view: View, trials: list[Trial]) -> list[Trial]:
    """The ten best trials, fewer if that would be more than a quarter of all."""
    ranked = sorted(
        (losses[0], trial.number, trial)
        for trial in trials
        if (losses := losses_of(view.spec, trial)) is not None and feasible(view.spec, trial)
    )
    return [trial for _, _, trial in ranked[: min(_TOP, len(ranked) // 4)]]
