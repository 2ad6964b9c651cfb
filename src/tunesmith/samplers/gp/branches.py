"""Branches of a conditional space that were tried too little to be given up.

A branch that begins with bad luck looks hopeless to a model that has seen little of it, the more so as what is known of
other branches is not true of it. So now and then a trial belongs to the other branch that may yet hold the best, chosen as
a bandit chooses an arm, and the model for it is made of that branch alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.samplers.branches import Branch, Listed
from tunesmith.samplers.opening import branches
from tunesmith.space.params import Choice
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Evidence
from tunesmith.surrogates.transform import warped

Floats = NDArray[np.float64]

_EVERY: Final = 4
"""One in so many trials is for a branch of which little is known."""
_EVERY_IF_STALLED: Final = 2
_PATIENCE: Final = 12
"""So many trials without gain are a stall."""
_GAIN: Final = 0.01
"""What counts as a gain, as a part of the distance from the worst trials, but for a tenth of them, to the best."""


def deciding(space: Space) -> tuple[Listed, ...]:
    """Columns of the options that decide which other parameters take part.

    A number that does so, such as that of layers, is left out: its neighbours are alike, and a model knows that.
    """
    names = space.codec().names
    return tuple(
        Listed(column, np.linspace(0.0, 1.0, size + 1))
        for column, size in branches(space).items()
        if isinstance(space.params[names[column]], Choice)
    )


def neglected_branch(number: int, evidence: Evidence, deciding: tuple[Listed, ...]) -> Branch | None:
    """The branch that trial `number` is for, or None if it may look anywhere; deciding parameters take turns."""
    if not deciding or not len(evidence.points):
        return None
    losses = warped(evidence.losses).sum(axis=1)
    every = _EVERY_IF_STALLED if _stalled(evidence.losses[:, 0]) else _EVERY
    if number % every:
        return None
    parent = deciding[number // every % len(deciding)]
    tried = [Branch(parent, code) for code in range(parent.size)]
    records = [(branch, inside) for branch in tried if (inside := branch.holds(evidence.points)).any()]
    others = [(branch, inside) for branch, inside in records if not inside[np.argmin(losses)]]
    if not others:
        return None
    hopes = [losses[inside].min() - np.sqrt(np.log(len(losses)) / inside.sum()) for _, inside in others]
    return others[int(np.argmin(hopes))][0]


def _stalled(losses: Floats) -> bool:
    """Whether the latest trials gained next to nothing, compared with how far all but the worst are from the best."""
    if len(losses) <= _PATIENCE:
        return False
    before, now = losses[:-_PATIENCE].min(), losses.min()
    return bool(before - now <= _GAIN * (np.quantile(losses, 0.9) - now))
