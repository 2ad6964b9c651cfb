"""What trainings cost: predicted from few, in any unit, also in conditional spaces."""

import numpy as np
import pytest

from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Config, Float, Int
from tunesmith.space.space import Space
from tunesmith.surrogates.costs import CostModel
from tunesmith.surrogates.evidence import Points
from tunesmith.testing.histories import History, spec_of

SPACE = Space({"lr": Float(1e-5, 1.0, log=True), "width": Int(8, 512, log=True), "layers": Int(1, 8)})


def cost_of_step(config: Config) -> float:
    return float(config["width"] * config["layers"]) / 100


def trained(space: Space, count: int, steps: int = 5, unit: float = 1.0) -> History:
    """Random configurations, all paused after some steps but for the first one, which made 20."""
    log, rng = History(spec_of(space)), np.random.default_rng(0)
    for _ in range(count):
        X, _ = space.codec().snap(rng.random((1, space.codec().width)))
        (config,) = space.codec().decode(X)
        number = log.begin(config)
        last = steps if number else 20
        for step in range(1, last + 1):
            log.report(number, step, loss=1.0, cost=unit * step * (cost_of_step(config) if "width" in config else 0.5))
        if number:
            log.pause(number)
        else:
            log.finish(number, loss=1.0, cost=unit * last * (cost_of_step(config) if "width" in config else 0.5))
    return log


def points(space: Space, configs: list[Config]) -> Points:
    return Points(*space.codec().encode(configs))


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e9])
def test_costs_of_a_step_and_of_a_training(unit: float) -> None:
    """from 25 trials, most of them not finished, within a third"""
    costs = CostModel(SPACE).costs(trained(SPACE, 25, unit=unit).view)
    assert costs is not None
    found = [{"lr": 0.01, "width": width, "layers": layers} for width in (16, 64, 300) for layers in (2, 4, 7)]
    predicted = costs.per_step(points(SPACE, found)) / unit
    assert predicted == pytest.approx([cost_of_step(config) for config in found], rel=0.35)
    assert costs.full(points(SPACE, found)) / unit == pytest.approx(20 * predicted)


def test_branches_have_costs_of_their_own() -> None:
    """a network's depends on its width, a forest's does not"""
    space = Space(
        {
            "model": Choice("net", "forest"),
            "width": when({"model": "net"}, Int(8, 512, log=True)),
            "layers": when({"model": "net"}, Int(1, 8)),
        }
    )
    costs = CostModel(space).costs(trained(space, 40).view)
    assert costs is not None
    found: list[Config] = [{"model": "forest"}, {"model": "net", "width": 200, "layers": 6}]
    forest, net = costs.per_step(points(space, found))
    assert forest == pytest.approx(0.5, rel=0.35)
    assert net > 10 * forest


def test_nothing_is_known_without_costs() -> None:
    """of trials that have not reported, train at present, or failed at once"""
    log = History(spec_of(SPACE))
    assert CostModel(SPACE).costs(log.view) is None
    running = log.begin()
    log.report(running, 1, loss=1.0, cost=3.0)
    log.fail(log.begin(), "oom")
    assert CostModel(SPACE).costs(log.view) is None


def test_one_trial_tells_something() -> None:
    """that others will cost about as much"""
    costs = CostModel(SPACE).costs(trained(SPACE, 1).view)
    assert costs is not None
    assert len(set(costs.full(points(SPACE, [SPACE.default()] * 2)).tolist())) == 1


def test_what_was_learned_follows_from_the_trials() -> None:
    """a model that was asked on the way answers as a new one"""
    log = trained(SPACE, 10)
    used = CostModel(SPACE)
    used.costs(log.view)
    number = log.begin()
    log.report(number, 1, loss=1.0, cost=2.0)
    log.pause(number)
    some = points(SPACE, [SPACE.default()])
    fresh, again = CostModel(SPACE).costs(log.view), used.costs(log.view)
    assert fresh is not None
    assert again is not None
    assert fresh.full(some) == again.full(some)
