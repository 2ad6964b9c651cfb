"""Under which choices a define-by-run objective asks for its parameters, as far as its trials tell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from typing import Final, final

from tunesmith.space.conditions import Test
from tunesmith.space.params import Config, Param, key_of

_MOST_VALUES: Final = 20
"""A parameter with more values than this is not taken for one that others depend on."""


@final
class Observed:
    """Which parameters were asked for beside which values of others: pair by pair, so that many trials take no longer."""

    def __init__(self) -> None:
        self._asked: defaultdict[tuple[str, str], set[Hashable]] = defaultdict(set)
        """By name and parent: values of the parent beside which the name was asked for."""
        self._missed: defaultdict[tuple[str, str], set[Hashable]] = defaultdict(set)
        """Those beside which it was not."""
        self._apart: set[tuple[str, str]] = set()
        """Pairs of which the name was asked for without the parent."""

    def learn(self, params: Mapping[str, Param], config: Config) -> None:
        """What a configuration shows, given all parameters that are known; it may be learned again."""
        parents = {
            name: key_of(config[name]) for name, param in params.items() if name in config and _has_few_values(param)
        }
        absent = [name for name in params if name not in config]
        for name in params:
            values = self._missed if name in absent else self._asked
            for parent, value in parents.items():
                values[name, parent].add(value)
            if name in config:
                self._apart.update((name, parent) for parent in absent)

    def conditions(self, params: Mapping[str, Param]) -> dict[str, tuple[Test, ...]]:
        """Conditions that explain why some configurations lack some of the parameters.

        A parameter that is missing wherever another one has certain values, and nowhere else, is taken to depend on that
        one; the first such one of `params` counts. Values of it that nobody has tried are taken to ask for the parameter,
        since a proposed value that is not asked for does no harm. A condition that is a coincidence ends with the first
        trial against it.
        """
        found: dict[str, tuple[Test, ...]] = {}
        missed = {name for name, _ in self._missed}
        for name in params:
            if name in missed:
                tests = (self._test(name, parent, param) for parent, param in params.items())
                first = next(filter(None, tests), None)
                if first is not None:
                    found[name] = (first,)
        return found

    def _test(self, name: str, parent: str, param: Param) -> Test | None:
        """What `parent` must be for `name` to be asked for; None if that does not depend on `parent` alone."""
        pair = name, parent
        asked, missed = self._asked.get(pair), self._missed.get(pair)
        if not asked or not missed or asked & missed or pair in self._apart or not _has_few_values(param):
            return None
        assert param.size is not None
        return Test(parent, "in", tuple(value for value in param.levels(param.size) if key_of(value) not in missed))


def _has_few_values(param: Param) -> bool:
    return param.size is not None and param.size <= _MOST_VALUES
