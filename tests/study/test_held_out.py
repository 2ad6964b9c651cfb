"""The test set is looked at for the winner, once, and every look is on record."""

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.schedulers.base import fresh

SPACE = {"x": ts.Float(0, 1)}


def train(ctx: ts.Context, x, seed):
    luck = np.random.default_rng(seed).normal()
    for epoch in range(1, 4):
        ctx.report(loss=(x - 0.3) ** 2 + 0.05 * luck + 1 / epoch, test_error=x + epoch, test_auc=0.5)
        ctx.save({"x": x, "epoch": epoch})


def tuned(function=train, **options):
    options = {"trials": 20, "sampler": "sobol", "seed": 0, "minimize": "loss", "store": None, **options}
    return ts.tune(function, space=SPACE, progress="quiet", **options)


def test_metrics_of_the_test_set_are_seen_by_nobody():
    seen = []

    class Watching:
        def decide(self, view, trial, report):
            seen.append({*report.metrics, *trial.values, *view.metrics(trial.number)})
            return ts.Continue()

        def next(self, view, slots):
            return fresh(slots)

    study = tuned(scheduler=Watching(), trials=5)
    assert set.union(*seen) == {"loss"}
    assert all(set(trial.values) == {"loss"} for trial in study.trials)
    assert not any("test_error" in name for name in study.table().columns)


def test_the_winner_is_looked_at_when_the_budget_is_spent():
    study = tuned()
    looked = study.test()
    again = [study.best, *(t for t in study.trials if t.twin == study.best.number)]
    assert looked.trainings == len(again) >= 2
    assert looked.values == {"test_error": pytest.approx(study.best.config["x"] + 3), "test_auc": 0.5}
    assert [trial.number for trial in study.trials if "test" in trial.notes] == [study.best.number]
    assert study.test() == looked


def test_another_winner_is_another_look():
    def exact(x):
        return {"loss": (x - 0.3) ** 2, "test_error": x}

    study = tuned(exact, trials=4)
    first = study.test().trial
    larger = ts.Study.open(study.name, store=study.store, trials=6)
    for x in (0.2999, 0.3001):
        larger.enqueue({"x": x})
    more = tuned(exact, store=study.store, name=study.name, trials=6, confirm=0)
    assert more.best.number != first
    assert more.test().trial == more.best.number
    assert sum("test" in trial.notes for trial in more.trials) == 2


def test_a_function_is_called_once_with_what_the_winner_saved():
    calls = []

    def test(config, state):
        calls.append((config, state))
        return {"error": config["x"]}

    study = tuned(test=test)
    assert calls == [(study.best.config, {"x": study.best.config["x"], "epoch": 3})]
    assert study.test(test).values == {"error": study.best.config["x"]}
    assert len(calls) == 1


def test_the_report_that_counts_tells_the_test_value_that_counts():
    def valley(ctx: ts.Context, x):
        for step, loss in enumerate((3.0, 1.0, 2.0), 1):
            ctx.report(loss=loss + x, test_error=10 * step)

    assert tuned(valley, trials=3, pick="best").test().values == {"test_error": 20}
    assert tuned(valley, trials=3, pick="last").test().values == {"test_error": 30}
    assert tuned(valley, trials=3, pick="mean").test().values == {"test_error": 20}


def test_an_objective_is_never_sealed():
    study = tuned(lambda x: {"test_loss": x, "test_other": 2 * x}, minimize="test_loss", trials=3)
    assert set(study.best.values) == {"test_loss"}
    assert study.test().values == {"test_other": 2 * study.best.config["x"]}


def test_values_that_are_returned_and_broken_ones_are_sealed_too():
    study = tuned(lambda x: {"loss": x, "test_error": float("nan")}, trials=3)
    assert set(study.best.values) == {"loss"}
    assert np.isnan(study.test().values["test_error"])


def test_ask_and_tell_seal_too():
    study = ts.Study.open("s", space=SPACE, minimize="loss")
    trial = study.ask()
    study.report(trial, step=1, loss=0.3, test_error=0.4)
    assert set(study.tell(trial).values) == {"loss"}
    assert study.test().values == {"test_error": 0.4}


def test_nothing_to_look_at():
    study = tuned(lambda x: {"loss": x}, trials=3)
    assert study.test() is None
