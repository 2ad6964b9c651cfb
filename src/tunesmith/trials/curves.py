"""Learning curves of all trials: append-only columns that successive Views share.

A View shows only what has a `seq` up to its own, so that sharing does not break its immutability. When a lost trial
starts again, its new attempt replaces what the earlier one reported from that step on.
"""

from __future__ import annotations

import itertools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import isfinite, nan
from typing import final

import numpy as np
from numpy.typing import NDArray

from tunesmith.trials.changes import ReportColumns, ReportRow


@final
class Curve:
    """The reports of one trial: parallel columns of steps, times, seqs and one column per metric (NaN: not reported)."""

    __slots__ = ("_sums", "at", "attempt", "gaps", "metrics", "seqs", "steps")

    def __init__(self, attempt: int = 1) -> None:
        self.attempt = attempt
        self.steps = array("q")
        self.at = array("d")
        self.seqs = array("q")
        self.metrics: dict[str, array[float]] = {}
        self.gaps: dict[str, set[int]] = {}
        """Where a metric was not reported; NaN stands there, as it does where NaN was reported."""
        self._sums: dict[str, tuple[int, float, int]] = {}

    def add(self, row: ReportRow) -> None:
        steps = self.steps
        if steps and steps[-1] == row.step:
            for name, value in row.metrics.items():
                self._column(name)[-1] = value
                self.gaps.get(name, set()).discard(len(steps) - 1)
                self._sums.pop(name, None)
            return
        steps.append(row.step)
        self.at.append(row.at)
        self.seqs.append(row.seq)
        metrics = self.metrics
        for name, value in row.metrics.items():
            column = metrics.get(name)
            if column is None or len(column) != len(steps) - 1:
                column = self._column(name, len(steps) - 1)
            column.append(value)
        if len(metrics) != len(row.metrics):
            for name in metrics:
                self._column(name)

    def _column(self, name: str, length: int | None = None) -> array[float]:
        column = self.metrics.setdefault(name, array("d"))
        missing = (len(self.steps) if length is None else length) - len(column)
        if missing > 0:
            self.gaps.setdefault(name, set()).update(range(len(column), len(column) + missing))
            column.extend([nan] * missing)
        return column

    def mean(self, metric: str, length: int) -> float:
        """Mean of the first `length` values that are finite; cheap if asked for ever greater lengths."""
        seen, total, count = self._sums.get(metric, (0, 0.0, 0))
        if seen > length:
            seen, total, count = 0, 0.0, 0
        for value in self.metrics[metric][seen:length]:
            if isfinite(value):
                total, count = total + value, count + 1
        self._sums[metric] = (length, total, count)
        return total / count if count else nan

    def before(self, step: int, attempt: int) -> Curve:
        """What stays when another attempt begins to report at `step`."""
        keep = bisect_left(self.steps, step)
        curve = Curve(attempt)
        curve.steps, curve.at, curve.seqs = self.steps[:keep], self.at[:keep], self.seqs[:keep]
        curve.metrics = {name: column[:keep] for name, column in self.metrics.items()}
        curve.gaps = {name: {index for index in gaps if index < keep} for name, gaps in self.gaps.items()}
        return curve


