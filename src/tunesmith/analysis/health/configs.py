"""Findings about configurations: what is varied without effect, and what is tried twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.health.finding import Finding
from tunesmith.analysis.importance.measure import importance
from tunesmith.analysis.importance.shares import Importance
from tunesmith.analysis.words import count_text, join_text, number_text, trials_text
from tunesmith.surrogates.evidence import Evidence, evidence_of
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_RESAMPLES: Final = 20
_ENOUGH: Final = 50
_PER_PARAM: Final = 10
"""So many configurations, and so many for each parameter, before one is said to have no effect."""
_NOTHING: Final = 0.01
_TRUSTED: Final = 0.6
"""Of the variance of trials it has not seen, what a model must explain to be believed."""
_REPEATED: Final = 0.05


def unused(view: View) -> Finding | None:
    """A parameter made no difference that could be seen, although the outcome is predicted well from the others."""
    d = view.space.codec().width
    known = evidence_of(view)
    enough = max(_ENOUGH, _PER_PARAM * d)
    if d < 2 or len(view.spec.objectives) > 1 or len(known.points) < enough or np.ptp(known.losses[:, 0]) == 0:
        return None
    varied = _varied(view, known)
    if not varied:
        return None
    # Intervals take twenty times as long as shares: nobody waits for them where every parameter has a share.
    if not _quiet(importance(view, resamples=0)).intersection(varied):
        return None
    model = importance(view, resamples=_RESAMPLES)
    if model.explained is None or not model.explained >= _TRUSTED:
        return None
    quiet = _quiet(model)
    if quiet:  # what hardly matters in the whole space may still decide among good configurations
        quiet &= _quiet(importance(view, region="top", resamples=_RESAMPLES))
    names = [name for name in varied if name in quiet]
    if not names:
        return None
    return Finding(
        "unused",
        "note",
        f"{join_text(names)} made no difference that could be seen in {count_text(model.trials, 'trial')}.",
        f"Check that the training uses {'it' if len(names) == 1 else 'them'}; else a fixed value saves the search the effort.",
        evidence={
            share.name: {"share": share.share, "high": share.high} for share in model.params if share.name in names
        },
    )


def _quiet(found: Importance) -> set[str]:
    return {share.name for share in found.params if share.high < _NOTHING}


def _varied(view: View, known: Evidence) -> list[str]:
    """Parameters of which all parts of the range were tried often, and in most trials."""
    names = []
    for j, name in enumerate(view.space.codec().names):
        units = known.points.X[known.points.active[:, j], j]
        param = view.space.codec().params[j]
        parts = min(param.size or 4, 4)
        counts = np.bincount(np.minimum((units * parts).astype(int), parts - 1), minlength=parts)
        if len(units) >= len(known.points) / 2 and counts.min() >= len(units) / (4 * parts):
            names.append(name)
    return names


def duplicates(view: View) -> Finding | None:
    """Configurations were tried again without anybody's wish."""
    groups: defaultdict[Hashable, list[Trial]] = defaultdict(list)
    tried = [trial for trial in view.trials if trial.config is not None and trial.state is not State.OPEN]
    for trial in tried:
        if trial.twin is None and trial.parent is None and trial.by != "person":
            groups[view.space.key(trial.config or {})].append(trial)
    repeated = [trials for trials in groups.values() if len(trials) > 1]
    again = [trial for trials in repeated for trial in trials[1:]]
    if len(again) < 2 or len(again) < _REPEATED * len(tried):
        return None
    metric = view.spec.objectives[0].metric
    spreads = [_spread(trials, metric) for trials in repeated]
    same = max(spreads) == 0
    told = "with the same outcome" if same else f"with outcomes up to {number_text(max(spreads))} apart"
    return Finding(
        "duplicates",
        "warning" if same else "note",
        f"{len(again):,} of {count_text(len(tried), 'trial')} repeat a configuration that had been tried before, {told} "
        f"(for example {trials_text([trial.number for trial in repeated[0]])}).",
        "A sampler that repeats nothing, such as the default one, would have tried others."
        if same
        else "Repeats tell how large the noise is; where they are not wanted, use a sampler that repeats nothing.",
        tuple(trial.number for trial in again),
        {"repeats": len(again), "trials": len(tried), "largest_difference": max(spreads)},
    )


def _spread(trials: list[Trial], metric: str) -> float:
    values = [trial.values[metric] for trial in trials if np.isfinite(trial.values.get(metric, np.nan))]
    return max(values) - min(values) if values else 0.0
