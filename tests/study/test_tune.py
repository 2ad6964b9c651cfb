"""tune and Study: the main path, ask and tell, resuming, budgets, results."""

import math
import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

import numpy as np
import pytest

import tunesmith as ts
from tunesmith.errors import BudgetSpent, IllegalTransition, InvalidConfig, InvalidStudy, SpaceExhausted
from tunesmith.run.folder import load_checkpoint
from tunesmith.run.replay import check_log, check_proposals
from tunesmith.samplers.auto import choose_sampler
from tunesmith.schedulers import Continue, Median, Stop
from tunesmith.stores.memory import MemoryStore
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.trials import State

X = Annotated[float, ts.Float(0, 1)]


def square(x: X = 0.5):
    return (x - 0.3) ** 2


def epochs(x: X = 0.5):
    for epoch in range(1, 11):
        yield {"loss": (x - 0.3) ** 2 + 1 / epoch, "epoch": epoch}


def tune(function=square, **options):
    return ts.tune(
        function, **{"minimize": "loss", "trials": 20, "store": None, "progress": "quiet", "seed": 0, **options}
    )


def configs(study):
    return [trial.config for trial in study.trials]


# -- the main path -----------------------------------------------------------------------------------------------------


def test_the_default_comes_first_and_the_best_is_found():
    study = tune(trials=64)
    assert study.trials[0].by == "default"
    assert study.trials[0].config == {"x": 0.5}
    assert abs(study.best.config["x"] - 0.3) < 0.02
    assert study.best.values["loss"] == min(trial.values["loss"] for trial in study.trials)
    assert study.ending.reason == "all 64 trials are done"


@pytest.mark.parametrize("parallel", [1, 2])
def test_typed_arguments_arrive_as_declared(parallel, tmp_path):
    class Kind(Enum):
        RELU = 1
        TANH = 2

    @dataclass
    class Sgd:
        momentum: Annotated[float, ts.Float(0, 1)] = 0.9

    @dataclass
    class Adam:
        beta: Annotated[float, ts.Float(0.5, 1)] = 0.9

    def train(opt: Sgd | Adam, kind: Kind, width: Annotated[int, ts.Int(1, 64)], flag: bool = True, seed: int = -1):
        assert isinstance(opt, Sgd | Adam)
        assert isinstance(kind, Kind)
        assert type(width) is int
        assert type(flag) is bool
        assert seed >= 0
        return {"loss": float(width), "is_sgd": float(isinstance(opt, Sgd))}

    study = tune(train, trials=12, parallel=parallel, store=tmp_path / "x.db")
    assert [trial.failure for trial in study.trials] == [None] * 12
    assert {trial.values["is_sgd"] for trial in study.trials} == {0.0, 1.0}
    study.close()


def test_maximizing_and_several_objectives():
    study = tune(lambda x: x, space={"x": ts.Float(0, 1)}, minimize=None, maximize="acc")
    assert study.best.values["acc"] == max(trial.values["acc"] for trial in study.trials)
    two = tune(lambda x: {"a": x, "b": 1 - x, "c": x}, space={"x": ts.Float(0, 1)}, minimize=["a", "b"], confirm=0)
    assert len(two.front) == 20
    three = tune(lambda x: {"a": x, "b": x}, space={"x": ts.Float(0, 1)}, minimize="a", maximize="b", confirm=0)
    assert len(three.front) == 20


def test_limits_on_metrics_decide_what_can_be_best():
    study = tune(lambda x: {"loss": x, "memory": 1 - x}, space={"x": ts.Float(0, 1)}, limits={"memory": "<= 0.5"})
    assert study.best.values["memory"] <= 0.5
    assert study.best.values["loss"] >= 0.5


def test_the_last_report_counts_unless_the_best_is_asked_for():
    def train(x: X):
        for value in (3.0, 1.0, 2.0):
            yield {"loss": value + x, "other": 10 * value}

    last, best = (tune(train, trials=3, scheduler="none", pick=pick, points=[{"x": 0.0}]) for pick in ("last", "best"))
    assert last.trials[1].values == {"loss": 2.0, "other": 20.0}
    assert best.trials[1].values == {"loss": 1.0, "other": 10.0}


