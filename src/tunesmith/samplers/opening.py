"""The first trials of a model-based search: an even cover, in which every branch of a conditional space has its turn.

What the user believes has half of them, beginning with the configuration that is believed in most.
"""

from __future__ import annotations

from typing import Final

from numpy.random import Generator

from tunesmith.samplers.base import Proposal
from tunesmith.samplers.beliefs import Beliefs
from tunesmith.samplers.fresh import is_fresh
from tunesmith.samplers.sobol import cover_proposal, sobol_row
from tunesmith.space.space import Space
from tunesmith.trials.view import View

_EACH: Final = 3
"""Trials for each value of a parameter that others depend on."""
_MOST: Final = 12


def branches(space: Space) -> dict[int, int]:
    """Columns of the parameters that decide which others take part, and how many values each has."""
    parents = {test.parent for tests in space.conditions.values() for test in tests}
    columns = {name: column for column, name in enumerate(space.codec().names)}
    found = {}
    for name in parents & columns.keys():
        size = space.params[name].size
        if size is not None and size <= _MOST and name not in space.conditions:
            found[columns[name]] = size
    return dict(sorted(found.items()))


def opening_length(space: Space) -> int:
    """How many trials come before the model: two, or some for each branch."""
    largest = max(branches(space).values(), default=0)
    return 1 + max(1, min(_EACH * largest, max(_MOST, largest)))


def opening_proposal(view: View, rng: Generator) -> Proposal:
    """Point `view.next` of an even cover; the branches take turns, and so do beliefs."""
    number = view.next
    row = sobol_row(view, number)
    # Two by two, so that each of two branches has its share of them.
    believed = view.space.has_beliefs and (number + 1) // 2 % 2 == 1
    if believed:
        beliefs = Beliefs(view.space)
        if is_fresh(view, beliefs.centre(), ()):
            return Proposal(beliefs.centre(), "belief", "where the best is believed to be")
        row = row and beliefs.drawn(row)
    if row is not None:
        stride = 1
        for column, size in branches(view.space).items():
            row[column] = (number // stride % size + 0.5) / size
            stride *= size
    proposal = cover_proposal(view, number, row, rng)
    return proposal._replace(by="belief", why="drawn from what is believed") if believed else proposal
