"""Wrappers: a sampler around another one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, final

from numpy.random import Generator

from tunesmith.errors import SpaceExhausted
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.listed import listed
from tunesmith.samplers.uniform import uniform_config
from tunesmith.space.names import flatten_config
from tunesmith.space.params import Config
from tunesmith.space.space import Space
from tunesmith.trials.view import View

_TRIES: Final = 100


@final
class Seeded:
    """The default configuration first, then the points that the user gives, then the inner sampler."""

    def __init__(self, inner: Sampler, points: Sequence[Mapping[str, Any]] = ()) -> None:
        self.inner = inner
        self.points = tuple(points)
        self._space: Space | None = None
        self._seeds: list[Proposal] = []

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        waiting = [seed._replace(config=dict(seed.config)) for seed in self._waiting(view)[:n]]
        rest = n - len(waiting)
        inner = self.inner.ask(view.asking(view.next + len(waiting)), rest, rng) if rest else ()
        return [*waiting, *inner]

    def _waiting(self, view: View) -> list[Proposal]:
        """Seeds that nobody has tried; the one that belongs to this number goes first, so that workers do not collide."""
        # A growing space is looked at as it was declared: its seeds have numbers, and those must not move as it grows.
        space = view.spec.space if view.spec.space.grows else view.space
        if space is not self._space:
            self._space, self._seeds = space, self._seeds_of(space)
        if space.grows:
            # What a define-by-run trial will ask for is not known, so neither is whether a seed was tried: go by number.
            return self._seeds[view.next :]
        start = view.next if view.next < len(self._seeds) else 0
        return [seed for seed in (*self._seeds[start:], *self._seeds[:start]) if not view.has(seed.config)]

    def _seeds_of(self, space: Space) -> list[Proposal]:
        why = "the defaults that the space declares" if space.has_defaults else "the middle of the space"
        default = space.default()
        seeds = {space.key(default): Proposal(default, "default", why)} if space.allows(default) else {}
        for point in self.points:
            config = flatten_config(point) if space.grows else space.check(point, partial=True)
            seeds.setdefault(space.key(config), Proposal(config, "given", "a point that the user gave"))
        return list(seeds.values())


@final
class Distinct:
    """Never the same configuration twice. Where the inner sampler insists, a new random one takes its place.

    A finite space ends with `SpaceExhausted`, once all its configurations have been tried.
    """

    def __init__(self, inner: Sampler) -> None:
        self.inner = inner

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        asked = self.inner.ask(view, n, rng)
        if view.space.grows:
            return asked
        if n == 1 and len(asked) == 1 and not view.has(asked[0].config):
            return asked
        return _distinct(view, asked, rng)


def _distinct(view: View, asked: Sequence[Proposal], rng: Generator) -> list[Proposal]:
    taken: set[Hashable] = set()
    proposals: list[Proposal] = []
    exhausted: SpaceExhausted | None = None
    for proposal in asked:
        try:
            new = proposal if _is_new(view, proposal.config, taken) else _another(view, taken, rng)
        except SpaceExhausted as error:
            exhausted = error
            continue
        taken.add(view.space.key(new.config))
        proposals.append(new)
    if exhausted and not proposals:
        raise exhausted
    return proposals


def _is_new(view: View, config: Config, taken: set[Hashable]) -> bool:
    return not view.has(config) and (not taken or view.space.key(config) not in taken)


def _another(view: View, taken: set[Hashable], rng: Generator) -> Proposal:
    for _ in range(_TRIES):
        config = uniform_config(view, rng)
        if _is_new(view, config, taken):
            return Proposal(
                config, "uniform", "drawn at random, as the sampler proposed a configuration that was tried"
            )
    few = listed(view.space)
    if few is None:
        raise SpaceExhausted(
            f"{_TRIES} random configurations were all tried before; the space seems exhausted, widen it to go on."
        )
    left = [config for config in few if _is_new(view, config, taken)]
    if not left:
        raise SpaceExhausted(f"All {len(few)} configurations of the space have been tried; widen it to go on.")
    config = dict(left[int(rng.integers(len(left)))])
    return Proposal(config, "uniform", f"one of the last {len(left)} that were not tried")
