"""Replay: a schedule of hyperparameters, trained again from the start on fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

from tunesmith.errors import InvalidStudy
from tunesmith.schedulers.base import CONTINUE, Decision, New, Order, Stop
from tunesmith.trials.lineage import Segment
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View

_BY: Final = "replay"


@final
class Replay:
    """Trains along a schedule, such as `study.schedule(study.best.number)`, `times` times, each with its own seeds.

    A population's best lineage was selected for its luck too; what its schedule is worth shows here. Each segment is a trial,
    forked from the one before at its last checkpoint; the last one trains to its end. The first trial's repeats are its twins.
    """

    def __init__(self, segments: Sequence[Segment], *, times: int = 3) -> None:
        if not segments or times < 1:
            raise InvalidStudy(f"Replay({len(segments)} segments, times={times}): give a schedule, and times >= 1.")
        self.segments = tuple(segments)
        self.times = times

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        nth = _nth(view, trial)
        # A step further, so that there is a checkpoint of its end: trainings save after they have reported.
        if nth == len(self.segments) - 1 or report.step <= self.segments[nth].ends:
            return CONTINUE
        values = ", ".join(f"{metric} {value:.4g}" for metric, value in report.metrics.items())
        return Stop(
            f"its part of the schedule ended at step {self.segments[nth].ends}; at step {report.step} it has {values}"
        )

    def next(self, view: View, slots: int) -> Sequence[Order]:
        continued = {trial.parent for trial in view.trials}
        orders: list[Order] = []
        for trial in view.of(State.STOPPED):
            nth = _nth(view, trial) + 1
            if trial.by == _BY and trial.number not in continued and nth < len(self.segments) and trial.reports:
                orders.append(self._order(nth, trial.number))
        begun = [trial.number for trial in view.trials if trial.parent is None]
        # A configuration can be had again as a twin only, so all others wait until the first one is there.
        twin = begun[0] if begun else None
        orders += [self._order(0, twin=twin) for _ in range(self.times - len(begun) if begun else 1)]
        return orders[:slots]

    def _order(self, nth: int, parent: int | None = None, twin: int | None = None) -> New:
        segment = self.segments[nth]
        why = f"segment {nth + 1} of {len(self.segments)}, as trial {segment.trial} from step {segment.begins}"
        return New(config=segment.config, parent=parent, twin=twin, by=_BY, why=why)


def _nth(view: View, trial: Trial) -> int:
    """How many trials a trial goes back to."""
    nth = 0
    while trial.parent is not None:
        trial, nth = view.trials[trial.parent], nth + 1
    return nth
