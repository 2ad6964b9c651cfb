"""TPE proposes what good trials have in common and others have not."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Sampler
from tunesmith.samplers.tpe.sampler import TPE
from tunesmith.samplers.uniform import Uniform
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int, Ordinal
from tunesmith.space.space import Space
from tunesmith.surrogates.dominance import hypervolume
from tunesmith.testing.histories import History, history, spec_of
from tunesmith.trials.spec import MetricLimit
from tunesmith.trials.view import View

Function = Callable[[Mapping[str, Any]], Mapping[str, float] | None]


def search(sampler: Sampler, space: Space, function: Function, trials: int, seed: int, **spec: Any) -> View:
    """A study of so many trials; those for which the function has no answer fail."""
    log = History(spec_of(space, seed=seed, **spec))
    for number in range(trials):
        config = log.propose(sampler).config
        log.start(number)
        outcome = function(config)
        if outcome is None:
            log.fail(number)
        else:
            log.finish(number, **outcome)
    return log.view


def configs(view: View, start: int = 0) -> Sequence[Mapping[str, Any]]:
    return [trial.config for trial in view.trials[start:] if trial.config is not None]


def best(view: View) -> float:
    return float(np.nanmin(view.losses[:, 0]))


def bowl(config: Mapping[str, Any]) -> dict[str, float]:
    return {"loss": sum((config[f"x{i}"] - 0.3 - 0.1 * i) ** 2 for i in range(4))}


def network(config: Mapping[str, Any]) -> dict[str, float]:
    """Numbers, whole numbers and options that depend on one another."""
    rate = np.log10(config["rate"]) + (3 if config["optimizer"] == "adam" else 1)
    missing = {"relu": 0.0, "tanh": 0.5, "none": 2.0}[config["activation"]]
    return {"loss": rate**2 + missing + 0.1 * abs(config["layers"] - 4) + abs(np.log2(config["width"] / 128)) / 4}


def branches(config: Mapping[str, Any]) -> dict[str, float]:
    """The tree is good at once; the network is better where it is good, which is in a 16th of its branch."""
    if config["model"] == "tree":
        return {"loss": 0.5 + abs(config["tree.depth"] - 5) / 10}
    return {"loss": 4 * abs(config["net.rate"] - 0.8) + 4 * abs(config["net.decay"] - 0.2)}


CUBE = Space({f"x{i}": Float(0, 1) for i in range(4)})
NETWORK = Space(
    {
        "rate": Float(1e-6, 1, log=True),
        "width": Int(16, 1024, log=True),
        "layers": Int(1, 8),
        "optimizer": Choice("sgd", "adam"),
        "activation": Choice("relu", "tanh", "none"),
        "batch": Ordinal(16, 32, 64),
    }
)
BRANCHES = Space(
    {
        "model": Choice("tree", "net"),
        "tree": when({"model": "tree"}, {"depth": Int(1, 20)}),
        "net": when({"model": "net"}, {"rate": Float(0, 1), "decay": Float(0, 1)}),
    }
)


@pytest.mark.parametrize(("space", "function"), [(CUBE, bowl), (NETWORK, network), (BRANCHES, branches)])
def test_better_than_random(space: Space, function: Function) -> None:
    """after 80 trials, in at least four of six studies"""
    wins = [
        best(search(TPE(), space, function, 80, seed)) < best(search(Uniform(), space, function, 80, seed))
        for seed in range(6)
    ]
    assert sum(wins) >= 4, wins


def test_the_good_branch_is_found() -> None:
    """also where another one is better at first; half of the last trials are there, in at least four of five studies"""
    found = []
    for seed in range(5):
        last = configs(search(TPE(), BRANCHES, branches, 80, seed), start=60)
        found.append(sum(config["model"] == "net" for config in last) >= 10)
    assert sum(found) >= 4, found


@pytest.mark.parametrize("seed", range(3))
def test_no_branch_is_given_up(seed: int) -> None:
    """of 144 trials each of four branches has at least 5, however bad it is"""
    space = Space({"kind": Choice("a", "b", "c", "d"), "x": when({"kind": "b"}, Float(0, 1)), "y": Float(0, 1)})
    view = search(TPE(), space, lambda c: {"loss": (c["kind"] != "a") * 100 + c["y"]}, 144, seed)
    kinds = [config["kind"] for config in configs(view)]
    assert min(kinds.count(kind) for kind in "abcd") >= 5
    assert kinds.count("a") > 72


@pytest.mark.parametrize("seed", range(3))
def test_limits_are_kept(seed: int) -> None:
    """proposals stay within the limits of the space, and most of them come from the model"""
    space = Space({"a": Float(0, 1), "b": Float(0, 1), "c": Choice(1, 2)}, limits=["a < b", "a + c < 2.5"])
    view = search(TPE(), space, lambda config: {"loss": config["b"] - config["a"]}, 60, seed)
    assert all(space.allows(config) for config in configs(view))
    assert sum(trial.config["b"] - trial.config["a"] < 0.2 for trial in view.trials[20:] if trial.config) > 20


def test_little_room() -> None:
    """where limits leave a ten-thousandth of the space, neighbours of what was tried are proposed"""
    space = Space({f"x{i}": Float(0, 1, default=0.02) for i in range(3)}, limits=["x0 + x1 + x2 <= 0.1"])
    log = History(spec_of(space))
    for i in range(20):
        log.finish(log.begin(), loss=float(i % 5))
    asked = [TPE().ask(log.view.asking(20 + i), 1, trial_rng(log.view.asking(20 + i)))[0] for i in range(10)]
    assert sum(proposal.by == "tpe" for proposal in asked) >= 8


@pytest.mark.parametrize("seed", range(3))
def test_moves_away_from_failures(seed: int) -> None:
    """half of the space fails; of the last 30 trials at most a fifth is there"""
    view = search(TPE(), CUBE, lambda c: None if c["x0"] > 0.5 else {"loss": c["x1"]}, 60, seed)
    assert sum(config["x0"] > 0.5 for config in configs(view, start=30)) <= 6


def test_failures_alone_teach_too() -> None:
    """one outcome among many failures is enough to stay away from them"""
    log = History(spec_of(Space({"c": Choice("good", "bad"), "x": Float(0, 1)})))
    log.finish(log.begin({"c": "good", "x": 0.5}), loss=1.0)
    for x in np.linspace(0.05, 0.95, 12).tolist():
        log.fail(log.begin({"c": "bad", "x": x}), "oom")
    asked = [TPE().ask(log.view, 1, np.random.default_rng(seed))[0].config["c"] for seed in range(20)]
    assert asked.count("good") >= 15


def test_stopped_trials_count() -> None:
    """a study in which all trials are stopped early is a study"""
    log = History(spec_of(CUBE))
    for _ in range(20):
        number = log.begin()
        log.report(number, 1, **bowl(log.view.trials[number].config or {}))
        log.stop(number)
    assert log.propose(TPE()).by == "tpe"


def test_workers_that_ask_together_keep_apart() -> None:
    """eight proposals from one view are different, and no two of them are closer than a thousandth"""
    log = History(spec_of(CUBE))
    for _ in range(30):
        number = log.begin()
        log.finish(number, **bowl(log.view.trials[number].config or {}))
    asked = TPE().ask(log.view, 8, trial_rng(log.view))
    X, _ = CUBE.codec().encode([proposal.config for proposal in asked])
    distances = np.abs(X[:, None] - X).max(axis=2)[np.triu_indices(8, 1)]
    assert distances.min() > 1e-3


def test_what_is_under_way_counts_as_bad() -> None:
    """an option that many workers are trying is proposed less often"""
    space = Space({"c": Choice(*range(6)), "x": Float(0, 1)})
    log = History(spec_of(space))
    for i in range(30):
        log.finish(log.begin({"c": i % 6, "x": i / 30}), loss=float(i % 6 > 1))

    def share(view: View) -> float:
        return float(np.mean([TPE().ask(view, 1, np.random.default_rng(s))[0].config["c"] == 0 for s in range(40)]))

    before = share(log.view)
    for i in range(8):
        log.begin({"c": 0, "x": i / 8 + 0.01})
    assert share(log.view) < before - 0.1


@pytest.mark.parametrize("seed", range(3))
def test_two_objectives(seed: int) -> None:
    """the front has more hypervolume than that of random search"""

    def both(config: Mapping[str, Any]) -> dict[str, float]:
        rest = sum((config[f"x{i}"] - 0.6) ** 2 for i in (1, 2, 3))
        return {"loss": config["x0"] ** 2 + rest, "size": (config["x0"] - 1) ** 2 + rest}

    volumes = [
        hypervolume(search(sampler, CUBE, both, 60, seed, minimize=("loss", "size")).losses, np.array([1.5, 1.5]))
        for sampler in (TPE(), Uniform())
    ]
    assert volumes[0] > volumes[1]


@pytest.mark.parametrize("seed", range(3))
def test_outcome_limits(seed: int) -> None:
    """of the last 30 trials most keep a limit that a tenth of the space keeps, and they are good ones"""
    limits = (MetricLimit("memory", "<=", 0.1),)
    view = search(TPE(), CUBE, lambda c: {**bowl(c), "memory": c["x0"]}, 80, seed, limits=limits)
    kept = view.columns.limits[:, 0] <= 0.1
    assert kept[50:].mean() > 0.5
    assert view.losses[kept, 0].min() < 0.15


def test_without_any_feasible_trial_the_least_broken_lead() -> None:
    """TPE goes where the limit is broken least"""
    view = search(TPE(), CUBE, lambda c: {"loss": c["x1"], "m": c["x0"]}, 60, 1, limits=(MetricLimit("m", "<=", -1.0),))
    assert np.mean([config["x0"] for config in configs(view, start=40)]) < 0.2


def test_only_the_order_of_losses_matters() -> None:
    """neither the scale of a metric nor an outlier changes a proposal"""
    losses = np.random.default_rng(0).random(30)
    plain, stretched = (
        history(spec_of(NETWORK), values=values.tolist()) for values in (losses, np.exp(600 * losses) * 1e-290)
    )
    assert TPE().ask(plain, 3, trial_rng(plain)) == TPE().ask(stretched, 3, trial_rng(stretched))


def test_first_trials_cover_the_space() -> None:
    """before ten outcomes there is no model"""
    makers = [trial.by for trial in search(TPE(), NETWORK, network, 14, 0).trials]
    assert makers == ["history"] * 14
    view = history(spec_of(NETWORK), values=[0.1] * 9)
    assert TPE().ask(view, 1, trial_rng(view))[0].by == "sobol"
    view = history(spec_of(NETWORK), values=[0.1] * 10)
    assert TPE().ask(view, 1, trial_rng(view))[0].by == "tpe"
