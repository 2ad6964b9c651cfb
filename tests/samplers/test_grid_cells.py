"""Grid finishes all its cells once, in an order that the seed shuffles, and says when it is done."""

import numpy as np
import pytest

from tunesmith.errors import InvalidSpace, InvalidStudy, SpaceExhausted
from tunesmith.samplers.grid import Grid
from tunesmith.samplers.wrap import Distinct, Seeded
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, history, spec_of

SMALL = Space({"a": Choice("x", "y", "z"), "b": when({"a": "x"}, Int(1, 3)), "c": Choice(False, True)})


def run(grid: Grid, space: Space, *, seed: int = 1) -> list[dict]:
    """All that the grid proposes until it says that it is done."""
    log, found = History(spec_of(space, seed=seed)), []
    with pytest.raises(SpaceExhausted, match=r"^All \d+ cells of the grid have been tried; .*\.$"):
        found.extend(log.propose(grid).config for _ in range(10_000))
    return found


def test_every_cell_once() -> None:
    """conditions and all: x with 3 numbers, y and z without, twice"""
    found = run(Grid(), SMALL)
    assert len(found) == len({SMALL.key(config) for config in found}) == 10
    assert {SMALL.key(config) for config in found} == {SMALL.key(config) for config in SMALL.configs()}


def test_the_order_is_shuffled_by_the_seed() -> None:
    """another seed, another order; a half-finished grid has not left out whole regions"""
    orders = [[str(config) for config in run(Grid(), SMALL, seed=seed)] for seed in (1, 2, 1)]
    assert orders[0] == orders[2]
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1])
    space = Space({"a": Int(0, 9), "b": Int(0, 9)})
    half = run(Grid(10), space)[:50]
    assert {config["a"] for config in half} == {config["b"] for config in half} == set(range(10))


def test_levels_stand_for_a_continuum() -> None:
    """bounds included, even on the parameter's own scale"""
    found = run(Grid(3), Space({"lr": Float(1e-4, 1, log=True), "c": Choice(1, 2)}))
    assert sorted({config["lr"] for config in found}) == pytest.approx([1e-4, 1e-2, 1])
    assert len(found) == 6


def test_all_levels() -> None:
    """`Grid(None)` takes every value, however many"""
    assert len(run(Grid(None), Space({"n": Int(1, 200)}))) == 200


def test_a_grid_in_a_study_starts_with_the_default() -> None:
    """and still visits each cell once"""
    log = History(spec_of(SMALL))
    sampler = Distinct(Seeded(Grid()))
    found = [log.propose(sampler) for _ in range(10)]
    assert [proposal.by for proposal in found] == ["default"] + ["grid"] * 9
    assert len({SMALL.key(proposal.config) for proposal in found}) == 10
    with pytest.raises(SpaceExhausted):
        log.propose(sampler)


def test_several_at_once_are_different_cells() -> None:
    """and the last ones are fewer than asked for"""
    view = history(spec_of(Space({"c": Choice(1, 2, 3)})))
    assert sorted(p.config["c"] for p in Grid().ask(view, 3, np.random.default_rng(0))) == [1, 2, 3]
    assert len(Grid().ask(view, 5, np.random.default_rng(0))) == 3


def test_too_many_cells_are_refused_at_once() -> None:
    """before they are listed"""
    view = history(spec_of(Space({f"x{i}": Float(0, 1) for i in range(12)})))
    with pytest.raises(InvalidSpace, match=r"more than 1000000 cells; use fewer levels"):
        Grid().ask(view, 1, np.random.default_rng(0))


def test_a_grid_needs_levels() -> None:
    """said where it is made"""
    with pytest.raises(InvalidStudy, match=r"Grid\(levels=0\): a grid needs at least 1 level"):
        Grid(0)
    with pytest.raises(InvalidSpace, match=r"levels="):
        Grid(None).ask(history(spec_of(Space({"x": Float(0, 1)}))), 1, np.random.default_rng(0))


def test_define_by_run_is_not_done_while_trials_run() -> None:
    """they may ask for more parameters; once they have all ended, what is known is all there is"""
    log = History(spec_of(Space(grows=True)), asks={"c": Choice(1, 2)})
    assert [len(Grid().ask(log.view, n, np.random.default_rng(0))) for n in (1, 3)] == [1, 3]
    numbers = []
    while {1, 2} != {trial.config["c"] for trial in log.view.trials}:
        numbers.append(log.begin({}))
    assert Grid().ask(log.view, 1, np.random.default_rng(0))[0].by == "uniform"
    for number in numbers:
        log.finish(number, loss=1.0)
    with pytest.raises(SpaceExhausted):
        Grid().ask(log.view, 1, np.random.default_rng(0))
