"""Findings about the metric: it never changes, or its noise hides what is better."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import numpy as np

from tunesmith.analysis.health.finding import Finding
from tunesmith.analysis.words import count_text, number_text, trials_text
from tunesmith.surrogates.evidence import evidence_of
from tunesmith.surrogates.expected import expected
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_FEWEST: Final = 5
_MANY: Final = 10
_SAME: Final = 0.5
_STEPS: Final = 3
_TOP: Final = 10
_DIFFERENCE: Final = 2.77
"""Deviations by which 95 % of the differences of two draws are smaller."""


def constant_metric(view: View) -> Finding | None:
    """The first objective is the same in all trials, or in most of them."""
    metric = view.spec.objectives[0].metric
    trials = [trial for trial in view.trials if losses_of(view.spec, trial) is not None]
    if len(trials) < _FEWEST:
        return None
    value, count = Counter(trial.values[metric] for trial in trials).most_common(1)[0]
    if count <= _SAME * len(trials) or len({view.space.key(trial.config or {}) for trial in trials}) < _FEWEST:
        return None
    numbers = tuple(trial.number for trial in trials if trial.values[metric] == value)
    evidence = {"value": value, "trials": count, "of": len(trials)}
    if count == len(trials):
        return Finding(
            "constant-metric",
            "problem",
            f"{metric} is {number_text(value)} in all {len(trials):,} trials.",
            "Check that the training uses its parameters, and that the metric comes from the model of the trial.",
            numbers,
            evidence,
        )
    if len(trials) < _MANY:
        return None
    return Finding(
        "constant-metric",
        "warning",
        f"{metric} is exactly {number_text(value)} in {count:,} of {count_text(len(trials), 'trial')}.",
        f"Look at one of them ({trials_text(numbers[:1])}): a model that learns nothing, or a metric too coarse to tell "
        "trials apart, gives such values.",
        numbers,
        evidence,
    )


def flat_curves(view: View) -> Finding | None:
    """The first objective stays the same over all steps of most trials."""
    metric = view.spec.objectives[0].metric
    curves = {trial.number: view.curve(trial.number, metric)[1] for trial in view.trials}
    long = {number: values for number, values in curves.items() if len(values) >= _STEPS}
    flat = tuple(number for number, values in long.items() if np.all(values == values[0]))
    if len(flat) < _FEWEST or len(flat) <= _SAME * len(long):
        return None
    return Finding(
        "flat-curves",
        "warning",
        f"{metric} stays the same from the first step to the last in {len(flat):,} of {count_text(len(long), 'trial')}.",
        "Check that the training changes the model, and that the metric is computed anew at each step.",
        flat,
        {"flat": len(flat), "with_curves": len(long)},
    )


def noise_hides_best(view: View) -> Finding | None:
    """The ten best trials differ by less than two trainings of one configuration may."""
    if len(view.spec.objectives) > 1:
        return None
    known = evidence_of(view)
    losses = np.sort(known.losses[known.feasible, 0])[:_TOP]
    if len(losses) < _TOP:
        return None
    found = _noise_as_reported(view) or _noise_of_trials(view)
    spread = float(losses[-1] - losses[0])
    if found is None or not _DIFFERENCE * found[0] > spread:
        return None
    noise, source = found
    metric = view.spec.objectives[0].metric
    best = sorted((trial for trial in view.trials if _counts(view, trial)), key=lambda trial: _loss(view, trial))[:_TOP]
    return Finding(
        "noise",
        "warning",
        f"The {metric} of the {_TOP} best configurations differs by {number_text(spread)} in all; that of one configuration "
        f"trained twice may differ by {number_text(_DIFFERENCE * noise)} (noise {number_text(noise)}, {source}).",
        "Which of them is best cannot be told yet: train them again on fresh seeds, and choose by the means.",
        tuple(trial.number for trial in best),
        {"spread_of_best": spread, "noise": noise, "source": source},
    )


def _counts(view: View, trial: Trial) -> bool:
    return losses_of(view.spec, trial) is not None and feasible(view.spec, trial)


def _loss(view: View, trial: Trial) -> float:
    losses = losses_of(view.spec, trial)
    return math.inf if losses is None else losses[0]


def _noise_as_reported(view: View) -> tuple[float, str] | None:
    """The median of the standard errors that trials reported of the metric."""
    name = f"{view.spec.objectives[0].metric}_se"
    errors = [trial.values[name] for trial in view.trials if _counts(view, trial) and trial.values.get(name, 0) > 0]
    return (float(np.median(errors)), f"as reported in {name}") if len(errors) >= _TOP else None


def _noise_of_trials(view: View) -> tuple[float, str] | None:
    """What repeats or, without enough of them, a model of the trials say."""
    found = expected(view, among=())  # nothing of single trials is asked
    if found is None:
        return None
    if found.repeated:
        return found.noise, "from repeats"
    # What a model has not learned yet looks like noise to it.
    return (found.noise, "as a model of the trials estimates it") if found.large else None
