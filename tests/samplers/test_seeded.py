"""Seeded: the default, then the points that the user gives, each once, then the inner sampler."""

import numpy as np
import pytest

from tunesmith.errors import InvalidConfig
from tunesmith.samplers.base import Proposal
from tunesmith.samplers.sobol import Sobol
from tunesmith.samplers.uniform import Uniform
from tunesmith.samplers.wrap import Seeded
from tunesmith.space.params import Choice, Float, Int
from tunesmith.space.space import Space
from tunesmith.testing.histories import History, Manner, history, spec_of

SPACE = Space({"lr": Float(1e-4, 1, log=True, default=0.01), "opt": {"name": Choice("sgd", "adam"), "n": Int(1, 5)}})
POINTS = [{"lr": 0.5}, {"opt": {"name": "adam"}, "lr": 0.1}, {"opt.n": 5}]
DEFAULT = {"lr": 0.01, "opt.name": "sgd", "opt.n": 3}
WANTED = [
    DEFAULT,
    {**DEFAULT, "lr": 0.5},
    {**DEFAULT, "lr": 0.1, "opt.name": "adam"},
    {**DEFAULT, "opt.n": 5},
]


def seeded() -> Seeded:
    return Seeded(Uniform(), POINTS)


def test_default_then_points_then_the_rest() -> None:
    """missing parameters at their defaults, nested ones as users write them"""
    log = History(spec_of(SPACE))
    found = [log.propose(seeded()) for _ in range(7)]
    assert [proposal.config for proposal in found[:4]] == WANTED
    assert [proposal.by for proposal in found] == ["default", *["given"] * 3, *["uniform"] * 3]
    assert found[0].why == "the defaults that the space declares"
    assert found[1].why == "a point that the user gave"


def test_without_declared_defaults_it_is_the_middle() -> None:
    """and is called so"""
    (proposal,) = Seeded(Uniform()).ask(history(spec_of(Space({"x": Float(0, 1)}))), 1, np.random.default_rng(0))
    assert proposal == Proposal({"x": 0.5}, "default", "the middle of the space")


def test_all_at_once() -> None:
    """several seeds in one answer, and the inner sampler for the rest, for numbers that follow"""
    view = history(spec_of(SPACE))
    found = Seeded(Sobol(), POINTS).ask(view, 6, np.random.default_rng(0))
    assert [proposal.config for proposal in found[:4]] == WANTED
    assert [proposal.why[:7] for proposal in found[4:]] == ["point 4", "point 5"]


def test_each_once_after_restarts() -> None:
    """a fresh object on a continued study goes on where the last one was"""
    log = History(spec_of(SPACE), Manner(lost=1))
    for wanted in WANTED:
        (proposal,) = seeded().ask(log.rebuilt(), 1, np.random.default_rng(0))
        assert proposal.config == wanted
        log.restart(log.begin(proposal.config))
    assert seeded().ask(log.rebuilt(), 1, np.random.default_rng(0))[0].by == "uniform"


def test_parallel_workers_get_different_seeds() -> None:
    """five workers take numbers before anybody has a configuration"""
    log = History(spec_of(SPACE))
    numbers = [log.open() for _ in range(5)]
    found = [seeded().ask(log.view.asking(number), 1, np.random.default_rng(number))[0] for number in numbers]
    assert [proposal.config for proposal in found[:4]] == WANTED
    # The fifth cannot know that the others will take the seeds; should it collide, it is refused and asks again.
    assert found[4].config == DEFAULT


def test_a_seed_that_was_skipped_is_made_up_for() -> None:
    """the worker with number 1 died before it asked: its seed comes with the next trial"""
    log = History(spec_of(SPACE))
    log.propose(seeded())
    log.open()
    found = [log.propose(seeded()).config for _ in range(3)]
    assert found == [WANTED[2], WANTED[3], WANTED[1]]


def test_what_was_tried_otherwise_is_not_tried_again() -> None:
    """a person has enqueued the second point"""
    log = History(spec_of(SPACE))
    log.ask(WANTED[2])
    found = [log.propose(seeded()).config for _ in range(3)]
    assert found == [WANTED[1], WANTED[3], WANTED[0]]


def test_equal_points_count_once() -> None:
    """the default among the points, and a point twice"""
    log, sampler = History(spec_of(SPACE)), Seeded(Uniform(), [{}, {"lr": 0.5}, {"lr": 0.5}, {"lr": 0.01}])
    assert [log.propose(sampler).by for _ in range(4)] == ["default", "given", "uniform", "uniform"]


def test_one_object_serves_several_studies() -> None:
    """what it keeps of one space must not show in another"""
    sampler = Seeded(Uniform())
    one, other = (history(spec_of(Space({name: Float(0, 1)}))) for name in "xy")
    for view, config in ((one, {"x": 0.5}), (other, {"y": 0.5}), (one, {"x": 0.5})):
        assert sampler.ask(view, 1, np.random.default_rng(0))[0].config == config


def test_a_default_outside_the_limits_is_left_out() -> None:
    """but a point that the user gives must keep them"""
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, limits=["a < b"])
    view = history(spec_of(space))
    assert Seeded(Uniform()).ask(view, 1, np.random.default_rng(0))[0].by == "uniform"
    with pytest.raises(InvalidConfig, match=r"The limit 'a < b' does not hold for a = 0\.9, b = 0\.5"):
        Seeded(Uniform(), [{"a": 0.9}]).ask(view, 1, np.random.default_rng(0))


def test_define_by_run_goes_by_number() -> None:
    """what a trial will ask for is not known beforehand, nor whether a seed was tried"""
    log = History(spec_of(Space(grows=True)), asks={"lr": Float(0, 1)})
    sampler = Seeded(Uniform(), [{"lr": 0.5}, {"opt": {"n": 3}}])
    found = []
    for _ in range(4):
        found += sampler.ask(log.view, 1, np.random.default_rng(0))
        log.begin({})
    assert [proposal.config for proposal in found[:3]] == [{}, {"lr": 0.5}, {"opt.n": 3}]
    assert [proposal.by for proposal in found] == ["default", "given", "given", "uniform"]
    assert [p.by for p in sampler.ask(log.view.asking(1), 3, np.random.default_rng(0))] == ["given", "given", "uniform"]