@final
class StepColumn:
    """The values that trials reported at one step, in the order in which they came.

    Slices that were given out stay as they are: rows are only added behind them, and a full array is left to them.
    """

    __slots__ = ("_rows", "count")

    def __init__(self) -> None:
        self._rows = (np.empty(16, np.int64), np.empty(16, np.int64), np.empty(16), np.empty(16))
        self.count = 0

    def add(self, number: int, seq: int, value: float, mean: float) -> None:
        row = self.count
        if row == len(self._rows[0]):
            numbers, seqs, values, means = self._rows
            self._rows = (
                np.resize(numbers, 2 * row),
                np.resize(seqs, 2 * row),
                np.resize(values, 2 * row),
                np.resize(means, 2 * row),
            )
        numbers, seqs, values, means = self._rows
        numbers[row], seqs[row], values[row], means[row] = number, seq, value, mean
        self.count = row + 1

    def until(self, seq: int) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Numbers, values and means of what had been reported by `seq`."""
        numbers, seqs, values, means = self._rows
        seen = self.count
        if seen and seqs[seen - 1] > seq:
            seen = int(np.searchsorted(seqs[:seen], seq, side="right"))
        return numbers[:seen], values[:seen], means[:seen]


@final
class Curves:
    """The curves of a study, by trial and, where somebody asked for it, by step."""

    def __init__(self) -> None:
        self._by_trial: dict[int, Curve] = {}
        self._by_step: dict[tuple[str, int], StepColumn] = {}

    def add(self, reports: Sequence[ReportRow] | ReportColumns) -> None:
        """Take in new reports, in the order in which they happened."""
        if isinstance(reports, ReportColumns):
            self._load(reports)
            return
        for row in reports:
            curve = self._by_trial.get(row.trial)
            if curve is None:
                curve = self._by_trial[row.trial] = Curve(row.attempt)
            elif curve.attempt != row.attempt:
                curve = self._by_trial[row.trial] = curve.before(row.step, row.attempt)
                self._by_step.clear()
            curve.add(row)
            if self._by_step:
                for name, value in row.metrics.items():
                    column = self._by_step.get((name, row.step))
                    if column is not None:
                        column.add(row.trial, row.seq, value, curve.mean(name, len(curve.steps)))

    def _load(self, reports: ReportColumns) -> None:
        self._by_step.clear()
        if not len(reports.trial):
            return
        starts = np.flatnonzero(np.r_[True, np.diff(reports.trial) != 0, True])
        for start, end in itertools.pairwise(starts):
            part = reports.rows(int(start), int(end))
            number = int(part.trial[0])
            known = self._by_trial.get(number)
            simple = known is None and part.attempt[0] == part.attempt[-1]
            if simple and part.metric.min() == part.metric.max():
                self._by_trial[number] = _single_metric(part)
            else:
                self.add(_rows(part))

    def curve(self, number: int, metric: str, seq: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps and values of one metric of a trial, as known at `seq`; steps without this metric are left out."""
        curve = self._by_trial.get(number)
        if curve is None or metric not in curve.metrics:
            return np.empty(0, np.int64), np.empty(0)
        seen = bisect_right(curve.seqs, seq)
        steps, values = np.array(curve.steps[:seen]), np.array(curve.metrics[metric][:seen])
        gaps = [index for index in curve.gaps.get(metric, ()) if index < seen]
        return (np.delete(steps, gaps), np.delete(values, gaps)) if gaps else (steps, values)

    def times(self, number: int, seq: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Steps of a trial and the times (seconds since 1970) at which they were reported."""
        curve = self._by_trial.get(number)
        if curve is None:
            return np.empty(0, np.int64), np.empty(0)
        seen = bisect_right(curve.seqs, seq)
        return np.array(curve.steps[:seen]), np.array(curve.at[:seen])

    def at_step(
        self, metric: str, step: int, seq: int, *, mean: bool = False
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Trial numbers and values of all that reported `metric` at exactly `step`, in the order of their coming.

        With `mean`, the means of their finite values up to that step instead.
        """
        column = self._by_step.get((metric, step))
        if column is None:
            column = self._by_step[(metric, step)] = self._collect(metric, step)
        numbers, values, means = column.until(seq)
        return numbers, means if mean else values

    def _collect(self, metric: str, step: int) -> StepColumn:
        found: list[tuple[int, int, float, float]] = []
        for number, curve in self._by_trial.items():
            values = curve.metrics.get(metric)
            if values is None:
                continue
            index = bisect_left(curve.steps, step)
            if index < len(curve.steps) and curve.steps[index] == step and index not in curve.gaps.get(metric, ()):
                found.append((curve.seqs[index], number, values[index], curve.mean(metric, index + 1)))
        column = StepColumn()
        for seq, number, value, mean in sorted(found):
            column.add(number, seq, value, mean)
        return column

    def metrics(self, number: int) -> tuple[str, ...]:
        """Names of the metrics that a trial has reported."""
        curve = self._by_trial.get(number)
        return tuple(curve.metrics) if curve else ()


def _single_metric(part: ReportColumns) -> Curve:
    curve = Curve(int(part.attempt[0]))
    curve.steps.frombytes(part.step.astype(np.int64).tobytes())
    curve.at.frombytes(part.at.tobytes())
    curve.seqs.frombytes(part.seq.astype(np.int64).tobytes())
    values = array("d")
    values.frombytes(part.value.tobytes())
    curve.metrics = {part.metrics[int(part.metric[0])]: values}
    return curve


def _rows(part: ReportColumns) -> list[ReportRow]:
    rows: dict[tuple[int, int], ReportRow] = {}
    columns = zip(*(column.tolist() for column in part[:7]), strict=True)
    for trial, attempt, step, metric, value, at, seq in columns:
        row = rows.setdefault((attempt, step), ReportRow(trial, attempt, step, at, seq, {}))
        row.metrics[part.metrics[metric]] = value  # type: ignore[index]  # our own dict, shown as a Mapping
    return sorted(rows.values(), key=lambda row: (row.attempt, row.step))
