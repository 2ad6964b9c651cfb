"""Uniform: independent random configurations, even on each parameter's own scale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, final

from numpy.random import Generator

from tunesmith.errors import InvalidSpace
from tunesmith.samplers.base import Proposal
from tunesmith.samplers.listed import listed
from tunesmith.space.params import Config, default_of
from tunesmith.space.space import Space
from tunesmith.trials.view import View

_TRIES: Final = 1_000
_MORE_TRIES: Final = 10_000
_ROUNDS: Final = 3
_SHRINKS: Final = 40


@final
class Uniform:
    """Random search (Bergstra & Bengio 2012): parallel without loss, and hard to fool."""

    def ask(self, view: View, n: int, rng: Generator) -> Sequence[Proposal]:
        return [Proposal(uniform_config(view, rng), "uniform", "drawn at random") for _ in range(n)]


def uniform_config(view: View, rng: Generator) -> Config:
    """One random configuration within the limits: by rejection, or where they leave little room by one of three ways.

    A space with few configurations is listed; from a configuration that is known to keep the limits a walk is made;
    and where none is known, many more are drawn. Only then are the limits said to leave no room.
    """
    space = view.space
    config = _drawn(space, rng, _TRIES)
    if config is not None:
        return config
    few = listed(space)
    if few is not None:
        if few:
            return dict(few[int(rng.integers(len(few)))])
        raise InvalidSpace(f"No configuration keeps all limits ({_limits(space)}); loosen them or widen the ranges.")
    known = list(_known(view))
    config = _walked(space, known[int(rng.integers(len(known)))], rng) if known else _drawn(space, rng, _MORE_TRIES)
    if config is None:
        raise InvalidSpace(
            f"None of {_TRIES + _MORE_TRIES} random configurations keeps all limits ({_limits(space)}); "
            f"loosen them, narrow the ranges, or give defaults that keep them."
        )
    return config


def _drawn(space: Space, rng: Generator, tries: int) -> Config | None:
    codec = space.codec()
    for _ in range(tries):
        config = codec.decode_row(rng.random(codec.width).tolist())
        if space.allows(config):
            return config
    return None


def _known(view: View) -> Iterator[Config]:
    """Configurations that keep the limits: the default, and what was tried."""
    default = view.space.default()
    if view.space.allows(default):
        yield default
    for trial in view.trials:
        if trial.config is not None and trial.config.keys() <= view.space.params.keys():
            yield trial.config


def _walked(space: Space, start: Config, rng: Generator) -> Config:
    """Slice sampling with shrinkage (Neal 2003, fig. 5): each parameter in turn moves as far as the limits let it."""
    codec = space.codec()
    # Inactive parameters begin at their defaults, where a branch that the walk enters is most likely to have room.
    full = {name: default_of(param) for name, param in space.params.items()} | start
    row: list[float] = codec.encode([full])[0][0].tolist()
    for column in rng.permutation(codec.width).tolist() * _ROUNDS:
        here, low, high = row[column], 0.0, 1.0
        for _ in range(_SHRINKS):
            row[column] = low + (high - low) * float(rng.random())
            if space.allows(codec.decode_row(row)):
                break
            low, high = (row[column], high) if row[column] < here else (low, row[column])
        else:
            row[column] = here
    config = codec.decode_row(row)
    # A row is as exact as its numbers are: where nothing could move, the start itself is what surely keeps the limits.
    return config if space.allows(config) else dict(start)


def _limits(space: Space) -> str:
    return "; ".join(str(limit) for limit in space.limits)
