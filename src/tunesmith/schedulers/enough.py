"""Enough: the search ends when further trials are expected to bring less than luck does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, final

import numpy as np

from tunesmith.schedulers.base import Decision, Order, Resume, Scheduler
from tunesmith.trials.trial import Report, State, Trial
from tunesmith.trials.view import View

_FEWEST: Final = 20
"""Finished trials before which nothing is enough."""
_AHEAD: Final = 0.2
"""How far it looks ahead: so many more trials, in parts of those that there are."""
_LEAST: Final = 0.01
"""Without noise, enough is what betters the best value by less than this part of its distance from the middle one."""


@final
class Enough:
    """What the inner scheduler does, without new trials once they are not expected to pay.

    They do not pay if a fifth more of them is expected to better the best value by less than half of the noise of a single
    training (Makarova et al. 2022, "Automatic Termination for Hyperparameter Optimization"), or, where there is no noise,
    by less than a hundredth of what has been gained over the middle one. With several objectives it never ends.
    """

    def __init__(self, inner: Scheduler) -> None:
        self.inner = inner

    def decide(self, view: View, trial: Trial, report: Report) -> Decision:
        return self.inner.decide(view, trial, report)

    def next(self, view: View, slots: int) -> Sequence[Order]:
        orders = self.inner.next(view, slots)
        if not orders or not _is_enough(view):
            return orders
        return [order for order in orders if isinstance(order, Resume)]


def _is_enough(view: View) -> bool:
    finished = [trial.number for trial in view.of(State.DONE)]
    if len(finished) < _FEWEST or len(view.spec.objectives) > 1:
        return False
    from tunesmith.surrogates.expected import expected  # noqa: PLC0415  scipy takes a while to load
    from tunesmith.surrogates.outlook import expected_gain  # noqa: PLC0415

    gain, known = expected_gain(view, max(10, round(_AHEAD * len(finished)))), expected(view, among=())
    if gain is None or known is None:
        return False
    losses = view.losses[finished, 0]
    gained = float(np.nanmedian(losses) - np.nanmin(losses))
    return gain < max(known.noise / 2 if known.large else 0.0, _LEAST * gained)
