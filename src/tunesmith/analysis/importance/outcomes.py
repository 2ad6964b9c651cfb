"""Outcomes: what importance is learned from."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.surrogates.evidence import Points, evidence_of
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

FEWEST: Final = 10
_FENCE: Final = 3.0
_HUGE: Final = 1e150
"""Squares of what is larger overflow."""


class Outcomes(NamedTuple):
    """r configurations with a finite outcome."""

    points: Points
    """(r, d)"""
    losses: Floats
    """(r,) one objective, smaller is better; what is far off on the worse side is drawn in."""
    noise: Floats
    """(r,) relative variances of their noise."""

    def __len__(self) -> int:
        return len(self.losses)

    def at(self, rows: NDArray[np.intp]) -> Outcomes:
        return Outcomes(self.points.at(rows), self.losses[rows], self.noise[rows])


def metric_index(view: View, metric: str | None) -> int:
    """Which objective a name means; the first one for None. Raises `InvalidStudy` for a name that is none."""
    names = [objective.metric for objective in view.spec.objectives]
    if metric is None:
        return 0
    if metric not in names:
        raise InvalidStudy(f"metric={metric!r} is not an objective of this study; choose one of: {', '.join(names)}.")
    return names.index(metric)


def outcomes_of(view: View, objective: int, fewest: int = FEWEST, *, to_the_end: bool = False) -> Outcomes:
    """What the study's trials came to. Raises `InvalidStudy` if they are too few, or none of its parameters varies.

    With `to_the_end`, only trials that were not paused or stopped on their way, if these are enough.
    """
    evidence = evidence_of(view)
    if to_the_end:
        finished = evidence_of(view, (State.DONE,))
        evidence = finished if len(finished.points) >= fewest else evidence
    if not view.space.codec().width:
        raise InvalidStudy(f"Study {view.spec.name!r} has no parameter that varies, so that none can be important.")
    if len(evidence.points) < fewest:
        raise InvalidStudy(
            f"Study {view.spec.name!r} has {len(evidence.points)} different configurations with a value; "
            f"what matters can be told from {fewest} on. Run more trials."
        )
    return Outcomes(evidence.points, _drawn_in(evidence.losses[:, objective]), evidence.noise[:, objective])


def _drawn_in(losses: Floats) -> Floats:
    """Losses with an upper fence (Tukey 1977, with three quartile ranges): one diverged trial must not be all variance."""
    losses = np.clip(losses, -_HUGE, _HUGE)
    first, third = np.quantile(losses, [0.25, 0.75])
    fence = third + _FENCE * (third - first)
    return np.minimum(losses, fence) if fence > first else losses