def test_stopped_trials_say_why_and_count():
    study = tune(epochs, trials=40, sampler="sobol")
    stopped = [trial for trial in study.trials if trial.state is State.STOPPED]
    assert len(stopped) > 5
    assert all("median of" in trial.reason and "loss" in trial.reason for trial in stopped)
    assert all(trial.values["loss"] == trial.last.metrics["loss"] for trial in stopped)
    assert study.best.state is State.DONE


def test_paused_trials_that_are_left_are_told():
    def train(x):
        for step in range(1, 28):
            yield {"loss": (x - 0.3) ** 2 + 1 / step}

    study = ts.tune(
        train, space={"x": ts.Float(0, 1)}, minimize="loss", trials=30, time="1h", store=None, progress="quiet", seed=0
    )
    paused = [trial for trial in study.trials if trial.state.value == "paused"]
    assert paused
    assert study.ending.reason == (
        f"all 30 trials have had their turn; {len(paused)} stay paused, as others did better"
    )


def test_a_mistake_in_the_training_costs_no_trials(tmp_path):
    """After it is corrected, the same call tries the same configurations, the default first."""

    def wrong(x: X = 0.5):
        raise KeyError("typo")

    def named(x: X = 0.5):
        return {"loss": square(x)}

    with pytest.raises(ts.TunesmithError, match="The first 5 trials all failed .*typo"):
        tune(wrong, name="n", store=tmp_path / "x.db", sampler="sobol")
    with pytest.raises(ts.TunesmithError, match="never reported 'lost'"):
        tune(named, name="n", store=tmp_path / "x.db", minimize="lost", sampler="sobol")
    study = tune(named, name="n", store=tmp_path / "x.db", sampler="sobol")
    assert configs(study) == configs(tune(sampler="sobol"))
    assert [trial.state for trial in study.trials] == [State.DONE] * 20
    study.close()


def test_first_failures_that_differ_are_failures_of_their_configurations():
    def train(x: X):
        if x > 0.2:
            raise ValueError(f"{'abcdefghij'[int(x * 10)]} is bad")
        return x

    study = tune(train, trials=20)
    assert {trial.state for trial in study.trials} == {State.DONE, State.FAILED}
    only = tune(lambda x: 1 / 0 if x != 0.5 else [].pop(), space={"x": ts.Float(0, 1)}, trials=3)
    assert [trial.state for trial in only.trials] == [State.FAILED] * 3


def test_configs_come_back_as_arguments():
    @dataclass
    class Layer:
        width: Annotated[int, ts.Int(1, 64)] = 8

    def train(layer: Layer, x: X = 0.5):
        return layer.width * x

    space = ts.space_of(train, limits=["layer.width < 32"])
    study = tune(train, space=space)
    assert all(trial.config["layer.width"] < 32 for trial in study.trials)
    assert train(**ts.arguments(train, study.best.config)) == study.best.values["loss"]


def test_a_failing_trial_does_not_end_the_study():
    def train(x: X):
        if x > 0.5:
            raise MemoryError("too large")
        return x

    study = tune(train, trials=30)
    assert {trial.failure.kind for trial in study.trials if trial.failure} == {"oom"}
    assert len(study.trials) == 30


def test_a_finite_space_ends_when_it_is_exhausted():
    study = tune(lambda a, b: a + b, space={"a": ts.Int(1, 4), "b": ts.Choice(10, 20)}, trials=100)
    assert len({str(config) for config in configs(study)}) == 8
    assert len(study.trials) == 9, "and one of them again, to see whether there is luck"
    assert study.ending.reason == "all 8 configurations of the space have been tried"
    without_budget = tune(lambda a: a, space={"a": ts.Int(1, 4)}, trials=None)
    assert sorted(trial.config["a"] for trial in without_budget.trials) == [1, 2, 3, 4]


def test_a_repeat_takes_no_configuration_from_a_finite_space():
    """while it is searched, the best is trained once more, to see whether there is luck"""

    def train(x, seed):
        return x + random.Random(seed).random()

    study = tune(train, space={"x": ts.Int(0, 19)}, trials=40)
    assert any(trial.twin is not None for trial in study.trials)
    assert {trial.config["x"] for trial in study.trials} == set(range(20))


