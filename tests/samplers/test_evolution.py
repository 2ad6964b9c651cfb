"""Evolution: populations are read from the trials, and beat chance where neighbours are alike."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Sampler
from tunesmith.samplers.evolution import DifferentialEvolution, RegularizedEvolution
from tunesmith.samplers.uniform import Uniform
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Config, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, history, spec_of

NUMBERS = Space({**{f"x{i}": Float(0, 1) for i in range(4)}, "n": Int(0, 20), "c": Choice("a", "b", "c")})
CELLS = Space(
    {"layers": Int(1, 5)}
    | {f"op{i}": when({"layers": f"> {i}"}, Choice("conv", "pool", "skip", "none")) for i in range(5)}
)
_WORTH = {"conv": 3.0, "pool": 1.0, "skip": 0.5, "none": 0.0}


def bowl(config: Config) -> float:
    row = np.array([config[f"x{i}"] for i in range(4)])
    return float(((row - 0.3) ** 2).sum()) + ((config["n"] - 7) / 20) ** 2 + 0.2 * (config["c"] != "b")


def network(config: Config) -> float:
    """Deeper is better, if its operations are good and alternate."""
    ops = [config[f"op{i}"] for i in range(config["layers"])]
    repeats = sum(one == other for one, other in pairwise(ops))
    return repeats * 1.5 + 0.3 * len(ops) - sum(_WORTH[op] for op in ops)


def search(sampler: Sampler, space: Space, loss: Callable[[Config], float], count: int, seed: int) -> History:
    log = History(spec_of(space, seed=seed))
    for _ in range(count):
        (proposal,) = sampler.ask(log.view, 1, trial_rng(log.view))
        log.finish(log.begin(proposal.config), loss=loss(proposal.config))
    return log


def best_of(log: History) -> float:
    return float(np.nanmin(log.view.columns.Y))


@pytest.mark.parametrize("make", [DifferentialEvolution, RegularizedEvolution])
def test_beats_chance_on_mixed_numbers(make: Callable[[], Sampler]) -> None:
    """after 120 trials it is several times nearer to the bottom"""
    gains = []
    for seed in range(4):
        found, drawn = (best_of(search(sampler, NUMBERS, bowl, 120, seed)) for sampler in (make(), Uniform()))
        gains.append(np.log(drawn / found))
    assert np.mean(gains) > np.log(3)


def test_beats_chance_on_architectures() -> None:
    """a conditional space with many equal outcomes"""
    found, drawn = (
        np.mean([best_of(search(sampler, CELLS, network, 120, seed)) for seed in range(6)])
        for sampler in (RegularizedEvolution(20, 5), Uniform())
    )
    assert found < drawn


def test_a_child_differs_in_one_place() -> None:
    """from the parent that it names"""
    log = search(RegularizedEvolution(), NUMBERS, bowl, 40, 1)
    for number in range(40, 60):
        (proposal,) = RegularizedEvolution().ask(log.view.asking(number), 1, trial_rng(log.view.asking(number)))
        parent = log.view.trials[int(proposal.why.split()[1].rstrip(","))].config
        assert sum(parent[name] != value for name, value in proposal.config.items()) == 1


def test_the_old_die() -> None:
    """parents are among the last outcomes, though the best trial was the first"""
    log = History(spec_of(NUMBERS))
    for value in (0.0, *np.linspace(1, 2, 60)):
        log.finish(log.begin(), loss=float(value))
    sampler = RegularizedEvolution(20, 20)
    whys = [sampler.ask(log.view.asking(61 + i), 1, np.random.default_rng(i))[0].why for i in range(5)]
    assert {int(why.split()[1].rstrip(",")) for why in whys} == {41}


def test_each_place_is_held_by_its_best() -> None:
    """trial number i is a child of the best of those that competed for place i mod P"""
    log = search(DifferentialEvolution(), NUMBERS, bowl, 70, 2)
    losses, size = log.view.columns.Y[:, 0], 8 + 6
    for number in range(70, 84):
        (proposal,) = DifferentialEvolution().ask(log.view.asking(number), 1, np.random.default_rng(0))
        rivals = np.arange(number % size, 70, size)
        assert proposal.why.split()[1] == str(rivals[np.argmin(losses[rivals])])


@pytest.mark.parametrize("make", [DifferentialEvolution, RegularizedEvolution])
@pytest.mark.parametrize("values", [[1.0] * 40, [1e-300, 1e300] * 20, [1.7e308, -1.7e308] * 20])
def test_any_losses_will_do(make: Callable[[], Sampler], values: list[float]) -> None:
    """equal, tiny and huge ones"""
    view = history(spec_of(NUMBERS), values=values, failed=["oom"] * 3)
    assert len(make().ask(view, 5, np.random.default_rng(0))) == 5


@pytest.mark.parametrize("sizes", [(1, 1), (10, 0), (10, 11)])
def test_impossible_populations_are_refused(sizes: tuple[int, int]) -> None:
    """before a study begins"""
    with pytest.raises(InvalidStudy, match="a population needs 2 or more"):
        RegularizedEvolution(*sizes)
