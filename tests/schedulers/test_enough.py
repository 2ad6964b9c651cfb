"""A search that is told to ends when further trials would bring less than luck does."""

from dataclasses import replace

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.analysis.prospects import prospects
from tunesmith.errors import InvalidStudy

SPACE = {"x": ts.Float(0, 1), "y": ts.Float(0, 1)}


def tuned(noise, seed=0, **options):
    def train(x, y, seed):
        return {"loss": 1 + 2 * (x - 0.3) ** 2 + (y - 0.6) ** 2 + noise * np.random.default_rng(seed).normal()}

    options = {"trials": 150, "minimize": "loss", **options}
    return ts.tune(train, space=SPACE, seed=seed, store=None, progress="quiet", **options)


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_it_ends_early_with_a_good_configuration_and_repeats(noise):
    study = tuned(noise, stop="auto")
    assert 20 <= len(study.trials) < 150
    best = study.best.config
    assert 2 * (best["x"] - 0.3) ** 2 + (best["y"] - 0.6) ** 2 < 0.05
    assert study.confirmed is not None
    assert "nothing is left to do" in study.ending.reason


def test_it_does_not_unless_it_is_told():
    assert len(tuned(0.1, trials=60).trials) == 60


def test_it_may_be_told_later():
    study = tuned(0.1, trials=60)
    assert study.spec.stop == "budget"
    with ts.Study.open(study.name, store=study.store, trials=150, stop="auto") as more:
        assert more.spec.stop == "auto"


def test_prospects_become_worse_as_the_search_goes_on():
    gains = [
        np.mean([prospects(tuned(0.05, seed, trials=trials).view).gain for seed in range(3)]) for trials in (25, 100)
    ]
    assert gains[1] < gains[0]


@pytest.mark.parametrize("seed", range(3))
def test_no_loss_is_promised_to_fall_below_zero(seed):
    """a model may see a valley going on where it ends"""
    steep = ts.tune(
        lambda x, y: {"loss": 10 ** (8 * (abs(x - 0.3) + abs(y - 0.6)) - 10)},
        space=SPACE, minimize="loss", trials=20, seed=seed, store=None, progress="quiet",
    )  # fmt: skip
    found = prospects(steep.view)
    assert found is None or found.gain <= found.best


def test_prospects_in_words():
    found = prospects(tuned(0.05, trials=80).view)
    assert "another 100 trials are expected" in found.sentence  # they take less than an hour
    assert "improve loss by at most" in found.sentence
    assert "the noise between seeds is 0.0" in found.sentence
    assert found.gain >= 0
    slow = replace(found, trials=1, hour=True)
    assert slow.sentence.startswith("another hour (about 1 trial) is expected to improve loss by at most")


@pytest.mark.parametrize(
    "options", [{"trials": 10}, {"minimize": ["loss", "x"], "trials": 30}], ids=["too few", "several objectives"]
)
def test_no_prospects(options):
    def train(x, y):
        return {"loss": x + y, "x": x}

    options = {"minimize": "loss", **options}
    study = ts.tune(train, space=SPACE, store=None, progress="quiet", sampler="sobol", seed=0, **options)
    assert prospects(study.view) is None


def test_what_is_not_known_is_refused():
    with pytest.raises(InvalidStudy, match="stop='never'"):
        tuned(0.1, stop="never")