def test_conditional_and_limited_spaces_end_too():
    space = ts.Space({"a": ts.Int(1, 3), "b": ts.when({"a": ">= 2"}, ts.Int(1, 3))}, limits=["b <= a"])
    study = tune(lambda a, b=0: a + b, space=space, trials=50, sampler="random")
    assert len(study.trials) == 7
    assert len({str(config) for config in configs(study)}) == 6


# -- define by run -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("parallel", [1, 2])
def test_define_by_run_grows_the_space(parallel):
    def train(ctx: ts.Context):
        lr = ctx.float("lr", 1e-5, 1, log=True, default=0.01)
        layers = ctx.int("layers", 1, 3 + ctx.number % 2, default=2)
        widths = [ctx.int(f"width{i}", 8, 64) for i in range(layers)]
        act = ctx.choice("act", "relu", "tanh")
        return (
            abs(math.log10(lr) + 2)
            + sum(widths) / 100
            + (act == "tanh")
            + ctx.ordinal("batch", 32, 64, default=64) / 100
        )

    study = tune(train, trials=30, parallel=parallel)
    first = study.trials[0].config
    assert (first["lr"], first["layers"], first["batch"]) == (0.01, 2, 64)
    space = study.view.space
    assert space.params["layers"] == ts.Int(1, 4, default=2)
    assert {"width0", "width1", "width2"} <= set(space.params)
    for trial in study.trials:
        assert [name for name in trial.config if name.startswith("width")] == [
            f"width{i}" for i in range(trial.config["layers"])
        ]
    X, active = study.view.columns.X, study.view.columns.active
    assert X.shape == active.shape == (30, len(space))
    study.close()


# -- reproducible ------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_study_and_another_one_another():
    assert configs(tune()) == configs(tune())
    assert configs(tune()) != configs(tune(seed=1))
    assert [trial.seed for trial in tune().trials] == [trial.seed for trial in tune().trials]


def test_a_study_continued_in_pieces_is_the_same_study(tmp_path):
    # Repeats come at the end of whatever budget is known.
    whole = tune(epochs, trials=30, confirm=0)
    for trials in (7, 8, 21, 30):
        study = tune(epochs, trials=trials, store=tmp_path / "x.db", confirm=0)
        assert len(study.trials) == trials
        study.close()
    study = ts.Study.open("epochs", store=tmp_path / "x.db")
    assert configs(study) == configs(whole)
    assert [trial.values for trial in study.trials] == [trial.values for trial in whole.trials]
    study.close()


@pytest.mark.parametrize("sampler", ["auto", "random", "grid"])
def test_proposals_come_out_again_from_the_history_that_they_saw(tmp_path, sampler):
    study = tune(epochs, trials=25, parallel=3, sampler=sampler, store=tmp_path / "x.db")
    assert check_log(study.store, "epochs") == []
    asked, differing = check_proposals(study.store, "epochs", lambda spec: choose_sampler(spec).sampler)
    repeats = sum(trial.twin is not None for trial in study.trials)
    assert (asked, differing) == (len(study.trials) - repeats, [])
    assert asked == (24 if sampler != "grid" else 5)
    study.close()


def test_a_tampered_log_is_noticed(tmp_path):
    import sqlite3

    tune(store=tmp_path / "x.db").close()
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("UPDATE trials SET doc = replace(doc, '\"loss\":', '\"loss\":1') WHERE number = 3")
        connection.execute("DELETE FROM events WHERE trial = 5 AND kind = 'finished'")
        connection.commit()
    with closing(SqliteStore(tmp_path / "x.db")) as store:
        assert [line.split(":")[0] for line in check_log(store, "square")][1:] == ["Trial 3", "Trial 5"]


# -- budgets -----------------------------------------------------------------------------------------------------------


def test_running_again_continues_to_the_total_and_may_raise_it(tmp_path):
    for trials, expected in [(5, 5), (5, 5), (9, 9), (3, 9)]:
        study = tune(trials=trials, store=tmp_path / "x.db")
        assert len(study.trials) == expected
        study.close()


def test_points_are_still_tried_by_a_study_that_goes_on_with_another_sampler(tmp_path):
    """what is left out stays as the study has it"""
    points = [{"x": 0.125}, {"x": 0.875}]
    tune(trials=2, store=tmp_path / "x.db", points=points).close()
    with tune(trials=4, store=tmp_path / "x.db", sampler="random") as study:
        assert [trial.config["x"] for trial in study.trials[1:3]] == [0.125, 0.875]


