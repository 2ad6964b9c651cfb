"""Findings about the metric: it never changes, or its noise hides what is better."""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import numpy as np

from tunesmith.analysis.health.finding import Finding, count_text, number_text, trials_text
from tunesmith.surrogates.evidence import evidence_of
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.fit import fit
from tunesmith.trials.order import feasible, losses_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_FEWEST: Final = 5
_MANY: Final = 10
_SAME: Final = 0.5
_STEPS: Final = 3
_TOP: Final = 10
_DIFFERENCE: Final = 2.77
"""Deviations by which 95 % of the differences of two draws are smaller."""
_REPEATS: Final = 3
_MODELLED: Final = (40, 200)
_TELLABLE: Final = 0.1
"""A model does not tell smaller noise, in deviations of the outcome, from its own misfit."""


def constant_metric(view: View) -> Finding | None:
    """The first objective is the same in all trials, or in most of them."""
    metric = view.spec.objectives[0].metric
    trials = [trial for trial in view.trials if losses_of(view.spec, trial) is not None]
    distinct = {view.space.key(trial.config or {}) for trial in trials}
    if len(distinct) < _FEWEST:
        return None
    value, count = Counter(trial.values[metric] for trial in trials).most_common(1)[0]
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
    if len(trials) < _MANY or count <= _SAME * len(trials):
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
    found = _noise_of_repeats(view) or _noise_as_reported(view) or _noise_of_model(view)
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


def _noise_of_repeats(view: View) -> tuple[float, str] | None:
    """The pooled deviation of trials with the same configuration, which were trained to the end."""
    groups: dict[object, list[float]] = {}
    for trial in view.of(State.DONE):
        if losses_of(view.spec, trial) is not None:
            groups.setdefault(view.space.key(trial.config or {}), []).append(_loss(view, trial))
    freedom = sum(len(values) - 1 for values in groups.values())
    if freedom < _REPEATS:
        return None
    squares = sum(float(((np.array(values) - np.mean(values)) ** 2).sum()) for values in groups.values())
    return math.sqrt(squares / freedom), f"from {freedom} repeats"


def _noise_as_reported(view: View) -> tuple[float, str] | None:
    """The median of the standard errors that trials reported of the metric."""
    name = f"{view.spec.objectives[0].metric}_se"
    errors = [trial.values[name] for trial in view.trials if _counts(view, trial) and trial.values.get(name, 0) > 0]
    return (float(np.median(errors)), f"as reported in {name}") if len(errors) >= _TOP else None


def _noise_of_model(view: View) -> tuple[float, str] | None:
    """What a Gaussian process of the better half of the trials cannot explain."""
    known = evidence_of(view)
    losses = known.losses[:, 0]
    rows = np.argsort(losses, kind="stable")[: min(len(losses) // 2, _MODELLED[1])]
    if len(rows) < _MODELLED[0] or np.ptp(losses[rows]) == 0:
        return None
    features = Features(view.space)
    size = float(losses[rows].std())
    y = (losses[rows] - losses[rows].mean()) / size
    hyper = fit(features.distances(features.of(known.points.at(rows))), y, known.noise[rows, 0])
    deviation = math.sqrt(hyper.noise)
    return (deviation * size, "as a model of the trials estimates it") if deviation >= _TELLABLE else None
