"""What trials are worth beyond luck, and which of them is best."""

import math

import numpy as np
import pytest

from tunesmith.analysis.best import best_of, front_of
from tunesmith.analysis.curves import curves
from tunesmith.analysis.history import history
from tunesmith.analysis.parallel import parallel
from tunesmith.analysis.ranking import ranking
from tunesmith.analysis.summary import summary
from tunesmith.space import Float, Space
from tunesmith.surrogates.expected import expected
from tunesmith.testing.histories import History, spec_of
from tunesmith.trials.spec import MetricLimit

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1)})
NOISE = 0.15


def true_loss(config):
    return 2 * (config["x"] - 0.3) ** 2 + (config["y"] - 0.6) ** 2


def studied(seed=0, trials=60, noise=NOISE, **spec):
    """Trials all over the space, whose losses are noisy."""
    rng, log = np.random.default_rng(seed), History(spec_of(SPACE, **spec))
    for _ in range(trials):
        config = dict(zip("xy", rng.random(2).tolist(), strict=True))
        log.finish(log.begin(config), loss=true_loss(config) + noise * float(rng.standard_normal()))
    return log


def repeat(log, number, *losses):
    for loss in losses:
        log.finish(log.begin(log.view.trials[number].config), loss=loss)


# -- what is expected --------------------------------------------------------------------------------------------------


def test_the_best_value_is_flattering_and_its_expectation_is_not():
    """the one is too good by more than the noise on average, the other by a fraction of it"""
    flattery, bias = [], []
    for seed in range(20):
        view = studied(seed).view
        observed = min(view.trials, key=lambda trial: trial.values["loss"])
        truth = true_loss(observed.config)
        flattery.append((truth - observed.values["loss"]) / NOISE)
        bias.append((truth - expected(view).estimates[observed.number].mean) / NOISE)
    assert np.mean(flattery) > 1.2
    assert abs(np.mean(bias)) < 0.4


def test_noise_is_estimated_in_the_units_of_the_metric():
    found = [expected(studied(seed).view).noise for seed in range(8)]
    assert 0.6 * NOISE < np.median(found) < 1.4 * NOISE
    assert expected(studied(noise=0.0).view).noise < 0.1 * NOISE


def test_repeats_tell_more_than_a_model():
    log = studied()
    repeat(log, 3, 1.0, 1.4)
    assert not expected(log.view).repeated
    log = studied()
    loss = log.view.trials[3].values["loss"]
    repeat(log, 3, loss + 0.1, loss + 0.2, loss + 0.1)
    found = expected(log.view)
    assert found.repeated
    assert found.noise == pytest.approx(np.std([0, 0.1, 0.2, 0.1], ddof=1))
    assert found.estimates[60] == found.estimates[3]


def test_one_repeat_with_the_same_value_says_that_there_is_no_noise():
    log = studied()
    repeat(log, 3, log.view.trials[3].values["loss"])
    found = expected(log.view)
    assert (found.noise, found.share, found.large) == (0.0, 0.0, False)


def test_a_repeated_trial_is_known_better():
    log = studied()
    best = ranking(log.view)[0].number
    before = expected(log.view).estimates[best].deviation
    repeat(log, best, *(0.05 + NOISE * np.random.default_rng(0).standard_normal(8)).tolist())
    assert expected(log.view).estimates[best].deviation < 0.8 * before


def test_larger_is_better_turns_everything_round():
    log, turned = studied(), History(spec_of(SPACE, minimize=(), maximize=("loss",)))
    for trial in log.view.trials:
        turned.finish(turned.begin(trial.config), loss=-trial.values["loss"])
    one, other = expected(log.view), expected(turned.view)
    assert (one.noise, one.share) == (other.noise, other.share)
    assert all(one.estimates[number].mean == -other.estimates[number].mean for number in one.estimates)


def test_of_several_objectives_one_is_asked_for():
    rng, log = np.random.default_rng(0), History(spec_of(SPACE, minimize=("loss", "size")))
    for x, y in rng.random((20, 2)).tolist():
        log.finish(log.begin({"x": x, "y": y}), loss=x, size=100.0 * y)
    assert expected(log.view, 1).metric == "size"
    assert expected(log.view, 1).estimates[0].mean == pytest.approx(log.view.trials[0].values["size"], abs=3)


