"""Prospects: what another hour of the search, or as much of it as can be foreseen, is expected to bring, beside the noise of a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

import numpy as np

from tunesmith.analysis.best import best_of
from tunesmith.analysis.words import count_text
from tunesmith.trials.trial import State
from tunesmith.trials.view import View

_RECENT: Final = 20
"""How fast trials end is taken from so many of the last ones."""


@final
@dataclass(frozen=True)
class Prospects:
    """What the next trials may bring."""

    metric: str
    trials: int
    """How many trials these are: as many as end in an hour, as fast as the last ones did, or as can be looked ahead."""
    hour: bool
    """Whether they take an hour."""
    gain: float
    """By how much the metric is expected to become better at most, in its units."""
    best: float
    """The best value now."""
    noise: float | None
    """Standard deviation between trainings of one configuration; None if it is not known."""

    @property
    def worthwhile(self) -> bool:
        """Whether the gain is more than half of what two trainings of one configuration differ by."""
        return self.noise is None or self.gain > self.noise / 2

    @property
    def sentence(self) -> str:
        """In words."""
        share = f" ({100 * self.gain / abs(self.best):.2g} %)" if self.best else ""
        trials = count_text(self.trials, "trial")
        more = f"another hour (about {trials}) is" if self.hour else f"another {trials} are"
        said = f"{more} expected to improve {self.metric} by at most {self.gain:.2g}{share}"
        return said if not self.noise else f"{said}; the noise between seeds is {self.noise:.2g}"


def prospects(view: View) -> Prospects | None:
    """What another hour, or 100 trials if it has more, is expected to bring; None with several objectives, or while too little is known."""
    ended = [trial for trial in view.of(State.DONE, State.STOPPED) if trial.started is not None]
    if len(view.spec.objectives) > 1 or len(ended) < _RECENT:
        return None
    recent = sorted(ended, key=lambda trial: trial.ended or 0.0)[-_RECENT:]
    seconds = max(trial.ended or 0.0 for trial in recent) - min(trial.started or 0.0 for trial in recent)
    hourly = round(3600 * len(recent) / seconds) if seconds > 0 else 0
    from tunesmith.surrogates.expected import expected  # noqa: PLC0415  scipy takes a while to load
    from tunesmith.surrogates.outlook import FARTHEST, expected_gain  # noqa: PLC0415

    trials = min(hourly, FARTHEST)
    gain, best = expected_gain(view, trials), best_of(view)
    if gain is None or best is None:
        return None
    metric = view.spec.objectives[0].metric
    known = expected(view, among=[best.trial.number])
    confirmed = best.confirmed
    noise = confirmed.noise if confirmed is not None else known.noise if known and known.large else None
    value = confirmed.expected if confirmed is not None else best.trial.values[metric]
    if gain > abs(value) and _has_one_sign(view):
        return None  # the model sees an end beyond zero, where the metric has none
    return Prospects(metric, trials, trials == hourly, gain, value, noise)


def _has_one_sign(view: View) -> bool:
    values = view.columns.Y[:, 0]
    values = values[np.isfinite(values)]
    return bool((values >= 0).all() or (values <= 0).all())
