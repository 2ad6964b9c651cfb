"""What the Gaussian process achieves as a search, over several seeds."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from tunesmith.samplers.base import Sampler
from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.samplers.uniform import Uniform
from tunesmith.samplers.wrap import Distinct
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int, Ordinal
from tunesmith.space.space import Space
from tunesmith.surrogates.dominance import hypervolume
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.spec import MetricLimit
from tunesmith.trials.trial import State

Objective = Callable[[Mapping[str, Any]], dict[str, float] | str]


def searched(sampler: Sampler, space: Space, objective: Objective, trials: int, seed: int, **metrics: Any) -> History:
    """A study of so many trials; the objective returns metrics, or how the trial fails."""
    log = History(spec_of(space, seed=seed, **metrics))
    for _ in range(trials):
        outcome = objective(log.propose(sampler).config)
        number = log.start(len(log.view.trials) - 1)
        if isinstance(outcome, str):
            log.fail(number, outcome)  # type: ignore[arg-type]
        else:
            log.finish(number, **outcome)
    return log


def least(log: History) -> float:
    return float(np.nanmin(log.view.losses[:, 0]))


def bowl(config: Mapping[str, Any]) -> dict[str, float]:
    """Best at lr = 1e-2, width = 100, relu."""
    loss = (np.log10(config["lr"]) + 2) ** 2 + (np.log(config["width"] / 100)) ** 2
    return {"loss": float(loss + 0.5 * (config["act"] != "relu") + 0.1 * abs(config["batch"] - 64) / 64)}


BOWL = Space(
    {
        "lr": Float(1e-5, 1, log=True),
        "width": Int(8, 1024, log=True),
        "act": Choice("tanh", "gelu", "relu"),
        "batch": Ordinal(16, 32, 64, 128),
    }
)


@pytest.mark.parametrize("seed", range(4))
def test_finds_the_bottom_of_a_mixed_bowl(seed: int) -> None:
    """within 30 trials, where random search is far away"""
    assert least(searched(GaussianProcess(), BOWL, bowl, 30, seed)) < 0.1


def test_better_than_random_on_a_rugged_function() -> None:
    """in most seeds, by the same number of trials"""
    space = Space({f"x{i}": Float(-2, 2) for i in range(4)})

    def rugged(config: Mapping[str, Any]) -> dict[str, float]:
        x = np.array(list(config.values()))
        return {"loss": float(((x - 0.7) ** 2).sum() + 0.3 * (1 - np.cos(6 * x)).sum())}

    pairs = [[least(searched(s(), space, rugged, 45, seed)) for s in (GaussianProcess, Uniform)] for seed in range(5)]
    assert sum(ours < theirs for ours, theirs in pairs) >= 4


def test_a_small_space_is_finished_without_duplicates() -> None:
    """64 configurations in 64 trials; the best one among the first third"""
    space = Space({"a": Int(0, 7), "b": Ordinal(*range(8))})
    log = searched(GaussianProcess(), space, lambda c: {"loss": (c["a"] - 5) ** 2 + (c["b"] - 2) ** 2}, 64, 0)
    assert len({tuple(trial.config.items()) for trial in log.view.trials if trial.config}) == 64
    assert int(np.argmin(log.view.losses[:, 0])) < 22


def test_learns_where_trials_fail() -> None:
    """and stays out"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})

    def fails_beyond(config: Mapping[str, Any]) -> dict[str, float] | str:
        x, y = config["x"], config["y"]
        return "oom" if x > 0.6 else {"loss": (x - 0.4) ** 2 + (y - 0.3) ** 2}

    for seed in range(3):
        log = searched(GaussianProcess(), space, fails_beyond, 30, seed)
        late = [trial.state is State.FAILED for trial in log.view.trials[10:]]
        assert sum(late) <= 4, f"seed {seed}: {sum(late)} of the last 20 failed"
        assert least(log) < 0.01


def test_the_best_beside_failures_is_found() -> None:
    """what lies at the border of a failing region is reached without failing most of the time"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})

    def fails_beyond(config: Mapping[str, Any]) -> dict[str, float] | str:
        return "oom" if config["x"] + config["y"] > 1.2 else {"loss": -config["x"] - config["y"]}

    for seed in range(3):
        log = searched(GaussianProcess(), space, fails_beyond, 40, seed)
        late = [trial.state is State.FAILED for trial in log.view.trials[20:]]
        assert sum(late) <= 12, f"seed {seed}: {sum(late)} of the last 20 failed"
        assert least(log) < -1.15


def test_keeps_limits_on_outcomes() -> None:
    """finds the best that keeps them, on their border"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    limits = (MetricLimit("memory", "<=", 0.5),)
    log = searched(
        GaussianProcess(),
        space,
        lambda c: {"loss": (c["x"] - 0.9) ** 2 + (c["y"] - 0.3) ** 2, "memory": c["x"]},
        35,
        0,
        limits=limits,
    )
    feasible = log.view.columns.limits[:, 0] <= 0.5
    assert log.view.losses[feasible, 0].min() < 0.175
    assert feasible[15:].mean() > 0.4


