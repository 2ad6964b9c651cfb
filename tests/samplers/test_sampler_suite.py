"""The conformance suite finds what is wrong with a sampler: for each law one that breaks it, and the test that says so."""

from collections.abc import Callable
from zlib import crc32

import numpy as np
import pytest

from tunesmith.samplers.base import Proposal, Sampler
from tunesmith.samplers.uniform import uniform_config
from tunesmith.testing.samplers import SamplerConformance
from tunesmith.trials.view import View


class Wrong:
    """Proposes what a function makes of a random configuration."""

    def __init__(self, change: Callable[[dict, View, np.random.Generator], dict], *, by: str = "wrong") -> None:
        self.change = change
        self.by = by
        self.asked = 0

    def ask(self, view, n, rng):
        self.asked += 1
        return [Proposal(self.change(uniform_config(view, rng), view, rng), self.by, "because") for _ in range(n)]


def suite(make: Callable[[], Sampler]) -> SamplerConformance:
    class Suite(SamplerConformance):
        def sampler(self) -> Sampler:
            return make()

    return Suite()


def beside(view: View, value: object) -> dict:
    """A configuration that depends on a value."""
    return uniform_config(view, np.random.default_rng(crc32(repr(value).encode())))


def global_draw(config: dict, view: View, rng: np.random.Generator) -> dict:
    np.random.random()  # noqa: NPY002  that is what is wrong
    return config


def outside(config: dict, view: View, rng: np.random.Generator) -> dict:
    return {name: value + 100 if isinstance(value, float) else value for name, value in config.items()}


def from_numpy(config: dict, view: View, rng: np.random.Generator) -> dict:
    return {name: np.float64(value) if isinstance(value, float) else value for name, value in config.items()}


def with_inactive(config: dict, view: View, rng: np.random.Generator) -> dict:
    return {**config, "beta": 0.9}


def shared(config: dict, view: View, rng: np.random.Generator) -> dict:
    return KEPT.setdefault(repr((config, view.seq)), config)


KEPT: dict[str, dict] = {}


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (outside, lambda s: s.test_proposals_fit_the_space("float")),
        (from_numpy, lambda s: s.test_proposals_fit_the_space("float")),
        (with_inactive, lambda s: s.test_proposals_fit_the_space("conditional")),
        (lambda c, v, r: {**c, "a": 1, "b": 2}, lambda s: s.test_proposals_fit_the_space("limits")),
        (lambda c, v, r: dict(reversed(c.items())), lambda s: s.test_proposals_fit_the_space("mixed")),
        (
            lambda c, v, r: beside(v, sum(t.opened for t in v.trials)),
            lambda s: s.test_looks_at_no_clock_no_worker_and_no_attempt("some trials"),
        ),
        (
            lambda c, v, r: beside(v, [t.worker for t in v.trials]),
            lambda s: s.test_looks_at_no_clock_no_worker_and_no_attempt("some trials"),
        ),
        (
            lambda c, v, r: beside(v, sum(t.attempt for t in v.trials)),
            lambda s: s.test_looks_at_no_clock_no_worker_and_no_attempt("some trials"),
        ),
        (lambda c, v, r: beside(v, v.seq), lambda s: s.test_looks_at_no_clock_no_worker_and_no_attempt("one trial")),
        (
            lambda c, v, r: beside(v, float(v.columns.Y.sum())),
            lambda s: s.test_maximizing_is_minimizing_with_another_sign("some trials"),
        ),
        (lambda c, v, r: beside(v, 1), lambda s: s.test_each_trial_gets_its_own_proposal()),
        (lambda c, v, r: beside(v, v.next), lambda s: s.test_each_seed_gets_its_own_study()),
        (global_draw, lambda s: s.test_changes_nothing("mixed")),
        (shared, lambda s: s.test_changes_nothing("mixed")),
    ],
)
def test_each_law_catches_its_breach(wrong: Callable, law: Callable) -> None:
    """and a sampler that breaks none passes the same test"""
    with pytest.raises((AssertionError, ValueError)):
        law(suite(lambda: Wrong(wrong)))
    law(suite(lambda: Wrong(lambda config, view, rng: config)))


def test_what_is_kept_from_earlier_questions_is_found() -> None:
    """a sampler that counts how often it was asked"""

    class Counting:
        asked = 0

        def ask(self, view, n, rng):
            self.asked += 1
            return [Proposal(beside(view, self.asked), "counting", "because")] * n

    with pytest.raises(AssertionError, match="another answer after other questions"):
        suite(Counting).test_same_view_and_rng_same_answer("mixed")


def test_too_few_proposals_and_missing_names_are_found() -> None:
    """one proposal instead of two; nobody's proposal"""

    class One:
        def ask(self, view, n, rng):
            return [Proposal(uniform_config(view, rng), "one", "because")]

    with pytest.raises(AssertionError, match="1 proposals instead of 2"):
        suite(One).test_as_many_as_asked_for("mixed", 2)
    with pytest.raises(AssertionError, match="without by or why"):
        suite(lambda: Wrong(lambda config, view, rng: config, by="")).test_as_many_as_asked_for("mixed", 2)


def test_a_suite_without_a_sampler_says_what_is_missing() -> None:
    """for whoever has forgotten it"""
    with pytest.raises(NotImplementedError, match="def sampler"):
        SamplerConformance().test_each_trial_gets_its_own_proposal()
