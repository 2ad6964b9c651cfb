"""Sobol covers a space more evenly than chance, in any order of asking."""

import numpy as np
import pytest
from scipy.stats import qmc

from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Sampler
from tunesmith.samplers.sobol import Sobol
from tunesmith.samplers.uniform import Uniform
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import history, spec_of


def cube(width: int) -> Space:
    return Space({f"x{i}": Float(0, 1) for i in range(width)})


def points(sampler: Sampler, space: Space, count: int, seed: int) -> np.ndarray:
    """The first `count` proposals, as rows of the unit cube."""
    view = history(spec_of(space, seed=seed))
    asked = [sampler.ask(view.asking(i), 1, trial_rng(view.asking(i)))[0] for i in range(count)]
    return space.codec().encode([proposal.config for proposal in asked])[0]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("width", "count"), [(2, 32), (3, 100), (6, 64)])
def test_more_even_than_random(width: int, count: int, seed: int) -> None:
    """by centred discrepancy, also for counts that are no power of two"""
    sobol, random = (points(sampler, cube(width), count, seed) for sampler in (Sobol(), Uniform()))
    assert qmc.discrepancy(sobol) < qmc.discrepancy(random)


@pytest.mark.parametrize("seed", range(5))
def test_options_and_whole_numbers_are_even_too(seed: int) -> None:
    """of 64 trials each of 4 options gets 16, and each half of the numbers 32"""
    space = Space({"c": Choice("a", "b", "c", "d"), "n": Int(1, 8)})
    rows = points(Sobol(), space, 64, seed)
    assert np.unique(rows[:, 0], return_counts=True)[1].tolist() == [16] * 4
    assert np.unique(rows[:, 1], return_counts=True)[1].tolist() == [8] * 8


def test_points_are_the_sequence_itself() -> None:
    """point i is the i-th of scipy's scrambled sequence, whichever block it is computed in"""
    wanted = qmc.Sobol(3, rng=np.random.default_rng(9)).random(1024)
    found = points(Sobol(), cube(3), 600, 9)
    np.testing.assert_allclose(found, wanted[:600], atol=1e-12)


def test_later_workers_ask_for_their_own_points() -> None:
    """the answer belongs to the trial's number, so that nobody has to wait for anybody"""
    view = history(spec_of(cube(2)))
    several = Sobol().ask(view, 70, trial_rng(view))
    single = [Sobol().ask(view.asking(i), 1, trial_rng(view))[0] for i in reversed(range(70))]
    assert list(several) == single[::-1]


def test_limits_are_kept_and_said() -> None:
    """a point outside the limits gives way to a random one, which says so"""
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, limits=["a < b"])
    asked = Sobol().ask(history(spec_of(space)), 64, np.random.default_rng(0))
    assert all(proposal.config["a"] < proposal.config["b"] for proposal in asked)
    assert 20 < sum(proposal.by == "sobol" for proposal in asked) < 44
    assert {proposal.by for proposal in asked} == {"sobol", "uniform"}


def test_wider_than_the_sequence_goes() -> None:
    """1001 parameters: random points, as even as any"""
    assert Sobol().ask(history(spec_of(cube(1001))), 1, np.random.default_rng(0))[0].by == "uniform"