def test_two_objectives() -> None:
    """cover more of the front than random search does"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1), "c": Choice("a", "b")})

    def pair(config: Mapping[str, Any]) -> dict[str, float]:
        g = 1 + 4 * abs(config["y"] - 0.3) + (config["c"] == "b")
        return {"first": config["x"], "second": g * (1 - np.sqrt(config["x"] / g))}

    def covered(sampler: Sampler, seed: int) -> float:
        log = searched(sampler, space, pair, 30, seed, minimize=("first", "second"))
        return float(hypervolume(log.view.losses, np.array([1.1, 1.1])))

    pairs = [(covered(GaussianProcess(), seed), covered(Uniform(), seed)) for seed in range(3)]
    assert all(ours > theirs + 0.1 for ours, theirs in pairs), pairs


def test_trials_under_way_are_kept_apart() -> None:
    """eight workers get eight places, the first ones far from one another while little is known"""
    log = searched(GaussianProcess(), BOWL, bowl, 4, 1)
    sampler = GaussianProcess()
    rows = [log.view.space.codec().encode([log.propose(sampler).config])[0][0] for _ in range(8)]
    apart = [np.abs(a - b).max() for i, a in enumerate(rows) for b in rows[:i]]
    assert min(apart) > 0.01


def test_no_branch_is_given_up() -> None:
    """the better branch is found although it begins badly and the other one is good everywhere"""
    space = Space(
        {
            "model": Choice("easy", "deep"),
            "easy": when({"model": "easy"}, {"x": Float(0, 1)}),
            "deep": when({"model": "deep"}, {"u": Float(0, 1), "v": Float(0, 1)}),
        }
    )

    def objective(config: Mapping[str, Any]) -> dict[str, float]:
        if config["model"] == "easy":
            return {"loss": 0.3 + 0.02 * config["easy.x"]}
        return {"loss": float(1 - np.exp(-8 * ((config["deep.u"] - 0.85) ** 2 + (config["deep.v"] - 0.2) ** 2)))}

    found = [least(searched(GaussianProcess(), space, objective, 60, seed)) < 0.2 for seed in range(4)]
    assert sum(found) >= 3, found


def test_the_first_trials_visit_all_branches() -> None:
    """three each, before the model takes over"""
    space = Space({"model": Choice(*"abc"), "x": when({"model": "a"}, Float(0, 1)), "y": Float(0, 1)})
    log = searched(Distinct(GaussianProcess()), space, lambda c: {"loss": c["y"]}, 9, 0)
    assert Counter(trial.config["model"] for trial in log.view.trials if trial.config) == {"a": 3, "b": 3, "c": 3}


def test_repeats_are_one_observation_with_less_noise() -> None:
    """a lucky value of a configuration that was tried often does not win"""
    space = Space({"x": Float(0, 1)})
    log = History(spec_of(space))
    rng = np.random.default_rng(0)
    for x in [0.1, 0.3, 0.5, 0.7, 0.9] * 4:
        log.finish(log.begin({"x": x}), loss=(x - 0.62) ** 2 + 0.05 * rng.standard_normal())
    sampler = GaussianProcess()
    asked = [log.propose(sampler).config["x"] for _ in range(4)]
    assert sum(0.4 < x < 0.85 for x in asked) >= 3, asked


def test_few_levels_are_all_tried_soon() -> None:
    """being near what was tried at first means numbers, not the steps between few levels"""
    space = Space({**{f"n{i}": Int(0, 1) for i in range(4)}, **{f"x{i}": Float(0, 1) for i in range(4)}})

    def objective(config: Mapping[str, Any]) -> dict[str, float]:
        return {
            "loss": sum(config[f"n{i}"] != i % 2 for i in range(4)) + sum(abs(config[f"x{i}"] - 0.5) for i in range(4))
        }

    for seed in range(3):
        assert least(searched(GaussianProcess(), space, objective, 25, seed)) < 0.8


def test_noise_and_failures_where_trials_pause() -> None:
    """neighbours of the best are judged by models that know how far trials were trained"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    rng = np.random.default_rng(0)
    log = History(spec_of(space))
    for number in range(40):
        trial = log.begin({"x": float(rng.random()), "y": float(rng.random())})
        if number % 5 == 0:
            log.fail(trial, "oom")
            continue
        for step in range(1, 4 if number % 2 else 10):
            log.report(trial, step, loss=float(rng.normal()))
        log.pause(trial) if number % 2 else log.finish(trial, loss=float(rng.normal()))
    for _ in range(4):
        assert space.allows(log.propose(GaussianProcess()).config)
