"""What became different between two moments of a study; how a View is carried forward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.trials.spec import StudySpec
from tunesmith.trials.trial import Trial


class ReportRow(NamedTuple):
    """One report, as it happened."""

    trial: int
    attempt: int
    step: int
    at: float
    seq: int
    metrics: Mapping[str, float]


class ReportColumns(NamedTuple):
    """Many reports in long form, one entry per metric, sorted by trial, then attempt, then step. All of length n."""

    trial: NDArray[np.int64]
    attempt: NDArray[np.int64]
    step: NDArray[np.int64]
    metric: NDArray[np.int64]
    """Index into `metrics`."""
    value: NDArray[np.float64]
    at: NDArray[np.float64]
    seq: NDArray[np.int64]
    metrics: tuple[str, ...]

    def rows(self, start: int, end: int) -> ReportColumns:
        """A run of entries."""
        trial, attempt, step, metric, value, at, seq, metrics = self
        cut = slice(start, end)
        return ReportColumns(trial[cut], attempt[cut], step[cut], metric[cut], value[cut], at[cut], seq[cut], metrics)


class Changes(NamedTuple):
    """All that happened in a study after fact `since`, up to and including fact `seq`."""

    since: int
    seq: int
    trials: Sequence[Trial] = ()
    """Trials that changed, as they are now, by number."""
    reports: Sequence[ReportRow] | ReportColumns = ()
    expired: Sequence[int] = ()
    """Trials whose worker has not renewed its lease in time."""
    spec: StudySpec | None = None
    """The study's definition as it is now; None if it has not changed."""
