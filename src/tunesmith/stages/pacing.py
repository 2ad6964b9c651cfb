"""Pacing: the scheduler of a guided search. Trials that ask a question are trained as far as it takes to answer it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

import numpy as np

from tunesmith.schedulers.auto import choose_scheduler
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Pause, Scheduler
from tunesmith.schedulers.combine import Any
from tunesmith.schedulers.divergence import Divergence
from tunesmith.schedulers.finals import Finals
from tunesmith.schedulers.promotion import Promotion
from tunesmith.schedulers.rungs import Some
from tunesmith.stages.order import GUIDED, MOST, members_of, stage_of
from tunesmith.stages.plan import Plan
from tunesmith.stages.tournament import going_on, is_limited, rungs_of
from tunesmith.trials.spec import Budget
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View

_REPEAT: Final = "baseline/repeat"


@final
class Paced:
    """The defaults are repeated on another seed, to see how large noise is; each stage is a tournament; then it is as with `auto`.

    Where trials may pause, those of a stage do at one early step, until all of its questions have been asked. The best third of
    them, and of what they are to better, goes on to the next rung, and so on to the end. Compared with what came before it, too
    many a trial would be the best so far, and trained to its end. In fine-tuning only its own trials are compared, and
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
        rungs = rungs_of(view)
        if rungs is None:
            return inner.next(view, slots)
        resumed = [order for stage in plan.stages for order in going_on(plan, stage)][:slots]
        left = slots - len(resumed)
        if plan.now in MOST:
            return [*resumed, *[New(budget=rungs.first)] * left]
        return [*resumed, *(inner.next(view, left) if left else ())]

    def _inner(self, view: View) -> Scheduler:
        """As `auto` chooses for the study's budget."""
        if self._chosen is None or self._chosen[0] != view.spec.budget:
            auto = choose_scheduler(replace(view.spec, scheduler="auto")).scheduler
            paused = Any(Finals(Promotion(among=_late)), Divergence())
            self._chosen = view.spec.budget, paused if is_limited(view) else auto
        return self._chosen[1]


def _late(view: View) -> Some:
    """The trials of fine-tuning, and those that were trained to their ends."""
    fine = {trial.number for trial in members_of(view)["fine-tuning"]}
    compared = np.array(sorted(fine | {trial.number for trial in view.of(State.DONE)}), np.int64)
    return lambda numbers: np.isin(numbers, compared)
