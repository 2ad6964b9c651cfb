"""Pacing: the scheduler of a guided search. Trials that ask a question are trained as far as it takes to answer it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

import numpy as np

from tunesmith.schedulers.auto import choose_scheduler
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Pause, Resume, Scheduler
from tunesmith.schedulers.combine import Any
from tunesmith.schedulers.divergence import Divergence
from tunesmith.schedulers.finals import Finals
from tunesmith.schedulers.promotion import Promotion, first_rung
from tunesmith.schedulers.rungs import Rungs, Some, standing
from tunesmith.stages.order import GUIDED, MOST, members_of, stage_of
from tunesmith.stages.plan import Plan, Stage
from tunesmith.trials.spec import Budget
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View

_REPEAT: Final = "baseline/repeat"
_ETA: Final = 3
_SHARE: Final = 81


@final
class Paced:
    """The defaults are repeated on another seed, to see how large noise is; each stage is a tournament; then it is as with `auto`.

    Where trials may pause, those of a stage do at one early step, until all of its questions have been asked. The best third of
    them, and of what they are to better, goes on to the next rung, and so on, the best one to the end. Asked one after the other,
    too many of them would be the best so far, and trained to their ends. In fine-tuning only its own trials are compared, and
    those that were trained to their ends: among trials that were to ask a question, it is no merit to be good. Where trials
    cannot pause, they are stopped as with `auto`.
    """

    name: Final = GUIDED
    why: Final = (
        "the questions of each stage are compared with one another; in fine-tuning trials pause or stop as with auto"
    )

    def __init__(self) -> None:
        self._chosen: tuple[Budget, Scheduler] | None = None

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        if trial.by == _REPEAT:
            return CONTINUE
        stage = stage_of(trial)
        if stage in MOST and trial.budget is not None and report.step >= trial.budget:
            return Pause(f"at step {report.step} it waits for what else the stage {stage} tries")
        return self._inner(view).decide(view, trial, report)

    def next(self, view: View, slots: int) -> Sequence[Order]:
        inner = self._inner(view)
        if not slots or not view.trials or view.trials[0].config is None:
            return inner.next(view, slots)
        plan = Plan(view)
        if plan.now == "baseline":
            why = "the defaults on another seed, to see how large noise is"
            return [New(config=view.trials[0].config, twin=0, by=_REPEAT, why=why)]
        if not _pauses(view):
            return inner.next(view, slots)
        rungs = Rungs(_first(view), _ETA, view.full_steps)
        resumed = [order for stage in plan.stages for order in _going_on(view, plan, stage, rungs)][:slots]
        left = slots - len(resumed)
        if plan.now in MOST:
            return [*resumed, *[New(budget=rungs.first)] * left]
        return [*resumed, *(inner.next(view, left) if left else ())]

    def _inner(self, view: View) -> Scheduler:
        """As `auto` chooses for the study's budget."""
        if self._chosen is None or self._chosen[0] != view.spec.budget:
            auto = choose_scheduler(replace(view.spec, scheduler="auto")).scheduler
            paused = Any(Finals(Promotion(among=_late)), Divergence())
            self._chosen = view.spec.budget, paused if _is_limited(view) else auto
        return self._chosen[1]


def _is_limited(view: View) -> bool:
    """Whether not the number of trials is limited but what they take: then trials pause, as with `auto`."""
    return view.spec.budget.time is not None or view.spec.budget.cost is not None


def _pauses(view: View) -> bool:
    return _is_limited(view) and (view.full_steps or 0) >= _ETA


def _late(view: View) -> Some:
    """The trials of fine-tuning, and those that were trained to their ends."""
    fine = {trial.number for trial in members_of(view)["fine-tuning"]}
    compared = np.array(sorted(fine | {trial.number for trial in view.of(State.DONE)}), np.int64)
    return lambda numbers: np.isin(numbers, compared)


def _first(view: View) -> int:
    """Up to which step a question is trained at first: the last rung in the first third of a full training."""
    rung = first_rung(view, _SHARE)
    while rung * _ETA**2 <= (view.full_steps or 0):
        rung *= _ETA
    return rung


def _going_on(view: View, plan: Plan, stage: Stage, rungs: Rungs) -> list[Resume]:
    """The trials of a stage that are to be trained further.

    None as long as there are questions to ask or trials under way, nor once one has come to its end: that answers the stage.
    """
    states = {trial.state for trial in stage.trials}
    if stage.name not in MOST or stage.state != "over" or states & {State.READY, State.RUNNING, State.DONE}:
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


def _waits(trial: Trial, step: int) -> bool:
    return trial.state is State.PAUSED and trial.last is not None and trial.last.step == step
