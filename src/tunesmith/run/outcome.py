"""What a trial's end means for the study. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tunesmith.space.names import did_you_mean
from tunesmith.trials.facts import Failed, Finished, Stopped
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View


def finished(view: View, trial: Trial, returned: Mapping[str, float]) -> Finished | Failed:
    """The end of a training that ran to its end: its values, or a failure if an objective is missing or not finite."""
    values = {**_picked(view, trial), **returned}
    missing = _missing(view, values)
    if missing is not None:
        return Failed("error", missing, trial.attempt)
    broken = _not_finite(view.spec, values)
    return Failed("nan", f"{broken} at the end", trial.attempt) if broken else Finished(values, trial.attempt)


def stopped(view: View, trial: Trial, reason: str) -> Stopped | Failed:
    """The end of a training that was stopped: its values, or a failure if an objective is not finite."""
    values = _picked(view, trial)
    if _not_finite(view.spec, values):
        return Failed("nan", reason, trial.attempt)
    return Stopped(reason, trial.attempt, values)


def _picked(view: View, trial: Trial) -> dict[str, float]:
    """The metrics that count: those of the last report, of the best one by the first objective, or the means of all."""
    if trial.last is None:
        return {}
    values = dict(trial.last.metrics)
    if view.spec.pick == "mean":
        return {metric: float(np.mean(view.curve(trial.number, metric)[1])) for metric in view.metrics(trial.number)}
    if view.spec.pick == "best":
        objective = view.spec.objectives[0]
        steps, curve = view.curve(trial.number, objective.metric)
        if len(steps) and not np.all(np.isnan(curve)):
            best = steps[int(np.nanargmin(objective.sign * curve))]
            for metric in view.metrics(trial.number):
                at, value = view.curve(trial.number, metric)
                found = value[at == best]
                if len(found):
                    values[metric] = float(found[0])
    return values


def _missing(view: View, values: Mapping[str, float]) -> str | None:
    """What the study needs and the training did not report, in a sentence; a missing limit matters to the first trial that ends."""
    needed = [(objective.metric, f"{objective.direction}s") for objective in view.spec.objectives]
    if not any(trial.state.ended for trial in view.trials):
        needed += [(limit.metric, "limits") for limit in view.spec.limits]
    for metric, does in needed:
        if metric not in values:
            said = f"The training never reported {metric!r}, which the study {does}"
            if not values:
                return f"{said}; it reported nothing. Return or yield it, as in {{{metric!r}: 0.3}}; a program prints it, as in {metric}=0.3."
            meant = did_you_mean(metric, values) or "."
            return f"{said}; it reported {', '.join(values)}{meant} Report it, or name the right metric."
    return None


def _not_finite(spec: StudySpec, values: Mapping[str, float]) -> str | None:
    for objective in spec.objectives:
        value = values.get(objective.metric, 0.0)
        if not math.isfinite(value):
            return f"{objective.metric} is {'NaN' if math.isnan(value) else 'infinite'}"
    return None
