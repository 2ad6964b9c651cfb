"""A search after a range test: the learning rate stays where the test has found that models learn."""

import pytest

import tunesmith as ts
from tunesmith.run.replay import check_proposals
from tunesmith.samplers.auto import choose_sampler

SPACE = {"model.lr": ts.Float(1e-6, 10, log=True, default=1e-3), "width": ts.Int(8, 64)}
FOUND = {"lr_range.low": 1e-4, "lr_range.high": 1e-2}


def searched(first, space=SPACE, **options):
    study = ts.Study.open("probed", space=space, minimize="loss", trials=12, seed=0, **options)
    for number in range(12):
        trial = study.ask()
        study.tell(trial, loss=float(number), **(first if number == 0 else {}))
    return study


def rates(study, name="model.lr"):
    return [trial.config[name] for trial in study.trials[1:]]


@pytest.mark.parametrize("sampler", ["auto", "tpe", "random", "sobol", "cmaes"])
def test_the_rate_is_searched_where_the_test_has_found_it(sampler):
    study = searched(FOUND, sampler=sampler)
    assert all(1e-4 <= rate <= 1e-2 for rate in rates(study))
    assert len({*rates(study)}) == 11
    assert study.trials[5].why.endswith("; model.lr from 0.0001 to 0.01 by the range test of trial 0")
    assert study.spec.space.params["model.lr"].high == 10


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"lr_range.low": 1e-4},
        {"lr_range.low": 1e-2, "lr_range.high": 1e-4},
        {"lr_range.low": 20.0, "lr_range.high": 30.0},
    ],
)
def test_without_a_clear_range_everything_is_searched(found):
    assert min(rates(searched(found, sampler="sobol"))) < 1e-5


def test_the_parameter_with_the_role_is_the_one():
    space = {"lr": ts.Float(1e-6, 10, log=True), "speed": ts.Float(1e-6, 10, log=True, role="learning rate")}
    study = searched(FOUND, space, sampler="sobol")
    assert all(1e-4 <= rate <= 1e-2 for rate in rates(study, "speed"))
    assert min(rates(study, "lr")) < 1e-4


@pytest.mark.parametrize(
    "space", [{"width": ts.Int(8, 64)}, {"lr": ts.Choice(1e-5, 1e-3, 1e-1), "width": ts.Int(8, 64)}]
)
def test_nothing_changes_where_there_is_no_range_to_narrow(space):
    assert not any("range test" in trial.why for trial in searched(FOUND, space, sampler="sobol").trials)


def test_the_log_proves_it(tmp_path):
    study = searched(FOUND, store=tmp_path / "probed.db")
    asked, differ = check_proposals(study.store, "probed", lambda spec: choose_sampler(spec).sampler)
    assert asked == 12
    assert not differ
