"""Grid: every combination, in an order that covers the space early."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import final

import numpy as np
from numpy.random import Generator

from tunesmith.errors import InvalidSpace, InvalidStudy, SpaceExhausted
from tunesmith.samplers.base import Proposal
from tunesmith.samplers.listed import cells
from tunesmith.samplers.uniform import Uniform
from tunesmith.trials.view import View


@final
class Grid:
    """All configurations of a finite space; `levels` values stand for each parameter that has too many.

    With `levels=None` every value of every parameter is a level. The order is shuffled by the study's seed, so that a
    grid which is cut short has not left out whole regions.
    """

    def __init__(self, levels: int | None = 5) -> None:
        if levels is not None and levels < 1:
            raise InvalidStudy(f"Grid(levels={levels}): a grid needs at least 1 level for each parameter.")
        self.levels = levels

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        configs = cells(view.space, self.levels)
        if not configs:
            limits = "; ".join(str(limit) for limit in view.space.limits)
            raise InvalidSpace(f"No cell of the grid keeps all limits ({limits}); loosen them, or use more levels.")
        order = _order(len(configs), view.spec.seed)
        proposals: list[Proposal] = []
        # Number i starts at cell i, so that parallel workers seldom collide; then on to the next untried cell.
        for offset in range(len(configs)):
            cell = (view.next + offset) % len(configs)
            config = configs[order[cell]]
            if not view.has(config):
                proposals.append(Proposal(dict(config), "grid", f"cell {cell + 1} of {len(configs)}"))
                if len(proposals) == n:
                    return proposals
        if view.space.grows and not (view.trials and all(trial.state.ended for trial in view.trials)):
            # Define-by-run: what is under way may yet ask for more parameters, and the grid grows with them.
            return [*proposals, *Uniform().ask(view, n - len(proposals), rng)]
        if proposals:
            return proposals
        raise SpaceExhausted(
            f"All {len(configs)} cells of the grid have been tried; widen the space, or raise the levels of the grid."
        )


@lru_cache(maxsize=4)
def _order(count: int, seed: int) -> list[int]:
    order: list[int] = np.random.default_rng(seed).permutation(count).tolist()
    return order
