"""The test set: looked at for the winner, once it is known, and every look is on record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np

from tunesmith.analysis.best import best_of
from tunesmith.analysis.looks import LOOK, Look, look_at
from tunesmith.reading import Reading
from tunesmith.run.context import checked_metrics, metrics_from
from tunesmith.run.folder import Checkpoint
from tunesmith.trials.facts import Noted
from tunesmith.trials.numbers import numbers_to_json
from tunesmith.trials.repeats import repeats_of
from tunesmith.trials.sealing import SEAL, unsealed
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

Test: TypeAlias = Callable[[Mapping[str, Any], Any], float | Mapping[str, float]]
"""`test(config, state)` of the winner: a number or metrics; `state` is what its training saved last, None without."""


def look(reading: Reading, saved: Callable[[int], Checkpoint | None], test: Test | None = None) -> Look | None:
    """What the best trial comes to on the test set, by `test`, or by the sealed metrics of its trainings.

    Looks once at each winner; asked again, tells what was seen. None while there is no best trial, or nothing to look at.
    """
    view = reading.view()
    if test is None and not any(key.startswith(SEAL) for trial in view.trials for key in trial.notes):
        return None
    best = best_of(view)
    if best is None:
        return None
    seen = look_at(best.trial)
    if seen is not None:
        return seen
    found = _sealed(view, best.trial) if test is None else _tested(best.trial, test, saved(best.trial.number))
    if found is not None:
        note = {"values": numbers_to_json(found.values), "trainings": found.trainings}
        reading.append(best.trial.number, Noted(LOOK, note))
    return found


def _tested(trial: Trial, test: Test, checkpoint: Checkpoint | None) -> Look:
    given = test(dict(trial.config or {}), None if checkpoint is None else checkpoint.state)
    values = checked_metrics(metrics_from(given, ("test",)))
    return Look(trial.number, values, 1)


def _sealed(view: View, trial: Trial) -> Look | None:
    """The means over all trainings of the winner's configuration."""
    again = [one for one in repeats_of(view.trials).get(trial.number, ()) if one.state is State.DONE]
    found = [values for one in (trial, *again) if (values := unsealed(view, one))]
    names = dict.fromkeys(name for values in found for name in values)
    means = {name: float(np.mean([values[name] for values in found if name in values])) for name in names}
    return Look(trial.number, means, len(found)) if means else None
