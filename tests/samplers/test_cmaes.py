"""CMA-ES learns the shape of a valley, from whatever trials there are, and stands where the trials say."""

from collections.abc import Callable

import numpy as np
import pytest

from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.cmaes import CMAES
from tunesmith.samplers.strategy import Kinds, Start, Strategy
from tunesmith.samplers.uniform import Uniform
from tunesmith.space.params import Choice, Config, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.facts import Asked
from tunesmith.trials.spec import MetricLimit

Loss = Callable[[Config], float]


def valley(width: int, seed: int, *, whole: int = 0, condition: float = 1e3) -> tuple[Space, Loss]:
    """A quadratic in rotated axes of very different lengths; the first `whole` parameters are numbers from 0 to 9."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((width, width)))[0]
    weights = condition ** (np.arange(width) / (width - 1))
    best = rng.uniform(0.2, 0.8, width)
    best[:whole] = (np.floor(best[:whole] * 10) + 0.5) / 10
    scales = np.array([10.0] * whole + [1.0] * (width - whole))
    space = Space({f"x{i}": Int(0, 9) if i < whole else Float(0, 1) for i in range(width)})

    def loss(config: Config) -> float:
        row = (np.array([float(config[f"x{i}"]) for i in range(width)]) + (scales > 1) * 0.5) / scales
        return float(weights @ (axes @ (row - best)) ** 2)

    return space, loss


def write(log: History, sampler: Sampler, loss: Loss, count: int) -> None:
    """Further trials whose proposals are recorded as the sampler's own."""
    for _ in range(count):
        (proposal,) = sampler.ask(log.view, 1, trial_rng(log.view))
        own(log, proposal, loss)


def own(log: History, proposal: Proposal, loss: Loss | None = None) -> int:
    """A trial that runs, and that the study knows to be the sampler's; it has ended if there is a loss."""
    number = log.open()
    log.write(number, Asked(proposal.config, proposal.by, proposal.why, number, log.view.seq, None))
    log.start(number)
    if loss is not None:
        log.finish(number, loss=loss(proposal.config))
    return number


def best_of(log: History) -> float:
    return float(np.nanmin(log.view.columns.Y[:, 0]))


def studied(sampler: Sampler, space: Space, loss: Loss, count: int, seed: int) -> History:
    log = History(spec_of(space, seed=seed))
    write(log, sampler, loss, count)
    return log


@pytest.mark.parametrize(("whole", "condition", "times"), [(0, 1e3, 4.0), (2, 10.0, 30.0)])
def test_finds_the_bottom_of_a_narrow_valley(whole: int, condition: float, times: float) -> None:
    """far below what as many random trials find, also with whole numbers"""
    gains = []
    for seed in range(3):
        space, loss = valley(5, seed, whole=whole, condition=condition)
        rows = np.random.default_rng(seed).random((300, 5))
        drawn = min(loss(config) for config in space.codec().decode(rows))
        gains.append(np.log(drawn / best_of(studied(CMAES(), space, loss, 300, seed))))
    assert np.mean(gains) > np.log(times)


def test_learns_which_option_is_good() -> None:
    """six options, of which one is right"""
    space = Space({"c": Choice(*"abcdef"), "x": Float(0, 1), "y": Float(0, 1)})

    def loss(config: Config) -> float:
        return (config["c"] != "e") + (config["x"] - 0.3) ** 2 + (config["y"] - 0.7) ** 2

    for seed in range(3):
        log = studied(CMAES(), space, loss, 90, seed)
        assert sum(trial.config["c"] == "e" for trial in log.view.trials[-30:]) > 15


def test_begins_from_what_is_known() -> None:
    """after 100 random trials of others, the next 25 are better than 25 that begin from nothing"""
    gains = []
    for seed in range(6):
        space, loss = valley(5, seed, condition=10.0)
        log = studied(Uniform(), space, loss, 100, seed)
        write(log, CMAES(), loss, 25)
        warm = np.median(log.view.columns.Y[100:, 0])
        cold = np.median(studied(CMAES(), space, loss, 25, seed).view.columns.Y[:, 0])
        gains.append(np.log(cold / warm))
    assert np.mean(gains) > np.log(2)


