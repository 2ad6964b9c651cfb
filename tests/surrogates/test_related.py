"""How probable it is that earlier studies are like this one."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tunesmith.space.params import Choice, Float
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Evidence, evidence_of
from tunesmith.surrogates.related import Related
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.earlier import Earlier

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1), "z": Choice("a", "b")})


def bowl(config: dict) -> float:
    return (config["x"] - 0.7) ** 2 + (config["y"] - 0.2) ** 2 + 0.1 * (config["z"] == "a")


def elsewhere(config: dict) -> float:
    return float(np.sin(17 * config["x"]) * np.cos(13 * config["y"]))


def configs(count: int, seed: int) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [SPACE.codec().decode(rng.random((1, 3)))[0] for _ in range(count)]


def earlier(loss, *, seed: int = 0, count: int = 40) -> Earlier:
    tried = configs(count, 1000 + seed)
    return Earlier(f"study {seed}", count, tuple(tried), tuple((loss(config),) for config in tried))


def evidence(count: int, seed: int = 0, loss=bowl) -> Evidence:
    log = History(spec_of(SPACE))
    for config in configs(count, seed):
        log.finish(log.begin(config), loss=loss(config))
    return evidence_of(log.view)


def test_nothing_is_known_at_first() -> None:
    for count in (0, 1):
        belief = Related([earlier(bowl), earlier(elsewhere, seed=1)], SPACE).belief(evidence(count))
        assert belief.probability == pytest.approx(0.5)
        assert belief.favoured.all()


@pytest.mark.parametrize("seed", range(4))
def test_outcomes_decide(seed: int) -> None:
    """for who expects them, on whatever scale; against who expects the reverse, or something else"""
    seen = evidence(25, seed)
    assert Related([earlier(lambda config: 5 + 1e4 * bowl(config))], SPACE).belief(seen).probability > 0.95
    for wrong in (elsewhere, lambda config: -bowl(config)):
        assert Related([earlier(wrong)], SPACE).belief(seen).probability < 0.2


def test_the_right_one_is_favoured_among_wrong_ones() -> None:
    sources = [earlier(lambda config: -bowl(config), seed=seed) for seed in range(3)]
    belief = Related([*sources, earlier(bowl, seed=3)], SPACE).belief(evidence(25))
    assert belief.probability > 0.9
    assert belief.favoured.tolist() == [False, False, False, True]


def test_who_expects_nothing_explains_nothing() -> None:
    same = Earlier("same", 5, tuple(configs(5, 9)), ((1.0,),) * 5)
    other = Earlier("other metric", 5, tuple(configs(5, 9)), ((None,),) * 5)
    belief = Related([same, other], SPACE).belief(evidence(20))
    assert belief.probability < 0.01
    assert belief.favoured.any(), "somebody's turn it is"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=12), st.integers(0, 5))
def test_any_outcomes_are_good_enough(losses: list[float], seed: int) -> None:
    """equal ones, huge ones"""
    left = iter(losses)
    belief = Related([earlier(bowl)], SPACE).belief(evidence(len(losses), seed, lambda _: next(left)))
    assert 0 <= belief.probability <= 1
