"""Distinct never proposes twice what was tried, and finishes finite spaces to the last configuration."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunesmith.errors import InvalidSpace, SpaceExhausted
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.grid import Grid
from tunesmith.samplers.sobol import Sobol
from tunesmith.samplers.uniform import Uniform
from tunesmith.samplers.wrap import Distinct, Seeded
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int, Ordinal
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, history, spec_of

PARAMS = [
    Choice("a", "b"), Choice(0, 1, True), Choice(None, [1], [2, 3]), Int(1, 3), Int(2, 8, step=3), Int(1, 9, log=True),
    Ordinal(16, 32), Float(0, 1, step=0.5), Float(2, 2), 7,
]  # fmt: skip


@st.composite
def small_spaces(draw: st.DrawFn) -> Space:
    """One to four parameters, some under conditions, with and without limits."""
    names = "pqrs"[: draw(st.integers(1, 4))]
    params: dict[str, object] = {}
    for index, name in enumerate(names):
        param: object = draw(st.sampled_from(PARAMS))
        parents = [n for n in names[:index] if isinstance(params[n], Choice | Int)]
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            values = params[parent].levels(50)
            param = when({parent: draw(st.lists(st.sampled_from(values), min_size=1, max_size=2))}, param)
        params[name] = param
    limits: list[object] = []
    if len(names) > 1 and draw(st.booleans()):
        limits.append(draw(st.sampled_from([f"{names[0]} != {names[1]}", f"{names[0]} <= 2", {names[0]: "a"}])))
    return Space(params, limits=limits)


def finish(sampler: Sampler, space: Space, *, seed: int = 1, most: int = 1000) -> list[Proposal]:
    """All proposals until the space is exhausted."""
    log, found = History(spec_of(space, seed=seed)), []
    with pytest.raises(SpaceExhausted, match=r"\.$"):
        found.extend(log.propose(sampler) for _ in range(most))
    return found


@settings(max_examples=60)
@given(space=small_spaces(), inner=st.sampled_from([Uniform, Sobol, Grid]), seed=st.integers(0, 3))
def test_small_spaces_are_finished_exactly(space: Space, inner: type, seed: int) -> None:
    """every configuration once, none twice, none left out, whatever is inside"""
    wanted = [space.key(config) for config in space.configs()]
    sampler = Distinct(Seeded(inner()))
    if not wanted:
        with pytest.raises(InvalidSpace):
            History(spec_of(space)).propose(sampler)
        return
    found = [space.key(proposal.config) for proposal in finish(sampler, space, seed=seed)]
    assert len(found) == len(wanted)
    assert set(found) == set(wanted)


@pytest.mark.parametrize("inner", [Uniform, Sobol, Grid])
def test_64_configurations_take_64_trials(inner: type) -> None:
    """and the 65th is told that there is none"""
    space = Space({name: Choice(1, 2, 3, 4) for name in "abc"})
    found = finish(Distinct(inner()), space)
    assert len({space.key(proposal.config) for proposal in found}) == len(found) == 64
    log = History(spec_of(space))
    for proposal in found:
        log.ask(proposal.config)
    with pytest.raises(
        SpaceExhausted, match=r"^All 64 (configurations of the space|cells of the grid) have been tried"
    ):
        log.propose(Distinct(inner()))


def test_several_at_once_are_distinct() -> None:
    """also from one another; where fewer are left, they are all that comes"""
    space = Space({"a": Choice(1, 2, 3), "b": Choice(1, 2, 3)})
    view = history(spec_of(space), waiting=4)
    found = Distinct(Uniform()).ask(view, 9, np.random.default_rng(0))
    keys = {space.key(proposal.config) for proposal in found}
    tried = {space.key(trial.config) for trial in view.trials}
    assert len(found) == len(keys) == 9 - len(tried)
    assert not keys & tried


def test_a_replaced_proposal_says_so() -> None:
    """who proposed it and why"""
    space = Space({"a": Choice(1, 2)})
    log = History(spec_of(space))
    log.ask({"a": 1})
    (proposal,) = Distinct(Stubborn()).ask(log.view, 1, np.random.default_rng(0))
    assert proposal == Proposal(
        {"a": 2}, "uniform", "drawn at random, as the sampler proposed a configuration that was tried"
    )


class Stubborn:
    """Always the same."""

    def ask(self, view, n, rng):
        return [Proposal({"a": 1}, "stubborn", "I like it")] * n


def test_fresh_proposals_are_left_alone() -> None:
    """the inner sampler's own words"""
    view = history(spec_of(Space({"x": Float(0, 1)})), values=[1.0, 2.0])
    rng = np.random.default_rng
    assert list(Distinct(Sobol()).ask(view, 3, rng(0))) == list(Sobol().ask(view, 3, rng(0)))


def test_the_last_of_many() -> None:
    """one configuration is left of 5000: it is found, and named as the last"""
    space = Space({"n": Int(1, 5000)})
    log = History(spec_of(space))
    for n in range(1, 5001):
        if n != 3333:
            log.ask({"n": n})
    proposal = log.propose(Distinct(Uniform()))
    assert proposal.config == {"n": 3333}
    assert proposal.why in ("one of the last 1 that were not tried", "drawn at random")
    with pytest.raises(SpaceExhausted, match=r"All 5000 configurations"):
        log.propose(Distinct(Uniform()))
