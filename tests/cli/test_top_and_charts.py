"""Studies in the terminal: `top`, and histories in characters."""

import math

import numpy as np
import pytest
from click.testing import CliRunner

from tunesmith.analysis.history import History, history
from tunesmith.cli.charts import history_chart
from tunesmith.cli.main import cli
from tunesmith.space import Float, Space
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.trials import Asked, Draft, Failed, Finished, Opened, Reported, Started, StudySpec, View
from tunesmith.trials.spec import Budget, objectives_from


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path / "studies.db")
    yield made
    made.close()


def add(store, name, *ends, reports=()):
    if name not in {info.name for info in store.studies()}:
        space = Space({"lr": Float(1e-5, 1.0, log=True)})
        store.create(StudySpec(name, space, objectives_from("loss", None), budget=Budget(trials=10)))
    for end in ends:
        number = store.append(name, [Draft(None, Opened())]).trials[0].number
        facts = [Asked({"lr": 0.1}, "sobol", "spread", 1), Started("elsewhere/1/2", 1)]
        facts += [Reported(step, {"loss": value}, 1) for step, value in enumerate(reports, 1)]
        store.append(name, [Draft(number, fact) for fact in [*facts, *([end] if end else [])]])


def chart_of(store, name="digits", **size):
    view = View(store.spec(name)).advance(store.changes(name))
    return history_chart(history(view), **size)


def run(store, *arguments):
    done = CliRunner().invoke(cli, [*arguments, "--store", str(store.path)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_top_shows_all_studies_and_what_runs(store):
    add(store, "digits", Finished({"loss": 0.5}, 1), Finished({"loss": 0.25}, 1), Failed("oom", "full", 1))
    add(store, "digits", None, reports=[0.9, 0.75])
    add(store, "empty")
    text = run(store, "top", "--once")
    assert "2 studies in" in text
    assert "4 of 10" in text
    assert "loss 0.25" in text
    assert "0.75" in text


def test_top_of_an_empty_store_says_how_to_begin(store):
    assert "tunesmith run" in run(store, "top", "--once")


def test_show_draws_the_history_when_asked(store):
    add(store, "digits", Finished({"loss": 0.5}, 1), Finished({"loss": 0.25}, 1))
    assert "best so far" not in run(store, "show")
    assert "★" in run(store, "show", "--plot")


def test_nothing_to_draw(store):
    add(store, "digits")
    assert chart_of(store) == []
    add(store, "digits", Failed("oom", "full", 1), Finished({"loss": math.nan}, 1))
    assert chart_of(store) == []
    run(store, "show", "--plot")


def test_the_best_so_far_is_a_line_of_steps(store):
    add(store, "digits", *(Finished({"loss": loss}, 1) for loss in (1.0, 2.0, 0.0, 2.0)))
    lines = chart_of(store, width=31, height=5)
    assert lines[2].endswith("·" + "─" * 19), "from the first trial on"
    assert lines[4].endswith("★" + "─" * 10), "from the third one to the end"
    assert "│" in lines[3]


def test_one_trial_is_the_best(store):
    add(store, "digits", Finished({"loss": 0.5}, 1))
    lines = chart_of(store, width=20, height=5)
    assert sum(line.count("★") for line in lines[:5]) == 1


@pytest.mark.parametrize(("width", "height"), [(20, 3), (72, 14), (100, 30)])
@pytest.mark.parametrize("log", [False, True])
def test_points_line_and_failures_keep_to_the_frame(width, height, log):
    rng = np.random.default_rng(0)
    values = rng.lognormal(size=300) * (1000.0 if log else 1.0)
    states = ["failed" if rng.random() < 0.1 else "done" for _ in values]
    values[[state == "failed" for state in states]] = math.nan
    so_far = np.minimum.accumulate(np.where(np.isnan(values), np.inf, values))
    data = History(
        metric="loss", direction="minimize", numbers=np.arange(300), values=values, states=states,
        feasible=~np.isnan(values), so_far=so_far, best=int(np.nanargmin(values)), best_value=float(np.nanmin(values)),
        limited=False, log=log, near=None if log else (0.0, 2.0), configs=[{}] * 300, reasons=[""] * 300,
    )  # fmt: skip
    lines = history_chart(data, width, height)
    margin = lines[0].index("┤") + 1
    body = lines[:height]
    assert all(len(line) <= margin + width for line in lines[: height + 2])
    assert sum(line.count("★") for line in body) == 1
    assert "x" in lines[height]
    if log:
        assert "logarithmic" in lines[-1]
    else:
        assert "beyond the frame" in lines[-1]