def test_cost_is_a_budget():
    study = tune(lambda x: {"loss": x, "cost": 2.5}, space={"x": ts.Float(0, 1)}, trials=None, cost=10)
    assert len(study.trials) == 4
    assert study.ending.reason == "the cost budget of 10 is used up"


def test_no_training_begins_that_would_cost_more_than_is_left():
    study = tune(lambda x: {"loss": x, "cost": 3.0}, space={"x": ts.Float(0, 1)}, trials=None, cost=10)
    assert len(study.trials) == 3
    assert study.ending.reason == "what is left of the cost budget of 10 is too little for another training"


def test_time_is_a_budget_over_all_runs(tmp_path):
    """Counted by the facts: trials that ran earlier have used it up."""

    def train(x: X):
        threading.Event().wait(0.02)
        return x

    first = tune(train, trials=None, time=0.1, store=tmp_path / "x.db")
    count = len(first.trials)
    assert 1 <= count <= 10
    assert first.ending.reason in (
        "the time of 0.1 s is used up",
        "what is left of the time of 0.1 s is too little for another training",
    )
    first.close()
    again = tune(train, trials=None, time=0.1, store=tmp_path / "x.db")
    assert len(again.trials) <= count + 1
    again.close()


# -- ask and tell ------------------------------------------------------------------------------------------------------


def opened(**options):
    return ts.Study.open("s", space={"x": ts.Float(0, 1)}, minimize="loss", seed=0, **options)


def test_ask_report_tell():
    study = opened(scheduler="none")
    trial = study.ask()
    assert trial.config == {"x": 0.5}
    assert study.report(trial, step=1, loss=0.9) == Continue()
    assert study.report(trial, loss=0.5) == Continue()
    assert study.tell(trial).values == {"loss": 0.5}
    second = study.ask()
    assert study.tell(second, 0.25).values == {"loss": 0.25}
    third = study.ask()
    assert study.tell(third, {"loss": 0.1, "size": 3}).values == {"loss": 0.1, "size": 3.0}
    assert study.best.number == 2
    fourth = study.ask()
    assert study.fail(fourth, "oom", "no room").failure.kind == "oom"
    assert study.tell(study.ask(), float("nan")).failure.kind == "nan"


def test_ask_and_tell_propose_what_tune_proposes():
    study = opened()
    asked = []
    for _ in range(5):
        asked.append(study.ask())
        study.tell(asked[-1], asked[-1].config["x"])
    tuned = tune(lambda x: x, space={"x": ts.Float(0, 1)}, trials=5)
    assert [trial.config for trial in asked] == configs(tuned)


def test_a_stop_decision_is_recorded():
    study = opened(scheduler=Median(warmup=0, trials=2))
    for value in (0.3, 0.2, 0.1):
        trial = study.ask()
        study.report(trial, step=1, loss=value)
        study.tell(trial)
    trial = study.ask()
    decision = study.report(trial, step=1, loss=9.0)
    assert isinstance(decision, Stop)
    assert study.trials[3].state is State.STOPPED
    assert study.trials[3].reason == decision.reason
    with pytest.raises(IllegalTransition, match="it is stopped"):
        study.report(trial, step=2, loss=1.0)


def test_mistakes_in_ask_and_tell_are_explained():
    study = opened(trials=1)
    trial = study.ask()
    with pytest.raises(InvalidStudy, match="never reported 'loss'"):
        study.tell(trial, acc=1.0)
    with pytest.raises(ts.TunesmithError, match="report it as a number"):
        study.report(trial, step=1, loss="low")
    with pytest.raises(InvalidStudy, match="say one of error, oom"):
        study.fail(trial, "boom")
    with pytest.raises(InvalidStudy, match="no result yet: 1 running"):
        _ = study.best
    study.report(trial, step=5, loss=1.0)
    with pytest.raises(IllegalTransition, match="step 4 comes after step 5"):
        study.report(trial, step=4, loss=1.0)
    with pytest.raises(BudgetSpent, match="All 1 trials"):
        study.ask()
    with pytest.raises(InvalidConfig, match="x = 3 is outside"):
        study.enqueue({"x": 3})


