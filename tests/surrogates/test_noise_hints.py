"""Trials that say how noisy they are."""

from math import inf, nan

import numpy as np
import pytest

from tunesmith.samplers.gp.sampler import GaussianProcess
from tunesmith.space.params import Float
from tunesmith.space.space import Space
from tunesmith.surrogates.evidence import Evidence, evidence_of
from tunesmith.surrogates.features import Features
from tunesmith.surrogates.models import Modeller
from tunesmith.testing.histories import History, spec_of

LINE = Space({"x": Float(0, 1)})
SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


def evidence(errors: list[float | None], places: list[float] | None = None) -> Evidence:
    """What trials say that report these standard errors; each of another configuration, unless told otherwise."""
    log = History(spec_of(LINE))
    for place, error in zip(places or np.linspace(0, 1, len(errors)).tolist(), errors, strict=True):
        hint = {} if error is None else {"loss_se": error}
        log.finish(log.begin({"x": place}), loss=place, **hint)
    return evidence_of(log.view)


def test_noise_is_relative_to_the_median() -> None:
    """as a variance; what says nothing is of usual noise"""
    assert evidence([0.2, None, 0.1, 0.4]).noise[:, 0].tolist() == pytest.approx([1, 1, 0.25, 4])


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_units_do_not_matter(unit: float) -> None:
    """only proportions do"""
    noise = evidence([0.2 * unit, 0.1 * unit, 0.4 * unit]).noise
    assert noise[:, 0].tolist() == pytest.approx([1, 0.25, 4])


def test_hints_are_taken_with_a_grain_of_salt() -> None:
    """nobody is perfectly exact, or worth nothing at all; what makes no sense is no hint"""
    noise = evidence([1.0, 1.0, 0.0, 1e9, -1.0, nan, inf]).noise[:, 0]
    assert noise[:2].tolist() == [1, 1]
    assert 0 < noise[2] < 1 < noise[3] < inf
    assert noise[4:].tolist() == [1, 1, 1]
    assert evidence([0.0, 0.0]).noise[:, 0].tolist() == [1, 1]


def test_repeats_are_weighed() -> None:
    """an exact one counts for more, and together they are more exact than each of them"""
    log = History(spec_of(LINE))
    for x, loss, error in [(0.1, 1.0, 1.0), (0.5, 0.0, 1.0), (0.5, 10.0, 3.0), (0.9, 1.0, 1.0)]:
        log.finish(log.begin({"x": x}), loss=loss, loss_se=error)
    found = evidence_of(log.view)
    assert found.losses[1, 0] == pytest.approx(1.0)
    assert found.noise[:, 0].tolist() == pytest.approx([1, 0.9, 1])


def test_each_objective_has_its_own() -> None:
    """a hint about one says nothing of the other"""
    log = History(spec_of(LINE, minimize=("loss", "size")))
    for x, error in [(0.1, 1.0), (0.5, 1.0), (0.9, 2.0)]:
        log.finish(log.begin({"x": x}), loss=x, size=1 - x, loss_se=error)
    assert evidence_of(log.view).noise.tolist() == [[1, 1], [1, 1], [4, 1]]


def true_loss(x: float, y: float) -> float:
    return (x - 0.3) ** 2 + (y - 0.6) ** 2


def believed_best(seed: int, *, told: bool) -> float:
    """The true loss of what the model believes to be best, after 30 trials of which every third is a gamble."""
    rng = np.random.default_rng(seed)
    log = History(spec_of(SQUARE))
    for number in range(30):
        x, y = rng.random(2).tolist()
        error = 0.5 if number % 3 == 0 else 0.01
        hint = {"loss_se": error} if told else {}
        log.finish(log.begin({"x": x, "y": y}), loss=true_loss(x, y) + error * rng.standard_normal(), **hint)
    known = evidence_of(log.view)
    models = Modeller(Features(SQUARE)).models(known, np.random.default_rng(0))
    best = int(np.argmin(models.objectives[0].predict(models.features)[0]))
    return true_loss(*known.points.X[best].tolist())


def test_who_is_told_which_trials_are_noisy_is_not_fooled_by_them() -> None:
    """what is believed to be best is far better than without the hints"""
    told, blind = ([believed_best(seed, told=told) for seed in range(8)] for told in (True, False))
    assert np.median(told) < 0.5 * np.median(blind)
    assert np.mean(told) < 0.5 * np.mean(blind)


def test_a_search_with_hints_is_lawful() -> None:
    """it finds its way among gambles, and its proposals follow from the trials alone"""
    rng, sampler, log = np.random.default_rng(0), GaussianProcess(), History(spec_of(SQUARE))
    for number in range(25):
        proposal = sampler.ask(log.view, 1, np.random.default_rng(number))[0]
        assert proposal == GaussianProcess().ask(log.rebuilt(), 1, np.random.default_rng(number))[0]
        error = 0.5 if number % 3 == 0 else 0.01
        loss = true_loss(**proposal.config) + error * rng.standard_normal()
        log.finish(log.begin(proposal.config), loss=loss, loss_se=error)
