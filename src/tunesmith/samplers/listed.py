"""Spaces as lists: every configuration of a small one, or the cells of a grid. Listing is slow, so it is done once."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import islice
from typing import Final, final

from tunesmith.errors import InvalidSpace
from tunesmith.space.params import Config
from tunesmith.space.space import Space

_FEW: Final = 20_000
_MOST_VISITS: Final = 200_000
_LARGEST_GRID: Final = 1_000_000


def listed(space: Space) -> list[Config] | None:
    """All configurations of a space that has few of them, else None. Not to be changed by the caller."""
    # With limits, most of what is visited may be thrown away, so that few configurations can still take long to list.
    if space.size is None or (space.limits and space.size > _MOST_VISITS):
        return None
    configs = _list(Same(space), None, _FEW + 1)
    return configs if len(configs) <= _FEW else None


def cells(space: Space, levels: int | None) -> list[Config]:
    """The cells of a grid, in the order of the space; `levels=None` takes every value. Not to be changed by the caller."""
    if not space.conditions and not space.limits:
        # Without them the number is known beforehand, and nobody waits for a list that is then refused.
        counts = (param.size or 1 if levels is None else len(param.levels(levels)) for param in space.params.values())
        _refuse_if_large(math.prod(counts))
    configs = _list(Same(space), levels, _LARGEST_GRID + 1)
    _refuse_if_large(len(configs))
    return configs


def _refuse_if_large(count: int) -> None:
    if count > _LARGEST_GRID:
        raise InvalidSpace(f"The grid has more than {_LARGEST_GRID} cells; use fewer levels, or another sampler.")


@final
class Same:
    """A space as a key. By identity: to compare two spaces takes longer than most proposals."""

    def __init__(self, space: Space) -> None:
        self.space = space

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.space is self.space

    def __hash__(self) -> int:
        return id(self.space)


@lru_cache(maxsize=4)
def _list(same: Same, levels: int | None, at_most: int) -> list[Config]:
    return list(islice(same.space.configs(levels), at_most))