def test_enqueued_configs_come_before_others(tmp_path):
    with opened(store=tmp_path / "x.db") as study:
        study.enqueue({"x": 0.123})
        assert study.ask().config == {"x": 0.123}
        study.enqueue({"x": 0.321})
    tuned = tune(lambda x: x, space={"x": ts.Float(0, 1)}, name="s", trials=6, store=tmp_path / "x.db")
    assert tuned.trials[1].values == {"loss": 0.321}
    tuned.close()


def test_a_finite_space_runs_out_of_questions():
    study = ts.Study.open("s", space={"a": ts.Int(1, 2)}, minimize="loss")
    for _ in range(2):
        study.tell(study.ask(), 1.0)
    with pytest.raises(SpaceExhausted, match="All 2 "):
        study.ask()


def test_a_person_may_stop_a_trial():
    study = opened()
    trial = study.ask()
    study.report(trial, step=1, loss=0.5)
    assert study.stop(trial, "looks bad").values == {"loss": 0.5}
    assert study.trials[0].reason == "looks bad"


def test_trials_of_a_dead_process_are_asked_again(tmp_path):
    code = f"import tunesmith as ts\ns = ts.Study.open('s', space={{'x': ts.Float(0, 1)}}, minimize='loss', seed=0, store={str(tmp_path / 'x.db')!r})\nprint(s.ask().config)"
    first = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    with ts.Study.open("s", store=tmp_path / "x.db") as study:
        trial = study.ask()
        assert (trial.number, trial.attempt, str(trial.config)) == (0, 2, first.stdout.strip())


# -- results -----------------------------------------------------------------------------------------------------------


def test_tables_for_pandas_and_polars():
    study = tune()
    frame = study.to_pandas()
    assert len(frame) == 20
    assert frame.loc[frame.loss.idxmin(), "x"] == study.best.config["x"]
    assert study.to_polars()["loss"].min() == study.best.values["loss"]


def test_the_report_is_one_file(tmp_path):
    path = tune(epochs).report(tmp_path / "report.html")
    text = path.read_text()
    assert "epochs" in text
    assert "sampler" in text
    with pytest.raises(InvalidStudy, match="cannot be written"):
        tune().report(tmp_path / "nowhere" / "report.html")


def test_checkpoints_lie_beside_the_store(tmp_path):
    def train(ctx: ts.Context, x: X):
        for epoch in range(3):
            ctx.report(loss=(2 - epoch) ** 2 + x)
            ctx.save({"epoch": epoch})
        (ctx.folder / "model.txt").write_text("a model")

    study = tune(train, trials=2, store=tmp_path / "x.db")
    files = sorted(path.name for path in (study.folder / "trial-00001").iterdir())
    assert files == ["best.checkpoint", "last.checkpoint", "model.txt"]
    assert study.folder == tmp_path / "x.files" / "train"
    study.close()


def test_the_best_checkpoint_outlives_a_lost_worker(tmp_path):
    """what a trial comes to after it was started again is compared with what it had come to before"""

    def train(ctx: ts.Context, x: X):
        for step in range((ctx.load() or 0) + 1, 5):
            ctx.report(loss=(3.0, 1.0, 2.0, 2.5)[step - 1])
            ctx.save(step)
            if ctx.attempt == 1 and step == 3:
                os._exit(1)

    with tune(train, trials=1, store=tmp_path / "x.db", executor="processes") as study:
        assert study.trials[0].attempt == 2
        assert study.load() == 4
        assert load_checkpoint(study.folder / "trial-00000", best=True).state == 2


def test_the_record_of_a_run_is_kept_once(tmp_path):
    for _ in range(2):
        tune(trials=5, store=tmp_path / "x.db").close()
    with closing(SqliteStore(tmp_path / "x.db")) as store:
        records = {
            event.fact.key: event.fact.value
            for event in store.events("square")
            if getattr(event.fact, "key", "").startswith("record/")
        }
        used = {trial.record for trial in store.changes("square").trials}
    assert used == set(records)
    (record,) = records.values()
    assert record["packages"]["numpy"]
    assert record["code"]["file"] == __file__
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))


