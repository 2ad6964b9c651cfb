"""What has been learned about configurations: the columns of a View, sorted for samplers that learn from outcomes.

Repeats of a configuration are one row, with their mean. Trials that were stopped or paused count at their last
report: a model of last values, whatever their steps, does better than one of a single rung (Salinas et al. 2023). Whatever ended
without a finite value of every objective is a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.hints import relative_noise
from tunesmith.trials.trial import State
from tunesmith.trials.view import FAILURES, STATES, View

_FAILED = STATES.index(State.FAILED)
_DONE = STATES.index(State.DONE)
_OVER = [_DONE, STATES.index(State.STOPPED)]
_PAUSED = STATES.index(State.PAUSED)
_RUNNING = STATES.index(State.RUNNING)
_NAN = 1 + FAILURES.index("nan")


class Points(NamedTuple):
    """Rows of the unit cube, shape (n, d), and which columns take part in each."""

    X: NDArray[np.float64]
    active: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.X)

    def at(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Points:
        return Points(self.X[rows], self.active[rows])

    def joined(self, other: Points) -> Points:
        return Points(np.concatenate([self.X, other.X]), np.concatenate([self.active, other.active]))


class Evidence(NamedTuple):
    """r configurations with an outcome, f that failed, p that are under way; m objectives, k outcome limits."""

    points: Points
    """(r, d) in the order of the first trial of each."""
    losses: NDArray[np.float64]
    """(r, m) objectives, smaller is better, mean over repeats; those that are known to be more exact count for more."""
    noise: NDArray[np.float64]
    """(r, m) relative variances of their noise: 1 for a usual trial, less for repeats (`hints.py`)."""
    excess: NDArray[np.float64]
    """(r, k) how far each limited metric is beyond its bound; not above 0 where the limit holds, NaN if not known."""
    repeats: NDArray[np.int64]
    """(r,) how many trials each row stands for."""
    numbers: NDArray[np.int64]
    """(r,) the first trial of each."""
    progress: NDArray[np.float64]
    """(r,) how far each was trained: 1 to its end, else the logarithm of its steps in parts of that of a full training's."""
    failed: Points
    failures: NDArray[np.int64]
    """(f,) the trials that failed."""
    kinds: NDArray[np.int8]
    """(f,) 1 + index into `FAILURES`."""
    pending: Points

    def within(self, holds: Callable[[Points], NDArray[np.bool_]]) -> Evidence:
        """What is known of the points for which something holds."""
        kept, lost, waiting = holds(self.points), holds(self.failed), holds(self.pending)
        return Evidence(
            self.points.at(kept),
            self.losses[kept],
            self.noise[kept],
            self.excess[kept],
            self.repeats[kept],
            self.numbers[kept],
            self.progress[kept],
            self.failed.at(lost),
            self.failures[lost],
            self.kinds[lost],
            self.pending.at(waiting),
        )

    @property
    def feasible(self) -> NDArray[np.bool_]:
        """(r,) rows that are known to keep all limits."""
        kept: NDArray[np.bool_] = np.all(self.excess <= 0, axis=1)
        return kept


def evidence_of(view: View, valued_by: Sequence[State] = (State.DONE, State.STOPPED, State.PAUSED)) -> Evidence:
    """The evidence that a view holds; outcomes are those of trials in the states `valued_by`.

    Where paused trials count, so do running ones that have trained as far as one of them.
    """
    columns = view.columns
    points = Points(columns.X, columns.active)
    losses = view.latest_losses
    ended = np.isin(columns.state, [STATES.index(state) for state in valued_by])
    paused = columns.state == _PAUSED
    if State.PAUSED in valued_by and paused.any():
        ended |= (columns.state == _RUNNING) & (columns.step >= max(1, int(columns.step[paused].min())))
    valued = ended & np.isfinite(losses).all(axis=1)
    # A trial that was stopped before its first report says nothing; one that ended with NaN is a failure of its own.
    failed = (columns.state == _FAILED) | (np.isin(columns.state, _OVER) & ended & ~valued & (columns.step > 0))
    kinds = np.where(columns.failure > 0, columns.failure, _NAN)
    numbers = np.flatnonzero(valued)
    first, group = _distinct(points.X[numbers])
    repeats = np.bincount(group, minlength=len(first))
    noise = relative_noise(view, numbers)
    means, variances = _means(losses[numbers], noise, group, len(first))
    excess = _excess(view)[numbers]
    return Evidence(
        points=points.at(numbers[first]),
        losses=means,
        noise=variances,
        excess=_means(excess, np.ones_like(excess), group, len(first))[0],
        repeats=repeats,
        numbers=numbers[first],
        progress=_progress(view)[numbers[first]],
        failed=points.at(failed),
        failures=np.flatnonzero(failed),
        kinds=kinds[failed].astype(np.int8),
        pending=points.at(view.pending & ~valued),
    )


def _progress(view: View) -> NDArray[np.float64]:
    columns = view.columns
    longest = max(view.full_steps or 0, int(columns.step.max(initial=0)))
    if longest < 2:
        return np.ones(len(columns.step))
    share: NDArray[np.float64] = np.log(np.maximum(columns.step, 1)) / np.log(longest)
    return np.where(columns.state == _DONE, 1.0, np.minimum(share, 1.0))


def _distinct(X: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of the first of each distinct row, and for each row which of those it equals."""
    seen: dict[bytes, int] = {}
    group = np.array([seen.setdefault(row.tobytes(), len(seen)) for row in X], np.intp)
    first = np.full(len(seen), len(X), np.intp)
    np.minimum.at(first, group, np.arange(len(X)))
    return first, group


def _means(
    values: NDArray[np.float64], noise: NDArray[np.float64], group: NDArray[np.intp], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each of `count` groups the mean, weighted by how exact its values are, and the variance of the mean."""
    if count == len(values):
        return values, noise
    means, exactness = np.zeros((2, count, values.shape[1]))
    np.add.at(exactness, group, 1.0 / noise)
    # Shares are added, since the sum of huge values may overflow.
    np.add.at(means, group, values / (exactness[group] * noise))
    return means, 1.0 / exactness


def _excess(view: View) -> NDArray[np.float64]:
    bounds = np.array([limit.bound for limit in view.spec.limits])
    signs = np.array([1.0 if limit.op == "<=" else -1.0 for limit in view.spec.limits])
    excess: NDArray[np.float64] = (view.columns.limits - bounds) * signs
    return excess
