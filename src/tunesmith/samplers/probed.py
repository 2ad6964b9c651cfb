"""Probed: a search of the learning rate where a range test has found that models learn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, final

from numpy.random import Generator

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.space.narrower import bounded, with_param
from tunesmith.space.params import Float
from tunesmith.space.roles import having, roles_of
from tunesmith.space.space import Space
from tunesmith.trials.view import View

LOW: Final = "lr_range.low"
HIGH: Final = "lr_range.high"
"""Metrics of a study's first trial: what a range test has found there."""


@final
class Probed:
    """The inner sampler; once a range test is on record, in the part of the space where its learning rates are."""

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner
        self._narrowed: tuple[Space, Float, Space] | None = None
        """A space, the rate within its range, and the part that is left: what samplers have learned hangs on that object."""

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        name, rate = _rate(view)
        if rate is None:
            return self.inner.ask(view, n, rng)
        if self._narrowed is None or self._narrowed[0] is not view.space or self._narrowed[1] != rate:
            self._narrowed = view.space, rate, with_param(view.space, name, rate)
        proposals = self.inner.ask(view.restricted(self._narrowed[2]), n, rng)
        where = f"{name} from {rate.low:.2g} to {rate.high:.2g} by the range test of trial 0"
        return [proposal._replace(why=f"{proposal.why}; {where}") for proposal in proposals]


def _rate(view: View) -> tuple[str, Float | None]:
    """The parameter that is the learning rate, and the range that is left of it."""
    if view.space.grows or LOW not in _found(view):
        return "", None
    name = next(iter(having(roles_of(view.space), "learning rate")), None)
    return (name, probed(view, name)) if name is not None else ("", None)


def probed(view: View, name: str) -> Float | None:
    """The learning rate within the range that a range test in the study's first trial has found; None without one."""
    param, found = view.space.params[name], _found(view)
    low, high = found.get(LOW, math.nan), found.get(HIGH, math.nan)
    if not isinstance(param, Float) or param.step is not None:
        return None
    if not low < high or high <= param.low or low >= param.high:
        return None
    return bounded(param, max(low, param.low), min(high, param.high))


def _found(view: View) -> Mapping[str, float]:
    first = view.trials[0] if view.trials else None
    return (first.values or (first.last.metrics if first.last else {})) if first else {}
