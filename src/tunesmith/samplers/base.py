"""Sampler: what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from numpy.random import Generator

from tunesmith.space.params import Config
from tunesmith.trials.view import View


class Proposal(NamedTuple):
    """A configuration in the order of its space, the sampler that proposes it, and why in a few words."""

    config: Config
    by: str
    why: str


class Sampler(Protocol):
    """Proposes configurations from what has happened so far.

    The law: the same view (with the same `next`) and the same state of `rng` give the same answer, whether or not a
    cache was kept from earlier calls. Proposals are active, valid, and within the space's limits.
    """

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        """`n` proposals, for trials `view.next`, `view.next + 1`, ...; fewer only where a finite space has no more left.

        Raises `SpaceExhausted` if there is nothing left to propose, `InvalidSpace` if no config keeps the limits.
        """
