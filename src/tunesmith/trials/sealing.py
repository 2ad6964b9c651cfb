"""Sealing: metrics called `test_...` are kept where nobody chooses by them.

They are no part of reports and values, so that neither samplers and schedulers nor people see them while they search; notes
on their trial hold them until the winner is known. An objective, or a metric with a limit, is never sealed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from tunesmith.trials.facts import Draft, Finished, Noted, Reported, Stopped
from tunesmith.trials.numbers import numbers_from_json, numbers_to_json
from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

_PREFIX: Final = "test_"
SEAL: Final = "sealed/"
"""How keys of the notes begin; the step follows, or "end" for what a training returned."""
_END: Final = SEAL + "end"


def sealed(spec: StudySpec, drafts: Sequence[Draft]) -> Sequence[Draft]:
    """The drafts, with test metrics taken out of reports and ends and put into notes."""
    chosen_by = {*(objective.metric for objective in spec.objectives), *(limit.metric for limit in spec.limits)}
    return [part for draft in drafts for part in _parts(draft, chosen_by)]


def has_test(draft: Draft) -> bool:
    """Whether a draft may have something to seal."""
    match draft.fact:
        case Reported(metrics=metrics) | Finished(values=metrics) | Stopped(values=metrics):
            return any(name.startswith(_PREFIX) for name in metrics or ())
    return False


def _parts(draft: Draft, chosen_by: set[str]) -> list[Draft]:
    match draft.fact:
        case Reported() as fact:
            shown, hidden = _divided(fact.metrics, chosen_by)
            replaced, key = draft._replace(fact=replace(fact, metrics=shown)), f"{SEAL}{fact.step}"
        case Finished() | Stopped() as fact:
            shown, hidden = _divided(fact.values or {}, chosen_by)
            replaced, key = draft._replace(fact=replace(fact, values=shown)), _END
        case _:
            return [draft]
    if not hidden:
        return [draft]
    return [draft._replace(fact=Noted(key, numbers_to_json(hidden)), key=None), replaced]


def _divided(metrics: Mapping[str, float], chosen_by: set[str]) -> tuple[dict[str, float], dict[str, float]]:
    hidden = {name: value for name, value in metrics.items() if name.startswith(_PREFIX) and name not in chosen_by}
    return {name: value for name, value in metrics.items() if name not in hidden}, hidden


def unsealed(view: View, trial: Trial) -> dict[str, float]:
    """What was sealed of the report that counts; looking at it is an event that the study's record should hold."""
    by_step = {
        int(key.removeprefix(SEAL)): numbers_from_json(value)
        for key, value in trial.notes.items()
        if key.startswith(SEAL) and key != _END
    }
    found: dict[str, float] = {}
    if by_step and view.spec.pick == "mean":
        names = {name for values in by_step.values() for name in values}
        found = {
            name: float(np.mean([values[name] for values in by_step.values() if name in values])) for name in names
        }
    elif by_step:
        found = dict(by_step.get(_counting(view, trial, by_step), {}))
    return {**found, **numbers_from_json(trial.notes.get(_END, {}))}


def _counting(view: View, trial: Trial, by_step: Mapping[int, object]) -> int:
    if view.spec.pick == "last":
        return max(by_step)
    objective = view.spec.objectives[0]
    steps, values = view.curve(trial.number, objective.metric)
    return int(steps[np.nanargmin(objective.sign * values)])
