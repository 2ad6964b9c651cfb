"""Tournament: which of the trials that ask a stage's questions are trained further. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from tunesmith.schedulers.base import Resume
from tunesmith.schedulers.promotion import first_rung
from tunesmith.schedulers.rungs import Rungs, standing
from tunesmith.stages.order import MOST
from tunesmith.stages.plan import Plan, Stage
from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_ETA: Final = 3
_SHARE: Final = 81
_UNDER_WAY: Final = (State.READY, State.RUNNING)


def is_limited(view: View) -> bool:
    """Whether not the number of trials is limited but what they take: then trials pause, as with `auto`."""
    return view.spec.budget.time is not None or view.spec.budget.cost is not None


def rungs_of(view: View) -> Rungs | None:
    """Where the questions of a stage are compared, first at the last rung in the first third of a full training.

    None where trials do not pause, or as long as nobody knows how long a full training is.
    """
    full = view.full_steps or 0
    if not is_limited(view) or full < _ETA:
        return None
    rung = first_rung(view, _SHARE)
    while rung * _ETA**2 <= full:
        rung *= _ETA
    return Rungs(rung, _ETA, full)


def going_on(plan: Plan, stage: Stage) -> list[Resume]:
    """The trials of a stage that are to be trained further.

    None as long as there are questions to ask or trials under way, nor once one has come to its end: that answers the stage.
    """
    view, rungs = plan.view, rungs_of(plan.view)
    states = {trial.state for trial in stage.trials}
    if rungs is None or stage.name not in MOST or stage.state != "over" or states & {*_UNDER_WAY, State.DONE}:
        return []
    base = plan.findings.best_before(stage.name)
    group = np.array([*([base.trial.number] if base else []), *(trial.number for trial in stage.trials)], np.int64)
    orders = []
    for step in sorted({trial.last.step for trial in stage.trials if trial.state is State.PAUSED and trial.last}):
        found = standing(view, step, lambda numbers: np.isin(numbers, group))
        above = rungs.above(rungs.reached(step) or rungs.first)
        best = found.best(max(1, len(found) // _ETA))
        orders += [Resume(number, above) for number in best if _waits(view.trials[number], step)]
    return orders


def is_open(plan: Plan, stage: Stage) -> bool:
    """Whether what a stage has found may still change, since trials of it are under way or to be trained further."""
    return any(trial.state in _UNDER_WAY for trial in stage.trials) or bool(going_on(plan, stage))


def _waits(trial: Trial, step: int) -> bool:
    return trial.state is State.PAUSED and trial.last is not None and trial.last.step == step
