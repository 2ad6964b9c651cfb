"""Every sampler, in random spaces after awkward histories: always a valid, active, new configuration."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tunesmith.errors import SpaceExhausted
from tunesmith.run.proposing import trial_rng
from tunesmith.samplers.base import Sampler
from tunesmith.samplers.cmaes import CMAES
from tunesmith.samplers.evolution import DifferentialEvolution, RegularizedEvolution
from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.samplers.ladder import Ladder
from tunesmith.samplers.nsga2 import NSGA2
from tunesmith.samplers.tpe.sampler import TPE
from tunesmith.samplers.wrap import Distinct, Seeded
from tunesmith.space.conditions import when
from tunesmith.space.params import Choice, Float, Int, Ordinal
from tunesmith.space.space import Space
from tunesmith.testing.histories import history, spec_of
from tunesmith.trials.spec import MetricLimit

METHODS: dict[str, Callable[[], Sampler]] = {
    "gp": GaussianProcess,
    "tpe": TPE,
    "cmaes": CMAES,
    "de": DifferentialEvolution,
    "evolution": RegularizedEvolution,
    "nsga2": NSGA2,
    "ladder": Ladder,
}

AWKWARD = st.sampled_from([0.0, -0.0, 1.0, 1e-300, -1e-300, 1e300, -1e300, 1.7e308, -1.7e308, 0.5, float("nan")])
OUTCOMES = st.one_of(
    st.just({}),
    st.integers(1, 12).map(lambda n: {"values": [0.25] * n}),
    st.integers(1, 12).map(lambda n: {"failed": ["oom", "error", "nan", "timeout", "killed"] * n}),
    st.lists(AWKWARD, min_size=1, max_size=15).map(lambda values: {"values": values}),
    st.lists(st.floats(-1, 1), min_size=1, max_size=15).map(
        lambda values: {
            "values": values,
            "failed": ["oom"] * 3,
            "running": 3,
            "waiting": 1,
            "stopped": [[0.4, 0.3], 0.9],
        }
    ),
)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """One to five parameters of all kinds, some of them conditional, some with a limit between them."""
    kinds = draw(
        st.lists(
            st.sampled_from(["float", "log", "step", "int", "log int", "choice", "ordinal"]), min_size=1, max_size=5
        )
    )
    made = {
        "float": Float(-1, 3),
        "log": Float(1e-12, 1e6, log=True),
        "step": Float(0, 1, step=0.25),
        "int": Int(-3, 2),
        "log int": Int(1, 10**6, log=True),
        "choice": Choice("a", "b", None),
        "ordinal": Ordinal(1, 10, 100),
    }
    params: dict[str, object] = {f"p{i}": made[kind] for i, kind in enumerate(kinds)}
    if draw(st.booleans()):
        params["parent"] = Choice("x", "y")
        params["child"] = when({"parent": "x"}, made[draw(st.sampled_from(sorted(made)))])
    floats = [name for name, param in params.items() if param == made["float"]]
    limits = [f"{floats[0]} <= {floats[1]} + 1"] if len(floats) > 1 and draw(st.booleans()) else []
    return Space(params, limits=limits)


METRICS = st.sampled_from(
    [
        {},
        {"minimize": ("loss", "size")},
        {"minimize": ("a", "b"), "maximize": ("c",)},
        {"limits": (MetricLimit("memory", "<=", 0.1),)},
        {"minimize": ("loss", "size"), "limits": (MetricLimit("memory", ">=", 1e9),)},
    ]
)


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(space=spaces(), metrics=METRICS, outcomes=OUTCOMES, n=st.sampled_from([1, 3]))
def test_always_a_valid_new_configuration(name: str, space: Space, metrics: dict, outcomes: dict, n: int) -> None:
    """also with values that overflow, and where everything fails"""
    view = history(spec_of(space, **metrics), **outcomes)
    try:
        proposals = Distinct(Seeded(METHODS[name]())).ask(view, n, trial_rng(view))
    except SpaceExhausted:
        assert space.size is not None
        return
    for proposal in proposals:
        assert space.check(proposal.config) == proposal.config
        assert not view.has(proposal.config)


@pytest.mark.parametrize("name", METHODS)
def test_five_thousand_trials(name: str) -> None:
    """are no obstacle"""
    space = Space(
        {
            "x": Float(0, 1),
            "n": Int(1, 10**6),
            "c": Choice(*"abcd"),
            "y": when({"c": ["a", "b"]}, Float(1e-5, 1, log=True)),
        }
    )
    losses = np.random.default_rng(0).standard_normal(5_000).tolist()
    view = history(spec_of(space), values=losses, failed=["oom"] * 10, running=4)
    (proposal,) = Distinct(METHODS[name]()).ask(view, 1, trial_rng(view))
    assert space.check(proposal.config) == proposal.config
    assert not view.has(proposal.config)
