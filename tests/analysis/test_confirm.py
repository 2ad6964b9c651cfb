"""What repeats say of the winner: its mean, how well that is known, and what the search had over-promised."""

import math

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.analysis.best import best_of
from tunesmith.analysis.confirm import confirmed
from tunesmith.trials.facts import Asked, Draft, Opened

SPACE = ts.Space({"x": ts.Float(0, 1, default=0.9), "y": ts.Float(0, 1, default=0.9)})
NOISE = 0.1


def true_loss(config):
    return 2 * (config["x"] - 0.3) ** 2 + (config["y"] - 0.6) ** 2


def tuned(seed, noise=NOISE, **options):
    def noisy(x, y, seed):
        return {"loss": true_loss({"x": x, "y": y}) + noise * np.random.default_rng(seed).normal()}

    options = {"trials": 60, "minimize": "loss", "sampler": "sobol", **options}
    return ts.tune(noisy, space=SPACE, seed=seed, store=None, progress="quiet", **options)


@pytest.fixture(scope="module")
def studies():
    return [tuned(seed) for seed in range(12)]


def test_the_mean_is_that_of_the_repeats_and_the_promise_that_of_the_search(studies):
    for study in studies:
        found = study.confirmed
        values = [t.values["loss"] for t in study.trials if t.twin == found.trial.number]
        if found.default is not None and found.trial is found.default.trial:
            continue
        assert found.choice.repeats == len(values)
        assert found.worth.mean == pytest.approx(np.mean(values))
        assert found.worth.promised == found.trial.values["loss"]
        assert found.worth.low <= found.worth.mean <= found.worth.high
        assert study.best == found.trial


def test_what_is_expected_promises_far_less_than_the_search_did(studies):
    search = [s.trials[_luckiest(s)].values["loss"] - true_loss(s.trials[_luckiest(s)].config) for s in studies]
    expected = [s.confirmed.expected - true_loss(s.best.config) for s in studies]
    assert np.mean(search) < -NOISE  # the best of 60 values is more than one deviation too good
    assert abs(np.mean(expected)) < 0.35 * abs(np.mean(search))


def _luckiest(study):
    return min((t for t in study.trials if t.twin is None), key=lambda t: t.values["loss"]).number


def test_the_winner_is_better_than_the_luckiest(studies):
    ours = np.mean([true_loss(study.best.config) for study in studies])
    theirs = np.mean([true_loss(study.trials[_luckiest(study)].config) for study in studies])
    assert ours < theirs


def test_the_interval_holds_the_truth_about_as_often_as_it_says(studies):
    held = [s.confirmed.worth.low <= true_loss(s.best.config) <= s.confirmed.worth.high for s in studies]
    assert sum(held) >= 8


def test_the_default_is_beaten(studies):
    for study in studies:
        found = study.confirmed
        assert found.default.trial.number == 0
        assert found.default.repeats == 2
        assert found.beats_default > 0.95
        assert "better than the default with probability over 9" in found.sentence
        assert f"the search had promised {found.worth.promised:.4g}" in found.sentence


def test_noise_is_measured(studies):
    assert np.median([study.confirmed.noise for study in studies]) == pytest.approx(NOISE, rel=0.35)


def test_without_luck_the_best_value_is_what_it_is():
    study = tuned(0, noise=0.0)
    found = study.confirmed
    assert found.deterministic
    assert found.noise == 0
    assert found.trial == study.best
    assert found.worth.mean == found.expected == study.best.values["loss"]
    assert "exactly the same value" in found.sentence
    assert found.beats_default == 1.0


def test_nothing_is_confirmed_without_repeats():
    study = tuned(0, confirm=0)
    assert study.confirmed is None
    assert confirmed(study.view) is None


def test_repeats_are_never_the_best_themselves(studies):
    for study in studies:
        assert study.best.twin is None
        assert all(trial.twin is None for trial in study.front)


def test_maximizing_is_minimizing_with_another_sign():
    def accuracy(x, y, seed):
        return {"acc": 1 - true_loss({"x": x, "y": y}) - NOISE * np.random.default_rng(seed).normal()}

    mirrored = ts.tune(
        accuracy, space=SPACE, maximize="acc", trials=60, sampler="sobol", seed=3, store=None, progress="quiet"
    )
    plain = tuned(3)
    assert mirrored.best.number == plain.best.number
    assert mirrored.confirmed.expected == pytest.approx(1 - plain.confirmed.expected, abs=1e-6)
    assert mirrored.confirmed.beats_default == pytest.approx(plain.confirmed.beats_default, abs=1e-6)


def test_a_single_repeat_has_no_interval_until_noise_is_known():
    # Three configurations are too few for a model.
    study = ts.Study.open("few", space=SPACE, minimize="loss")
    for value in (0.5, 0.3, 0.4):
        study.tell(study.ask(), loss=value)
    original = study.trials[1]
    number = study.store.append("few", [Draft(None, Opened())]).trials[0].number
    asked = Asked(original.config, "repeat", "again", 99, 0, None, None, original.number, None)
    study.store.append("few", [Draft(number, asked)])
    again = study.ask()
    assert again.twin == 1
    study.tell(again, loss=0.38)
    found = study.confirmed
    assert math.isinf(found.worth.high)
    assert found.worth.mean == 0.38
    assert found.expected == 0.38
    assert "95 %" not in found.sentence
    assert best_of(study.view).trial.number == 1