def test_nothing_is_expected_where_nothing_can_be_told():
    """of a handful of trials, or if all values are equal; what was stopped or failed says nothing"""
    assert expected(studied(trials=4).view) is None
    log = History(spec_of(SPACE))
    for x in np.linspace(0, 1, 10).tolist():
        log.finish(log.begin({"x": x, "y": 0.5}), loss=0.25)
    assert expected(log.view) is None
    log = studied(trials=10)
    log.stop(log.train([0.9, 0.4]))
    log.finish(log.begin(), loss=math.nan)
    assert sorted(expected(log.view).estimates) == list(range(10))


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1e12, 1e300])
def test_any_scale(scale):
    log = History(spec_of(SPACE))
    for trial in studied(trials=20).view.trials:
        log.finish(log.begin(trial.config), loss=scale * trial.values["loss"])
    found, usual = expected(log.view), expected(studied(trials=20).view)
    assert found.noise == pytest.approx(scale * usual.noise, rel=1e-3)
    assert found.estimates[0].mean == pytest.approx(scale * usual.estimates[0].mean, rel=1e-3)


@pytest.mark.parametrize("values", [[-1.7e308, 1.7e308, 1.0, 2.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 1e-300]])
def test_awkward_values(values):
    log = History(spec_of(SPACE))
    for x, value in zip(np.linspace(0, 1, 6).tolist(), values, strict=True):
        log.finish(log.begin({"x": x, "y": 0.5}), loss=value)
    found = expected(log.view)
    assert all(math.isfinite(estimate.mean) for estimate in found.estimates.values())
    assert not math.isnan(found.noise)


# -- which one is best -------------------------------------------------------------------------------------------------


def test_without_noise_the_best_is_the_one_with_the_best_value():
    view = studied(noise=0.0).view
    best = best_of(view)
    assert best.trial is min(view.trials, key=lambda trial: trial.values["loss"])
    assert (best.expected, best.luckier, best.caveat) == (None, None, "")


def test_where_noise_is_large_the_best_is_the_one_expected_to_be():
    """one of those with good values; truly better on average, and no luckier one is passed over in silence"""
    chosen, observed = [], []
    for seed in range(40):
        view = studied(seed).view
        best = best_of(view)
        ranked = sorted(view.trials, key=lambda trial: trial.values["loss"])
        assert best.trial in ranked[:10]
        if best.luckier is not None:
            assert best.luckier is ranked[0]
            assert best.expected.mean <= best.less.mean
            assert f"trial {ranked[0].number} with" in best.caveat
        chosen.append(true_loss(best.trial.config))
        observed.append(true_loss(ranked[0].config))
    assert np.mean(chosen) < 0.9 * np.mean(observed)


def test_a_few_trials_are_taken_at_their_word():
    view = studied(trials=30).view
    assert best_of(view).trial is min(view.trials, key=lambda trial: trial.values["loss"])


def test_limits_are_kept_by_the_best_whatever_is_expected():
    log, rng = History(spec_of(SPACE, limits=(MetricLimit("memory", "<=", 0.5),))), np.random.default_rng(1)
    for x, y in rng.random((60, 2)).tolist():
        loss = true_loss({"x": x, "y": y}) + NOISE * float(rng.standard_normal())
        log.finish(log.begin({"x": x, "y": y}), loss=loss, memory=1 - x)
    assert best_of(log.view).trial.values["memory"] <= 0.5


def test_everybody_names_the_same_trial():
    log = next(log for log in map(studied, range(20)) if best_of(log.view).luckier is not None)
    view = log.view
    best = best_of(view)
    found, past = summary(view), history(view)
    assert found.best.number == best.trial.number
    assert (found.expected, found.caveat) == (best.expected, best.caveat)
    assert (past.best, past.caveat) == (best.trial.number, best.caveat)
    assert past.best_value == best.trial.values["loss"]
    assert ranking(view)[0] is best.trial
    assert sorted(trial.number for trial in ranking(view)) == list(range(60))
    assert parallel(view).best == best.trial.number
    assert front_of(view) == [best.trial]
    others = {best.luckier.number}
    assert history(view, only=others).best == best.luckier.number
    assert history(view, only=others).caveat == ""


def test_curves_mark_the_same_trial():
    rng, log = np.random.default_rng(4), History(spec_of(SPACE))
    for x, y in rng.random((60, 2)).tolist():
        number = log.begin({"x": x, "y": y})
        loss = true_loss({"x": x, "y": y}) + NOISE * float(rng.standard_normal())
        log.report(number, 1, loss=loss + 1)
        log.report(number, 2, loss=loss)
        log.finish(number, loss=loss)
    assert curves(log.view).best == best_of(log.view).trial.number
