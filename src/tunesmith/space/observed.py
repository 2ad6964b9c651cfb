"""Under which choices a define-by-run objective asks for its parameters, as far as its trials tell."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from tunesmith.space.conditions import Test
from tunesmith.space.params import Config, Param, key_of

_MOST_VALUES: Final = 20
"""A parameter with more values than this is not taken for one that others depend on."""


def observed_conditions(params: Mapping[str, Param], configs: Sequence[Config]) -> dict[str, tuple[Test, ...]]:
    """Conditions that explain why some of these configurations lack some of the parameters.

    A parameter that is missing wherever another one has certain values, and nowhere else, is taken to depend on that one;
    the first such one of `params` counts. Values of it that nobody has tried are taken to ask for the parameter, since a
    proposed value that is not asked for does no harm. A condition that is a coincidence ends with the first trial against it.
    """
    found: dict[str, tuple[Test, ...]] = {}
    for name in params:
        if any(name not in config for config in configs):
            tests = (_test(name, parent, param, configs) for parent, param in params.items())
            first = next(filter(None, tests), None)
            if first is not None:
                found[name] = (first,)
    return found


def _test(name: str, parent: str, param: Param, configs: Sequence[Config]) -> Test | None:
    """What `parent` must be for `name` to be asked for; None if that does not depend on `parent` alone."""
    if parent == name or param.size is None or param.size > _MOST_VALUES:
        return None
    asked: set[Hashable] = set()
    not_asked: set[Hashable] = set()
    for config in configs:
        if parent in config:
            (asked if name in config else not_asked).add(key_of(config[parent]))
        elif name in config:
            return None
    if not asked or not not_asked or asked & not_asked:
        return None
    return Test(parent, "in", tuple(value for value in param.levels(param.size) if key_of(value) not in not_asked))