def test_good_trials_of_others_are_taken_up() -> None:
    """a point that somebody else tries, far off and far better, draws the search there"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})

    def loss(config: Config) -> float:
        near = (config["x"] - 0.9) ** 2 + (config["y"] - 0.9) ** 2
        return min((config["x"] - 0.2) ** 2 + (config["y"] - 0.2) ** 2 + 1, 100 * near)

    log = studied(CMAES(), space, loss, 60, 1)
    for x in (0.9, 0.91, 0.89):
        log.finish(log.begin({"x": x, "y": 0.9}), loss=loss({"x": x, "y": 0.9}))
        write(log, CMAES(), loss, 20)
    rows = log.view.columns.X[-20:]
    assert np.median(np.linalg.norm(rows - 0.9, axis=1)) < 0.3


@pytest.mark.parametrize("workers", [1, 5])
def test_stands_where_the_trials_say(workers: int) -> None:
    """an object that was there from the beginning and a fresh one agree at any time, also with workers at once"""
    space = Space({"x": Float(0, 1), "n": Int(0, 9), "c": Choice("a", "b", "c"), "y": Float(1e-3, 1, log=True)})
    log, kept, rng = History(spec_of(space, seed=3)), CMAES(), np.random.default_rng(0)
    running: list[int] = []
    for step in range(110):
        (proposal,) = kept.ask(log.view, 1, trial_rng(log.view))
        if step % 9 == 0:
            assert CMAES().ask(log.rebuilt(), 1, trial_rng(log.view)) == [proposal]
        running.append(own(log, proposal))
        while len(running) >= workers:
            number = running.pop(int(rng.integers(len(running))))
            config = log.view.trials[number].config
            if rng.random() < 0.1:
                log.fail(number)
            else:
                log.finish(number, loss=config["x"] ** 2 + abs(config["n"] - 4) + config["y"])
    # An old view, asked about again, is answered as it was.
    shorter = studied(CMAES(), space, lambda config: config["x"], 30, 3)
    first = CMAES().ask(shorter.view, 1, trial_rng(shorter.view))
    assert kept.ask(shorter.view, 1, trial_rng(shorter.view)) == first


def test_failures_keep_it_away() -> None:
    """where trials fail it does not stay"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    for seed in range(3):
        log, sampler = History(spec_of(space, seed=seed)), CMAES()
        for _ in range(80):
            (proposal,) = sampler.ask(log.view, 1, trial_rng(log.view))
            number = own(log, proposal)
            if proposal.config["x"] > 0.6:
                log.fail(number)
            else:
                log.finish(number, loss=-proposal.config["x"] + (proposal.config["y"] - 0.5) ** 2)
        rows = log.view.columns.X[-30:]
        assert np.median(rows[:, 0]) < 0.62
        assert best_of(log) < -0.55


def test_outcome_limits_come_before_the_loss() -> None:
    """the best that keeps the limit is found, though better ones lie beyond"""
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})
    log, sampler = History(spec_of(space, limits=[MetricLimit("memory", "<=", 0.8)])), CMAES()
    for _ in range(90):
        (proposal,) = sampler.ask(log.view, 1, trial_rng(log.view))
        number = own(log, proposal)
        x, y = proposal.config["x"], proposal.config["y"]
        log.finish(number, loss=-x - y, memory=x + y)
    sums = log.view.columns.X[-30:].sum(axis=1)
    assert np.median(np.abs(sums - 0.8)) < 0.1


def test_begins_anew_where_nothing_gets_better() -> None:
    """after a long plateau it tries elsewhere with a larger generation, and says so"""
    space = Space({"x": Float(0, 1)})
    log = studied(CMAES(), space, lambda config: abs(config["x"] - 0.5), 260, 1)
    assert any("restart 1" in trial.why for trial in log.view.trials)
    assert best_of(log) < 1e-6


def test_wide_spaces_are_searched_without_a_covariance() -> None:
    """120 parameters of three kinds: it gets nearer than chance, and a fresh object agrees"""
    kinds = (Int(0, 9), Choice("a", "b", "c"), Float(0, 1))
    space = Space({f"x{i:03}": kinds[i % 3] for i in range(120)})

    def loss(config: Config) -> float:
        ints, options, floats = (list(config.values())[i::3] for i in range(3))
        return sum(abs(n - 2) / 9 + (c != "b") + abs(x - 0.4) for n, c, x in zip(ints, options, floats, strict=True))

    log = studied(CMAES(), space, loss, 150, 1)
    assert best_of(log) < best_of(studied(Uniform(), space, loss, 150, 1)) - 3
    assert CMAES().ask(log.view, 2, trial_rng(log.view)) == CMAES().ask(log.rebuilt(), 2, trial_rng(log.view))


def test_few_configurations_are_tried_once_each() -> None:
    """what was tried is not drawn again while there is something else"""
    space = Space({"a": Int(0, 3), "b": Choice("x", "y", "z")})
    log = studied(CMAES(), space, lambda config: config["a"] + (config["b"] != "y"), 12, 1)
    assert len({tuple(trial.config.values()) for trial in log.view.trials}) >= 11


def test_a_run_that_has_lost_its_way_is_over() -> None:
    """rows that leave no covariance to draw from end the run instead of the study"""
    kinds = Kinds(Space({"x": Float(0, 1), "y": Float(0, 1), "k": Int(0, 9)}))
    nowhere = Start(np.full(3, 0.5), np.diag([0.1, 0.1, 0.1]), np.empty((0, 0)))
    run = Strategy(kinds, nowhere, 6)
    assert not run.over
    run._optimizer._C = np.full((3, 3), np.nan)  # as a generation without any spread has left it
    run.learn(np.random.default_rng(0).random((6, 3)))
    assert run.over
