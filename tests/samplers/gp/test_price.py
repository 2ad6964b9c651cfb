"""Dear trials have to promise more than cheap ones."""

import numpy as np
import pytest

from tunesmith.samplers.gp.price import Price
from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Points
from tunesmith.testing.histories import History, spec_of

SPACE = Space({"x": Float(0, 1), "size": Float(1, 100, log=True)})


def study(exponent: float, count: int = 12) -> History:
    """Trials whose cost grows with size, and whose loss does not depend on it."""
    log, rng = History(spec_of(SPACE)), np.random.default_rng(1)
    for _ in range(count):
        config = {"x": float(rng.random()), "size": float(100 ** rng.random())}
        number = log.begin(config)
        cost = config["size"] ** exponent
        loss = abs(config["x"] - 0.3)
        log.report(number, 1, loss=loss, cost=cost)
        log.finish(number, loss=loss, cost=cost)
    return log


def test_the_discount_is_that_of_the_square_root() -> None:
    """four times the cost is worth half as much"""
    discount = Price().discount(study(1.0).view)
    assert discount is not None
    cheap, dear = discount(Points(*SPACE.codec().encode([{"x": 0.5, "size": 5.0}, {"x": 0.5, "size": 20.0}])))
    assert np.exp(dear - cheap) == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(("exponent", "matters"), [(1.0, True), (0.2, False), (0.0, False)])
def test_costs_that_hardly_differ_are_taken_for_equal(exponent: float, matters: bool) -> None:
    """100 ** 0.2 is 2.5"""
    assert (Price(apart=3.0).discount(study(exponent).view) is not None) is matters


def test_what_is_as_good_is_tried_where_it_is_cheap() -> None:
    """proposals are smaller than those of a process that looks at losses alone, and say why"""
    view = study(1.0).view
    sizes = {}
    for name, price in (("plain", None), ("per cost", Price())):
        sampler = GaussianProcess(price=price)
        found = [sampler.ask(view.asking(view.next + i), 1, np.random.default_rng(i))[0] for i in range(6)]
        sizes[name] = float(np.median([proposal.config["size"] for proposal in found]))
        assert all(proposal.why.endswith(" per cost") is (price is not None) for proposal in found)
    assert sizes["per cost"] < sizes["plain"]
