"""Objectives that ask for their parameters as they run."""

import tunesmith as ts
from tunesmith.trials.view import View


def branching(ctx):
    if ctx.choice("model", "svm", "forest") == "svm":
        return abs(ctx.float("C", 1e-3, 1e3, log=True) - 1)
    return abs(ctx.int("depth", 1, 32, log=True) - 7) / 10


def test_no_trial_is_spent_on_parameters_of_the_other_branch():
    """what only differs in a value that is not asked for is the same configuration"""
    for seed in range(3):
        study = ts.tune(branching, minimize="loss", trials=24, seed=seed, confirm=0, store=None, progress="quiet")
        assert len({tuple(trial.config.items()) for trial in study.trials}) >= 20
        assert study.best.values["loss"] <= 0.1


def test_branches_are_the_same_for_whoever_reads_the_study():
    """at once or trial by trial"""
    study = ts.tune(branching, minimize="loss", trials=12, seed=1, store=None, progress="quiet")
    read = View(study.spec).advance(study.store.changes(study.name))
    assert {name: [str(test) for test in tests] for name, tests in read.space.conditions.items()} == {
        "C": ["model = 'svm'"],
        "depth": ["model = 'forest'"],
    }
    assert read.space == study.view.space
