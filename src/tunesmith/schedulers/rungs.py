"""Rungs: the steps at which trials are compared, and how they stand there."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidStudy
from tunesmith.surrogates.dominance import spread_order
from tunesmith.trials.view import View

Ints: TypeAlias = NDArray[np.int64]
Some: TypeAlias = Callable[[Ints], NDArray[np.bool_]]
"""Which of some trial numbers take part, shape (n,)."""


_HUGE: Final = float(np.finfo(float).max)


class Rungs(NamedTuple):
    """Steps first, first * eta, first * eta^2, ... up to the end of a training, if it is known."""

    first: int
    eta: int
    full: int | None = None

    def reached(self, step: int) -> int | None:
        """The last rung at or before a step; None before the first."""
        if step < self.first:
            return None
        rung = self.first
        while rung * self.eta <= step:
            rung *= self.eta
        return rung

    def above(self, rung: int) -> int | None:
        """The next rung; None if a trial that leaves this one trains to its end."""
        above = rung * self.eta
        return None if self.full is not None and above >= self.full else above

    def below(self, step: int) -> list[int]:
        """All rungs up to a step, the highest first."""
        rungs: list[int] = []
        rung = self.reached(step)
        while rung is not None and rung >= self.first:
            rungs.append(rung)
            rung = rung // self.eta
        return rungs


def check_rungs(name: str, eta: int, first: int | None) -> None:
    """Refuse rungs that are none."""
    if eta < 2 or (first is not None and first < 1):
        raise InvalidStudy(f"{name}(eta={eta}, first={first}): give eta >= 2 and a first rung of at least step 1.")


class Standing(NamedTuple):
    """The trials that reported at one step, with a number each by which they are ordered: smaller is better."""

    numbers: Ints
    badness: NDArray[np.float64]

    def rank(self, number: int) -> int | None:
        """The place of a trial, from 1; equal ones share the better place. None if it is not among them."""
        own = np.flatnonzero(self.numbers == number)
        return None if not len(own) else 1 + int(np.count_nonzero(self.badness < self.badness[own[-1]]))

    def place(self, number: int) -> int | None:
        """As `rank`, but no two trials have the same: of equal ones the one that came first is before the others."""
        own = np.flatnonzero(self.numbers == number)
        if not len(own):
            return None
        before = self.badness[: own[-1]] == self.badness[own[-1]]
        return 1 + int(np.count_nonzero(self.badness < self.badness[own[-1]]) + np.count_nonzero(before))

    def best(self, count: int) -> list[int]:
        """Numbers of the `count` best, the best first; of equal ones the one that came first."""
        if count <= 0:
            return []
        badness, numbers = self.badness, self.numbers
        if count < len(badness):
            near = np.flatnonzero(badness <= np.partition(badness, count - 1)[count - 1])
            badness, numbers = badness[near], numbers[near]
        found: list[int] = numbers[np.argsort(badness, kind="stable")][:count].tolist()
        return found

    def __len__(self) -> int:
        return len(self.numbers)


def standing(view: View, step: int, some: Some | None = None) -> Standing:
    """How trials stand that reported every objective at exactly this step; NaN is worse than anything.

    Several objectives are ordered front by front, and within a front so that it is covered evenly.
    """
    columns = [view.at_step(objective.metric, step) for objective in view.spec.objectives]
    numbers = columns[0][0]
    for others, _ in columns[1:]:
        numbers = numbers[np.isin(numbers, others)]
    if some is not None:
        numbers = numbers[some(numbers)]
    losses = np.stack(
        [
            objective.sign * _of(numbers, known, values)
            for objective, (known, values) in zip(view.spec.objectives, columns, strict=True)
        ],
        axis=1,
    )
    # Infinity is bad, and NaN is worse.
    losses = np.where(np.isnan(losses), math.inf, np.clip(losses, -_HUGE, _HUGE))
    return Standing(numbers, losses[:, 0] if losses.shape[1] == 1 else spread_order(losses))


def _of(numbers: Ints, known: Ints, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(numbers) == len(known):
        return values
    order = np.argsort(known, kind="stable")
    return values[order[np.searchsorted(known[order], numbers)]]


def first_at(view: View, number: int, rung: int, step: int) -> bool:
    """Whether the report at `step` is the trial's first one at or beyond a rung."""
    if step == rung:
        return True
    steps, _ = view.curve(number, view.spec.objectives[0].metric)
    earlier = steps[steps < step]
    return not len(earlier) or int(earlier[-1]) < rung
