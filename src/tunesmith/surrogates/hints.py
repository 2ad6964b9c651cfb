"""Hints: what trials themselves say of their noise, by a metric such as `val_loss_se`.

A standard error, of a mean over cross-validation folds or over a validation set, is known to whoever computed it. How large
noise is in all is still learned: folds share their data, and the training has randomness of its own. What hints say is
which trials are noisier than others, in the units of the metric: that bad losses are drawn together before they are
modelled (`transform.py`), and their noise with them, is left out of account.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.surrogates.rows import stage
from tunesmith.trials.trial import Trial
from tunesmith.trials.view import View

Floats = NDArray[np.float64]

_SUFFIX: Final = "_se"
_LEAST: Final = 0.1
_MOST: Final = 100.0
"""Standard errors beyond these multiples of the usual one count as them: an error of 0 is that of two folds which agree."""


def relative_noise(view: View, numbers: NDArray[np.intp]) -> Floats:
    """(n, m) variance of the noise of each objective in these trials, in units of the usual one; 1 where no hint is given.

    The usual one is that of the median standard error. Not a hint is what is negative or not finite.
    """
    names = [objective.metric + _SUFFIX for objective in view.spec.objectives]
    values = [_reported(view.trials[number]) for number in numbers.tolist()]
    errors = np.array([[given.get(name, np.nan) for given in values] for name in names])
    return np.stack([_relative(column) for column in errors], axis=1)


def _reported(trial: Trial) -> Mapping[str, float]:
    """What counts of a trial that has ended, or was reported last by one that has not."""
    return trial.values or (trial.last.metrics if trial.last else {})


def _relative(errors: Floats) -> Floats:
    given = np.isfinite(errors) & (errors >= 0)
    above = errors[given & (errors > 0)]
    if not len(above):
        return np.ones(len(errors))
    # Of a prefix, as what length scales are fitted to: they need not be fitted anew with every trial.
    usual = np.median(above[: stage(len(above))])
    with np.errstate(over="ignore", invalid="ignore"):
        ratios = np.clip(errors / usual, _LEAST, _MOST)
    return np.where(given, ratios * ratios, 1.0)