# -- leaving -----------------------------------------------------------------------------------------------------------

LEAVING = """
import sys, threading
from typing import Annotated
import tunesmith as ts

def train(x: Annotated[float, ts.Float(0, 1)], ctx: ts.Context):
    for epoch in range(ctx.load() or 0, 60):
        threading.Event().wait(0.02)
        ctx.report(loss=x)
        ctx.save(epoch + 1)
        print("epoch", flush=True)

study = ts.tune(train, minimize="loss", trials=3, parallel=int(sys.argv[2]), store=sys.argv[1], seed=0, scheduler="none", progress="lines")
print("ended", study.ending.can_continue, flush=True)
"""


@pytest.mark.parametrize("parallel", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_fairly_and_the_next_run_goes_on(tmp_path, number, parallel):
    (tmp_path / "leaving.py").write_text(LEAVING)
    command = [sys.executable, str(tmp_path / "leaving.py"), str(tmp_path / "x.db"), parallel]
    first = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    store_holds(tmp_path / "x.db", lambda trials: bool(trials) and trials[0].reports >= 5)
    os.kill(first.pid, number)
    out, err = first.communicate(timeout=60)
    if number == signal.SIGINT:
        assert "ended True" in out, "the program goes on after the search"
    else:
        assert first.returncode == 143, "SIGTERM ends the whole program"
    assert "Leaving: no new trials" in err
    assert "Run the same command again to continue" in err
    with closing(SqliteStore(tmp_path / "x.db")) as store:
        waiting = [trial for trial in store.changes("train").trials if trial.state is State.READY]
        assert len(waiting) == int(parallel)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "ended False" in done.stdout
    with closing(SqliteStore(tmp_path / "x.db")) as store:
        trials = store.changes("train").trials
        assert [trial.state for trial in trials] == [State.DONE] * 3
        assert trials[0].attempt == 2
        assert trials[0].last.step == 60
        assert trials[0].reports < 60, "it went on from its checkpoint"


def test_a_second_signal_leaves_at_once(tmp_path):
    (tmp_path / "leaving.py").write_text(LEAVING.replace("wait(0.02)", "wait(0.02 if epoch < 3 else 1000)"))
    command = [sys.executable, str(tmp_path / "leaving.py"), str(tmp_path / "x.db"), "2"]
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    store_holds(tmp_path / "x.db", lambda trials: sum(trial.reports for trial in trials) >= 6)
    os.kill(driver.pid, signal.SIGINT)
    assert driver.stderr.readline()
    while "Leaving" not in driver.stderr.readline():
        pass
    os.kill(driver.pid, signal.SIGINT)
    out, err = driver.communicate(timeout=30)
    assert "KeyboardInterrupt" in err
    assert "ended" not in out
    with closing(SqliteStore(tmp_path / "x.db")) as store:
        assert {trial.state for trial in store.changes("train").trials} == {State.READY}


def store_holds(path, enough):
    """Wait until the trials of a study have come so far."""
    pause = threading.Event()
    for _ in range(3000):
        pause.wait(0.02)
        if path.exists():
            try:
                with closing(SqliteStore(path)) as store:
                    if enough(store.changes("train").trials):
                        return
            except ts.TunesmithError:
                continue
    pytest.fail("the study did not begin")


def test_custom_samplers_and_schedulers_are_taken_as_they_are():
    class Middle:
        def ask(self, view, n, rng):
            return [ts.Proposal({"x": 0.5 + view.next / 1000}, "middle", "near the middle")] * n

    study = tune(sampler=Middle(), scheduler=ts.Any(ts.Divergence(), ts.Halving()), trials=4)
    assert [trial.by for trial in study.trials] == ["default", "middle", "middle", "middle"]
    again = ts.Study(study.store, "square")
    assert "Middle, an object of the program" in again.sampler.why
    with pytest.raises(InvalidStudy, match="give it again as sampler="):
        again.sampler.sampler.ask(again.view.asking(9), 1, np.random.default_rng(0))


def test_memory_store_objects():
    store = MemoryStore()
    study = tune(lambda a: {"loss": len(a)}, space={"a": ts.Choice("x", "yy")}, store=store, name="n", trials=9)
    assert [info.name for info in store.studies()] == ["n"]
    assert len(study.trials) == 2
