"""NSGA-II finds fronts: wide ones, within the limits, from whatever has ended."""

import numpy as np
import pytest

from tunesmith.errors import InvalidStudy
from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Sampler
from tunesmith.samplers.nsga2 import NSGA2
from tunesmith.samplers.uniform import Uniform
from tunesmith.space.params import Choice, Config, Float, Int
from tunesmith.space.space import Space
from tunesmith.surrogates.dominance import hypervolume
from tunesmith.testing.histories import History, history, spec_of
from tunesmith.trials.spec import MetricLimit

SPACE = Space({**{f"x{i}": Float(0, 1) for i in range(5)}, "n": Int(0, 9), "c": Choice("a", "b", "c")})
_OPTIONS = {"a": 0.0, "b": 0.5, "c": 1.0}


def zdt1(config: Config) -> tuple[float, float]:
    """ZDT1 (Zitzler, Deb & Thiele 2000) with a whole number and options among its parameters."""
    rest = [*(config[f"x{i}"] for i in range(1, 5)), config["n"] / 9, _OPTIONS[config["c"]]]
    g = 1 + 9 * float(np.mean(rest))
    return config["x0"], g * (1 - np.sqrt(config["x0"] / g))


def search(sampler: Sampler, count: int, seed: int, bound: float | None = None) -> History:
    limits = () if bound is None else [MetricLimit("memory", ">=", bound)]
    log = History(spec_of(SPACE, minimize=("one", "two"), limits=limits, seed=seed))
    for _ in range(count):
        (proposal,) = sampler.ask(log.view, 1, trial_rng(log.view))
        one, two = zdt1(proposal.config)
        log.finish(log.begin(proposal.config), one=one, two=two, memory=proposal.config["x1"])
    return log


def test_wins_more_volume_than_chance() -> None:
    """on average over five studies, a good part of what chance leaves"""
    reference = np.array([1.1, 6.0])
    found, drawn = (
        np.mean([hypervolume(search(make(), 150, seed).view.columns.Y, reference) for seed in range(5)])
        for make in (NSGA2, Uniform)
    )
    assert found - drawn > 0.2 * (1.1 * 6.0 - drawn)


def test_the_front_is_wide() -> None:
    """both ends of it are explored, not its middle alone"""
    for seed in range(3):
        rows = search(NSGA2(), 150, seed).view.columns.Y[75:]
        assert np.ptp(rows[:, 0]) > 0.5


def test_limits_come_before_objectives() -> None:
    """most of what is proposed keeps a limit that the objectives pull away from"""
    for seed in range(3):
        log = search(NSGA2(), 120, seed, bound=0.6)
        kept = log.view.columns.limits[60:, 0] >= 0.6
        assert kept.mean() > 0.7


def test_failures_have_no_children() -> None:
    """parents named are trials with an outcome"""
    log = search(NSGA2(), 20, 1)
    failed = {log.fail(log.begin(), "oom").number for _ in range(20)}
    for number in range(40, 60):
        (proposal,) = NSGA2().ask(log.view.asking(number), 1, np.random.default_rng(number))
        assert proposal.by == "nsga2"
        assert not failed & {int(word) for word in proposal.why.split() if word.isdecimal()}


def test_any_losses_will_do() -> None:
    """equal, tiny and huge ones, in one to four objectives"""
    for width in range(1, 5):
        names = tuple(f"y{i}" for i in range(width))
        for values in ([1.0] * 30, [1e-300, 1e300] * 15, [1.7e308, -1.7e308] * 15):
            view = history(spec_of(SPACE, minimize=names), values=values, failed=["oom"] * 3)
            assert len(NSGA2().ask(view, 5, np.random.default_rng(0))) == 5


def test_an_impossible_population_is_refused() -> None:
    """before a study begins"""
    with pytest.raises(InvalidStudy, match="2 members or more"):
        NSGA2(1)
