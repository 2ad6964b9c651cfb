"""Beliefs: where a user expects good values of a parameter to be. They say where to look first, and exclude nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from tunesmith.errors import InvalidConfig, InvalidSpace
from tunesmith.space.values import Json, drop_none, is_number


@final
@dataclass(frozen=True)
class Around:
    """A number is believed to be good near `centre`; made by `around`."""

    centre: float
    factor: float | None = None
    width: float | None = None

    def to_json(self) -> Json:
        return drop_none(centre=self.centre, factor=self.factor, width=self.width)


Weights: TypeAlias = tuple[tuple[Json, float], ...]
"""Options with their weights; those that are not named have weight 1."""


def around(centre: float, *, factor: float | None = None, width: float | None = None) -> Around:
    """The belief that good values of a `Float` or `Int` are near `centre`: `Float(1e-5, 1, log=True, belief=around(1e-3))`.

    About two thirds of the belief lie within `factor` of the centre on a logarithmic scale (`around(1e-3, factor=10)`: 1e-4
    to 1e-2), within `width` on a linear one (`around(0.5, width=0.2)`: 0.3 to 0.7); within an eighth of the range if
    neither is given. The belief steers the first trials most and fades with each that ends (Hvarfner et al. 2022).
    """
    return Around(centre, factor, width)


def checked_around(kind: str, low: float, high: float, log: bool, belief: Any) -> Around | None:
    """The belief of a numeric parameter; raises `InvalidSpace` if it cannot be meant."""
    if belief is None:
        return None
    example = "around(0.001, factor=10)" if log else "around(0.5, width=0.2)"
    if not isinstance(belief, Around):
        raise InvalidSpace(f"{kind}(belief={belief!r}): write where good values are, as in belief={example}.")
    if not is_number(belief.centre) or not low <= belief.centre <= high:
        raise InvalidSpace(f"{kind}(belief=around({belief.centre!r})): the centre must be within {low} to {high}.")
    if (belief.width if log else belief.factor) is not None:
        wrong, scale = ("width", "logarithmic") if log else ("factor", "linear")
        raise InvalidSpace(f"{kind}(belief=...): {wrong} has no meaning on a {scale} scale; write belief={example}.")
    size = belief.factor if log else belief.width
    if size is not None and (not is_number(size) or not size > (1 if log else 0)):
        name, least = ("factor", "1") if log else ("width", "0")
        raise InvalidSpace(f"{kind}(belief=...): {name} = {size!r} must be above {least}, as in belief={example}.")
    return belief


def checked_weights(kind: str, check: Callable[[Any], Json], belief: Any) -> Weights | None:
    """The belief of a parameter with options; raises `InvalidSpace` if it cannot be meant.

    `check` turns an option as the user writes it into that of the parameter, or raises `InvalidConfig`.
    """
    if belief is None:
        return None
    pairs = belief.items() if isinstance(belief, Mapping) else belief
    if not isinstance(pairs, Iterable) or isinstance(pairs, str | Around):
        raise InvalidSpace(f"{kind}(belief={belief!r}): give weights of options, as in belief={{'adam': 3, 'sgd': 1}}.")
    weights = []
    for option, weight in pairs:
        if not is_number(weight) or not 0 < weight < float("inf"):
            raise InvalidSpace(
                f"{kind}(belief=...): the weight of {option!r} is {weight!r}; give a positive number, where 1 is usual."
            )
        try:
            weights.append((check(option), float(weight)))
        except InvalidConfig as error:
            raise InvalidSpace(f"{kind}: {error}") from None
    return tuple(weights)
