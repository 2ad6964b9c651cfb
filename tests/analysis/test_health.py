"""Each finding on a study made to show it and on one made not to, and hardly any on healthy studies."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.analysis.health.bounds import at_bound
from tunesmith.analysis.health.configs import duplicates, unused
from tunesmith.analysis.health.costs import slow_trials, time_in_failures
from tunesmith.analysis.health.examine import CHECKS, health
from tunesmith.analysis.health.failures import diverging, out_of_memory, out_of_time
from tunesmith.analysis.health.outcomes import constant_metric, flat_curves, noise_hides_best
from tunesmith.analysis.health.stopping import stopped_too_early
from tunesmith.space.limits import Relation
from tunesmith.trials import Failed, Finished

FEW = ts.Space({"lr": ts.Float(1e-4, 1.0, log=True), "momentum": ts.Float(0.0, 1.0)})
SIZES = ts.Space(
    {"batch": ts.Int(8, 512, log=True), "width": ts.Int(16, 2048, log=True), "lr": ts.Float(1e-4, 1.0, log=True)}
)


def random_configs(space, count, seed=0):
    return space.codec().decode(np.random.default_rng(seed).random((count, space.codec().width)))


def tuned(function, space, trials, *, sampler="random", seed=0, **options):
    study = ts.tune(
        function, space=space, minimize="loss", trials=trials, store=None, sampler=sampler, seed=seed, progress="quiet",
        scheduler="none", **options,
    )  # fmt: skip
    return study.view


def valley(lr, momentum=0.5, **_):
    return (math.log10(lr) + 2) ** 2 + (momentum - 0.4) ** 2


# -- failures ----------------------------------------------------------------------------------------------------------


def out_of_memory_study(recorded, breaks, count=60, kind="oom"):
    study = recorded(SIZES)
    for config in random_configs(SIZES, count):
        if breaks(config):
            study.failed(config, kind=kind)
        else:
            study.done(config, loss=valley(config["lr"]))
    return study.view


@pytest.mark.parametrize(
    ("formula", "breaks"),
    [
        ("width", lambda c: c["width"] > 900),
        ("batch * width", lambda c: c["batch"] * c["width"] > 40_000),
        ("width / batch", lambda c: c["width"] / c["batch"] > 30),
    ],
)
def test_memory_runs_out_beyond_a_threshold(recorded, formula, breaks):
    view = out_of_memory_study(recorded, breaks)
    finding = out_of_memory(view)
    assert finding.evidence["text"] == formula
    failed = {trial.number for trial in view.trials if trial.failure}
    assert set(finding.trials) == failed
    assert (
        f"{len(failed)} of 60 trials ran out of memory: {len(failed)} of the {len(failed)} with {formula} >"
        in finding.sentence
    )
    # The remedy's limit keeps exactly the failures out.
    limit = Relation(finding.evidence["rule"])
    assert {trial.number for trial in view.trials if not limit.holds(trial.config)} == failed


def test_a_rule_may_have_few_exceptions(recorded):
    view = out_of_memory_study(recorded, lambda c: c["batch"] * c["width"] > 40_000 and c["lr"] < 0.7)
    assert out_of_memory(view).evidence["text"] == "batch * width"


def test_memory_that_runs_out_anywhere_has_no_rule(recorded):
    rng = np.random.default_rng(1)
    view = out_of_memory_study(recorded, lambda _: rng.random() < 0.2)
    finding = out_of_memory(view)
    assert "no parameter" in finding.sentence
    assert "rule" not in finding.evidence


def test_one_accident_is_no_finding(recorded):
    hits = iter([True])
    assert out_of_memory(out_of_memory_study(recorded, lambda _: next(hits, False))) is None


def test_time_runs_out_beyond_a_threshold(recorded):
    view = out_of_memory_study(recorded, lambda c: c["width"] > 900, kind="timeout")
    assert out_of_memory(view) is None
    assert out_of_time(view).evidence["text"] == "width"


@pytest.mark.parametrize("bad", [math.nan, 1e9])
def test_learning_rates_diverge_beyond_a_threshold(recorded, bad):
    study = recorded(SIZES)
    for config in random_configs(SIZES, 60):
        if config["lr"] < 0.1:
            study.done(config, loss=valley(config["lr"]))
        elif math.isnan(bad):
            study.failed(config, kind="nan")
        else:
            study.done(config, loss=bad)
    finding = diverging(study.view)
    assert finding.evidence["text"] == "lr"
    assert finding.evidence["threshold"] == pytest.approx(0.1, rel=0.3)
    assert "Search a space in which the upper bound of lr is 0." in finding.remedy


def test_bad_learning_rates_do_not_diverge(recorded):
    study = recorded(SIZES)
    for config in random_configs(SIZES, 60):
        study.done(config, loss=valley(config["lr"]))
    assert diverging(study.view) is None


# -- the space ---------------------------------------------------------------------------------------------------------


def test_the_best_lie_at_a_bound():
    space = ts.Space({"lr": ts.Float(1e-5, 1e-3, log=True), "momentum": ts.Float(0.0, 1.0)})
    finding = at_bound(tuned(valley, space, 40, sampler="auto"))
    assert "lr is pinned at its upper bound 0.001" in finding.sentence
    assert "up to 0.01" in finding.remedy
    assert set(finding.evidence) == {"lr"}


def test_the_end_of_a_plateau_is_told_though_not_all_models_agree():
    """what is beyond nobody knows, and a winner at a bound asks for a wider range in practice"""
    told = []
    for seed in range(4, 8):
        draws = np.random.default_rng(seed)

        def flattens(lr, momentum, draws=draws):
            return (
                0.3 * max(0.0, -1 - math.log10(lr)) ** 2 + 0.3 * (momentum - 0.4) ** 2 + 0.05 * draws.standard_normal()
            )

        told.append(at_bound(tuned(flattens, FEW, 60, sampler="auto", seed=seed)))
    found = [finding for finding in told if finding is not None]
    assert len(found) >= 2
    assert all(set(finding.evidence) == {"lr"} for finding in found)
    assert any("outcomes probably get better" in finding.sentence for finding in found)


def test_zero_may_switch_something_off():
    space = ts.Space({"lr": ts.Float(1e-4, 1, log=True), "dropout": ts.Float(0.0, 0.5)})
    finding = at_bound(tuned(lambda lr, dropout: valley(lr) + dropout, space, 40, sampler="auto"))
    assert "If 0 switches dropout off" in finding.remedy


@pytest.mark.parametrize("sampler", ["auto", "random", "tpe"])
def test_an_optimum_inside_is_at_no_bound(sampler):
    assert at_bound(tuned(valley, FEW, 60, sampler=sampler)) is None


def test_few_levels_have_no_bound_to_speak_of():
    space = ts.Space({"layers": ts.Int(1, 4), "lr": ts.Float(1e-4, 1, log=True)})
    assert at_bound(tuned(lambda lr, layers: valley(lr) - layers, space, 40, sampler="auto")) is None


def test_a_parameter_without_effect():
    space = ts.Space({**FEW.params, "idle": ts.Float(0.0, 1.0)})
    finding = unused(tuned(lambda lr, momentum, idle: valley(lr, 4 * momentum), space, 80))
    assert "idle made no difference" in finding.sentence
    assert set(finding.evidence) == {"idle"}


def test_nothing_is_said_of_parameters_when_all_is_noise():
    rng = np.random.default_rng(0)
    assert unused(tuned(lambda lr, momentum: rng.standard_normal(), FEW, 80)) is None


def test_nor_of_what_matters_only_together():
    assert unused(tuned(lambda lr, momentum: (math.log10(lr) + 2) * (momentum - 0.5), FEW, 80)) is None


def test_duplicates_with_the_same_outcome(recorded):
    study = recorded()
    for lr in (0.1, 0.2, 0.1, 0.3, 0.1):
        study.done({"lr": lr}, loss=lr)
    finding = duplicates(study.view)
    assert finding.trials == (2, 4)
    assert "2 of 5 trials repeat a configuration that had been tried before, with the same outcome" in finding.sentence


def test_wanted_repeats_are_no_duplicates(recorded):
    study = recorded()
    for lr in (0.1, 0.2, 0.1, 0.3, 0.1):
        study.done({"lr": lr}, by="person", loss=lr)
    assert duplicates(study.view) is None
    assert duplicates(tuned(valley, FEW, 30, sampler="auto")) is None


# -- the metric --------------------------------------------------------------------------------------------------------


def test_a_metric_that_never_changes(recorded):
    study = recorded()
    for config in random_configs(study.spec.space, 12):
        study.done(config, loss=2.303)
    finding = constant_metric(study.view)
    assert (finding.severity, finding.sentence) == ("problem", "loss is 2.303 in all 12 trials.")


def test_a_metric_that_hardly_ever_changes(recorded):
    study = recorded()
    for number, config in enumerate(random_configs(study.spec.space, 20)):
        study.done(config, loss=0.9 if number % 4 else number / 100)
    finding = constant_metric(study.view)
    assert (finding.severity, len(finding.trials)) == ("warning", 15)


def test_curves_that_stay_flat(recorded):
    study = recorded()
    for number, config in enumerate(random_configs(study.spec.space, 10)):
        study.done(config, reports=[number / 10] * 5 if number < 8 else [0.5, 0.4, 0.3], loss=number / 10)
    finding = flat_curves(study.view)
    assert finding.trials == tuple(range(8))
    assert constant_metric(study.view) is None


def noisy(noise, seed=0):
    rng = np.random.default_rng(seed)
    return lambda lr, momentum: valley(lr, momentum) + noise * rng.standard_normal()


def test_noise_of_repeats_hides_the_best(recorded):
    study = recorded(FEW)
    rng = np.random.default_rng(0)
    for config in random_configs(FEW, 30):
        study.done(config, loss=0.01 * valley(**config) + rng.normal(0, 0.1))
    for _ in range(6):
        study.done({"lr": 0.01, "momentum": 0.4}, by="person", loss=rng.normal(0.3, 0.5))
    finding = noise_hides_best(study.view)
    assert finding.evidence["source"] == "from repeats"


def test_noise_that_trials_report_hides_the_best(recorded):
    study = recorded(FEW)
    for config in random_configs(FEW, 30):
        study.done(config, loss=0.01 * valley(**config), loss_se=0.5)
    assert noise_hides_best(study.view).evidence["source"] == "as reported in loss_se"


def test_noise_that_a_model_sees_hides_the_best():
    found = [noise_hides_best(tuned(noisy(1.0, seed), FEW, 120, seed=seed)) for seed in range(3)]
    assert sum(finding is not None for finding in found) >= 2
    assert all(0.3 < finding.evidence["noise"] < 3 for finding in found if finding)


@pytest.mark.parametrize("sampler", ["auto", "random", "tpe"])
def test_an_exact_metric_has_no_noise(sampler):
    assert noise_hides_best(tuned(valley, FEW, 120, sampler=sampler)) is None


# -- early stopping ----------------------------------------------------------------------------------------------------


def raced(recorded, curve, quantile=0.5, seed=0):
    """Every trial after the first ten is stopped at its third step, if it is worse there than half of those before."""
    study = recorded()
    seen = []
    for config in random_configs(study.spec.space, 50, seed):
        values = [curve(config["lr"], step) for step in range(1, 11)]
        seen.append(values[2])
        if len(seen) > 10 and values[2] > np.quantile(seen, quantile):
            study.stopped(config, reports=values[:3])
        else:
            study.done(config, reports=values, loss=values[-1])
    return study.view


@pytest.mark.parametrize("seed", range(3))
def test_slow_starters_are_stopped_too_early(recorded, seed):
    def curve(lr, step):
        """Large learning rates are ahead at first, smaller ones win."""
        return (1 - step / 10) * -math.log10(lr) + step / 10 * abs(math.log10(lr) + 4)

    finding = stopped_too_early(raced(recorded, curve, seed=seed))
    assert finding.evidence["would_have_won"] >= 1
    assert finding.evidence["step"] > 3
    assert f"Median(warmup={finding.evidence['step']})" in finding.remedy


@pytest.mark.parametrize("seed", range(4))
def test_curves_that_do_not_cross_are_stopped_rightly(recorded, seed):
    rng = np.random.default_rng(seed)
    view = raced(recorded, lambda lr, step: abs(math.log10(lr) + 2) + 1 / step + rng.normal(0, 0.05), seed=seed)
    assert stopped_too_early(view) is None


# -- time --------------------------------------------------------------------------------------------------------------


def timed_study(recorded, seconds, failed=lambda _: False):
    study = recorded(SIZES)
    for config in random_configs(SIZES, 40):
        number = study.start(config)
        study.now += seconds(config)
        end = Failed("error", "broke", 1) if failed(config) else Finished({"loss": valley(config["lr"])}, 1)
        study.add(number, end)
    return study.view


def test_a_few_slow_trials_take_half_of_the_time(recorded):
    view = timed_study(recorded, lambda c: 3000 if c["width"] > 1700 else 10)
    finding = slow_trials(view)
    assert 0 < len(finding.trials) <= 4
    assert 'trial_time="' in finding.remedy
    assert slow_trials(timed_study(recorded, lambda _: 10)) is None


def test_time_that_went_into_failures(recorded):
    view = timed_study(recorded, lambda _: 60, failed=lambda c: c["width"] > 200)
    assert "of the time went into" in time_in_failures(view).sentence
    assert time_in_failures(timed_study(recorded, lambda _: 60)) is None


# -- all together ------------------------------------------------------------------------------------------------------


def test_the_worst_comes_first(recorded):
    study = recorded()
    for number in range(12):
        study.done({"lr": 0.1 if number % 2 else (number + 1) / 20}, loss=1.0)
    assert [finding.severity for finding in health(study.view)] == ["problem", "warning"]


def test_nothing_is_wrong_with_a_study_that_has_hardly_begun(recorded):
    study = recorded()
    assert health(study.view) == []
    study.start()
    study.failed({"lr": 0.2}, kind="error")
    study.done({"lr": 0.3}, loss=1.0)
    assert health(study.view) == []


@pytest.mark.parametrize("minimize", [("loss",), ("loss", "seconds")])
def test_any_study_can_be_examined(recorded, minimize):
    space = ts.Space({"optimizer": ts.Choice("adam", "sgd"), "lr": ts.Float(1e-5, 1, log=True),
                      "momentum": ts.when({"optimizer": "sgd"}, ts.Float(0, 1)), "depth": ts.Ordinal(1, 2, 4, 8)})  # fmt: skip
    study = recorded(space, minimize=minimize)
    for number, config in enumerate(random_configs(space, 60)):
        if number % 7 == 0:
            study.failed(config, kind=("oom", "nan", "error", "timeout")[number % 4])
        elif number % 5 == 0:
            study.stopped(config, reports=[{name: float(number) for name in minimize}])
        else:
            study.done(config, **dict.fromkeys(minimize, (-1.0) ** number * 10.0 ** (5 * number)))
    first = health(study.view)
    assert first == health(study.view)
    assert all(finding.sentence.endswith(".") and finding.remedy.endswith(".") for finding in first)


def accusations(seed):
    """What is found in a study of a smooth function with its best point well inside, now and then with noise."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 5))
    kinds = (ts.Float(0, 1), ts.Float(1e-5, 1, log=True), ts.Int(8, 512, log=True), ts.Float(-2, 5))
    params = {f"p{i}": kinds[int(rng.integers(4))] for i in range(d)}
    middle, weight, noise = rng.uniform(0.2, 0.8, d), rng.uniform(1, 4, d), rng.choice([0.0, 0.02])

    def function(**config):
        units = np.array([param.to_unit(config[name]) for name, param in params.items()])
        return float((weight * (units - middle) ** 2).sum() + noise * rng.standard_normal())

    sampler = ("auto", "random", "tpe")[seed % 3]
    view = tuned(function, ts.Space(params), (30, 60)[seed % 2], sampler=sampler, seed=seed)
    return [finding.name for finding in health(view) if finding.name != "noise" or not noise]


def test_healthy_studies_are_hardly_ever_accused():
    found = [name for seed in range(18) for name in accusations(seed)]
    assert len(found) <= 1, found


def test_checks_have_names_of_their_own():
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)
