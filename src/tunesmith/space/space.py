"""Space: what may vary, under which conditions and within which limits."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, final

from tunesmith.errors import InvalidConfig, InvalidSpace, NewerFormat
from tunesmith.space.conditions import Test, When
from tunesmith.space.declare import flatten, parents_first, resolve
from tunesmith.space.limits import Limit, limit_from
from tunesmith.space.names import did_you_mean, flatten_config
from tunesmith.space.params import (
    Config,
    Fixed,
    Json,
    Param,
    default_of,
    describe,
    hull,
    param_from_json,
    without_default,
)

if TYPE_CHECKING:
    from tunesmith.space.codec import Codec

_VERSION: Final = 2
_WITHOUT_BELIEFS: Final = 1
"""The version of spaces without beliefs, which earlier versions of Tunesmith can read too."""


@final
class Space:
    """An ordered set of parameters with conditions and limits. Immutable.

    `params` maps names to parameters, plain values (kept fixed), `when(...)` bodies, or nested dicts of all of these;
    nested names are joined with dots. `limits` holds relations ("a < b") and forbidden combinations ({"a": 1, "b": 2}).
    `grows=True` is the space of a define-by-run objective: it takes on parameters as trials ask for them.

    >>> space = Space({"optimizer": Choice("sgd", "adam"), "lr": Float(1e-5, 1, log=True), "epochs": 10})
    >>> space.default()
    {'optimizer': 'sgd', 'lr': 0.0031622776601683794, 'epochs': 10}
    """

    params: Mapping[str, Param]
    conditions: Mapping[str, tuple[Test, ...]]
    limits: tuple[Limit, ...]
    grows: bool
    parents_first: tuple[str, ...]
    """All names, each after those that its conditions name."""

    def __init__(
        self, params: Mapping[str, object] | None = None, *, limits: Iterable[object] = (), grows: bool = False
    ) -> None:
        flat: dict[str, Param] = {}
        conditions: dict[str, tuple[Test, ...]] = {}
        flatten(params or {}, "", (), flat, conditions)
        self.params = flat
        self.conditions = {
            name: tuple(resolve(test, name, flat) for test in tests) for name, tests in conditions.items()
        }
        self.limits = tuple(limit_from(limit) for limit in limits)
        self.grows = grows
        self.parents_first = parents_first(self.params, self.conditions)
        self._check_limits()

    def _check_limits(self) -> None:
        for limit in self.limits:
            unknown = sorted(limit.names - self.params.keys())
            if unknown and not self.grows:
                raise InvalidSpace(
                    f"limit '{limit}' names {unknown[0]!r}, which is not a parameter{did_you_mean(unknown[0], self.params) or '.'}"
                )

    def active(self, config: Config) -> tuple[str, ...]:
        """Names of the parameters that take part, given the values in `config`; in the order of the space.

        `config` may hold values of inactive parameters; they are ignored.
        """
        if not self.conditions:
            return tuple(self.params)
        alive: set[str] = set()
        for name in self.parents_first:
            tests = self.conditions.get(name, ())
            if all(
                test.parent in alive and test.parent in config and test.holds(config[test.parent]) for test in tests
            ):
                alive.add(name)
        return tuple(name for name in self.params if name in alive)

    def restrict(self, values: Config) -> Config:
        """The active part of `values`, in the order of the space. `values` holds at least the active parameters."""
        if not self.conditions:
            return {name: values[name] for name in self.params}
        return {name: values[name] for name in self.active(values)}

    def check(self, config: Mapping[str, Any], *, partial: bool = False) -> Config:
        """The config with every value in its parameter's own type, nested groups flattened, in the order of the space.

        With `partial=True` missing parameters are filled with their defaults. Raises `InvalidConfig` with the path, the
        value and the bound that it breaks.
        """
        given = flatten_config(config)
        unknown = [name for name in given if name not in self.params]
        if unknown:
            meant = did_you_mean(unknown[0], self.params) or f"; it has {', '.join([*self.params][:10]) or 'none'}."
            raise InvalidConfig(f"{unknown[0]} is not a parameter of this space{meant}")
        values = {name: self.params[name].check(value, name) for name, value in given.items()}
        start = {name: default_of(param) for name, param in self.params.items() if partial or isinstance(param, Fixed)}
        filled = {**start, **values}
        active = self.active(filled)
        missing = [name for name in active if name not in filled]
        if missing:
            raise InvalidConfig(f"{missing[0]} is missing from the configuration; give it a value.")
        idle = [name for name in values if name not in active]
        if idle and not partial:
            needs = " and ".join(str(test) for test in self.conditions[idle[0]])
            raise InvalidConfig(f"{idle[0]} takes part only if {needs}; leave it out of this configuration.")
        checked = {name: filled[name] for name in active}
        broken = self.broken_limit(checked)
        if broken is not None:
            shown = ", ".join(f"{name} = {checked[name]!r}" for name in sorted(broken.names))
            raise InvalidConfig(f"The limit '{broken}' does not hold for {shown}; change one of them.")
        return checked

    def broken_limit(self, config: Config) -> Limit | None:
        """The first limit that a configuration breaks."""
        return next((limit for limit in self.limits if not limit.holds(config)), None)

    def allows(self, config: Config) -> bool:
        """Whether all limits hold. Cheap; values are not checked."""
        return self.broken_limit(config) is None if self.limits else True

    def default(self) -> Config:
        """The configuration to start from: known defaults, and the middle (of options without order the first) elsewhere."""
        return self.restrict({name: default_of(param) for name, param in self.params.items()})

    @cached_property
    def has_beliefs(self) -> bool:
        """Whether the user said of some parameter where good values are."""
        return any(getattr(param, "belief", None) is not None for param in self.params.values())

    @property
    def has_defaults(self) -> bool:
        """Whether the user gave at least one default."""
        return any(param.default is not None for param in self.params.values() if not isinstance(param, Fixed))

    def configs(self, levels: int | None = None) -> Iterator[Config]:
        """All configurations in a fixed order; `levels` values stand for each parameter with too many of them."""
        if levels is None and self.size is None:
            raise InvalidSpace(
                "A space with a continuous parameter cannot be listed; give levels=, the number of values of each."
            )
        yield from (config for config in self._walk(0, {}, levels) if config is not None)

    def _walk(self, depth: int, partial: Config, levels: int | None) -> Iterator[Config | None]:
        """Configurations, and None for each that breaks a limit."""
        if depth == len(self.parents_first):
            config = self.restrict(partial)
            yield config if self.allows(config) else None
            return
        name = self.parents_first[depth]
        tests = self.conditions.get(name, ())
        if not all(test.parent in partial and test.holds(partial[test.parent]) for test in tests):
            yield from self._walk(depth + 1, partial, levels)
            return
        param = self.params[name]
        for value in param.levels(levels if levels is not None else param.size or 1):
            yield from self._walk(depth + 1, {**partial, name: value}, levels)

    @cached_property
    def size(self) -> int | None:
        """An upper bound on the number of configurations, exact without conditions and limits; None if infinite."""
        size = 1
        for param in self.params.values():
            if param.size is None:
                return None
            size *= param.size
        return None if self.grows else size

    def count(self, at_most: int) -> int | None:
        """The exact number of configurations if it is finite and not above `at_most`, else None.

        With conditions or limits they have to be walked through; None also if that would take too long, because the
        limits leave only few of very many.
        """
        if self.size is None:
            return None
        if not self.conditions and not self.limits:
            return self.size if self.size <= at_most else None
        found = 0
        for visited, config in enumerate(self._walk(0, {}, None)):
            found += config is not None
            if found > at_most or visited > 2 * at_most + 1000:
                return None
        return found

    @cached_property
    def _codec(self) -> Codec:
        from tunesmith.space.codec import Codec  # noqa: PLC0415  codec.py needs Space for its type

        return Codec(self)

    def codec(self) -> Codec:
        """Maps configurations to rows of numbers in [0, 1], and back."""
        return self._codec

    def key(self, config: Config) -> Hashable:
        """Equal keys mean the same configuration. Configurations hold their parameters in the order of the space."""
        return tuple(config.items()) if self._is_plain else repr(config)

    @cached_property
    def _is_plain(self) -> bool:
        """Whether values that are equal for Python are the same value, and all of them can be hashed.

        Not so with lists among the options, or with True beside 1.
        """
        for param in self.params.values():
            options = [param.value] if isinstance(param, Fixed) else getattr(param, "options", ())
            if any(isinstance(option, list | dict) for option in options) or len(set(options)) < len(options):
                return False
        return not self.grows

    def grow(self, name: str, param: Param) -> Space:
        """This space with one more parameter, or with a wider range of one that it has (define-by-run)."""
        known = self.params.get(name)
        if known == param:
            return self
        params = dict(self.params)
        params[name] = param if known is None else hull(name, known, param)
        if params[name] == known:
            return self
        return Space(params, limits=self.limits, grows=True).under(self.conditions)

    def under(self, conditions: Mapping[str, tuple[Test, ...]]) -> Space:
        """This growing space with these conditions instead of its own; itself if they are the same."""
        if conditions == self.conditions:
            return self
        space = Space(self.params, limits=self.limits, grows=True)
        space.conditions, space.parents_first = conditions, parents_first(self.params, conditions)
        return space

    def to_json(self) -> Json:
        return {
            "version": _VERSION if self.has_beliefs else _WITHOUT_BELIEFS,
            "params": {name: param.to_json() for name, param in self.params.items()},
            "when": {name: [test.to_json() for test in tests] for name, tests in self.conditions.items()},
            "limits": [limit.to_json() for limit in self.limits],
            "grows": self.grows,
        }

    @staticmethod
    def from_json(doc: Json) -> Space:
        """The inverse of `to_json`; raises `NewerFormat` for a document of a later version."""
        if doc["version"] > _VERSION:
            raise NewerFormat(
                f"This space has format {doc['version']}, newer than {_VERSION}; upgrade Tunesmith to read it"
            )
        params = {name: param_from_json(param) for name, param in doc["params"].items()}
        bodies: dict[str, object] = {
            name: When(tuple(Test.from_json(test) for test in doc["when"][name]), param)
            if name in doc["when"]
            else param
            for name, param in params.items()
        }
        return Space(bodies, limits=doc["limits"], grows=doc["grows"])

    def differences(self, other: Space) -> list[str]:
        """What another space has otherwise, one sentence each; empty if they are the same."""
        found = [f"{name} is gone" for name in self.params if name not in other.params]
        for name, param in other.params.items():
            if name not in self.params:
                found.append(f"{name} is new")
            elif without_default(self.params[name]) != without_default(param):
                found.append(f"{name} was {describe(self.params[name])} and is {describe(param)}")
            elif self.conditions.get(name) != other.conditions.get(name):
                found.append(f"{name} has another condition")
        if {str(limit) for limit in self.limits} != {str(limit) for limit in other.limits}:
            found.append("the limits differ")
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(tuple(self.params))

    def __len__(self) -> int:
        return len(self.params)

    def __repr__(self) -> str:
        return f"Space({', '.join(f'{name}: {describe(param)}' for name, param in self.params.items())})"
