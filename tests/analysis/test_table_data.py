import csv
import io
import math

import pandas as pd
import polars as pl

from tunesmith.analysis.figures import table
from tunesmith.space import Choice, Float, Int, Space, when


def by_name(data, row=0):
    return dict(zip(data.columns, data.rows[row], strict=True))


def test_no_trials_keep_the_columns(recorded):
    data = table(recorded().view)
    assert data.rows == []
    assert data.columns[:5] == ["number", "state", "attempt", "lr", "loss"]


def test_a_row_holds_config_values_and_reasons(recorded):
    study = recorded()
    study.done({"lr": 0.5}, by="tpe", why="expected improvement", reports=[2.0, 1.0], loss=1.0, acc=0.5)
    study.stopped(reason="too slow", reports=[3.0])
    study.failed(kind="oom", message="out of memory", reports=[3.0])
    study.start()
    data = table(study.view)
    first = by_name(data)
    assert first == {
        "number": 0, "state": "done", "attempt": 1, "lr": 0.5, "loss": 1.0, "acc": 0.5, "step": 2, "seconds": 3.0,
        "seed": 0, "by": "tpe", "why": "expected improvement", "reason": None, "failure": None, "message": None,
    }  # fmt: skip
    assert (by_name(data, 1)["reason"], by_name(data, 1)["loss"]) == ("too slow", 3.0)
    failed = by_name(data, 2)
    assert (failed["failure"], failed["message"], failed["loss"]) == ("oom", "out of memory", None)
    assert by_name(data, 3)["step"] is None


def test_inactive_parameters_are_none(recorded):
    space = Space({"optimizer": Choice("adam", "sgd"), "momentum": when({"optimizer": "sgd"}, Float(0, 1))})
    study = recorded(space)
    study.done({"optimizer": "adam"}, loss=1.0)
    assert by_name(table(study.view))["momentum"] is None


def test_define_by_run_has_columns_for_all_that_was_asked_for(recorded):
    study = recorded(Space(grows=True))
    study.suggested({"a": (Int(1, 3), 2)}, loss=1.0)
    study.suggested({"b": (Float(0, 1), 0.5)}, loss=2.0)
    data = table(study.view)
    assert [by_name(data, row)[name] for row in (0, 1) for name in ("a", "b")] == [2, None, None, 0.5]


def test_columns_stay_unique_when_names_collide(recorded):
    space = Space({"state": Float(0, 1), "loss": Float(0, 1), "config.state": Float(0, 1)})
    study = recorded(space)
    study.done({"state": 0.1, "loss": 0.2, "config.state": 0.3}, loss=1.0, seconds=7.0)
    data = table(study.view)
    assert len(set(data.columns)) == len(data.columns)
    row = by_name(data)
    assert (row["state"], row[data.params["state"]]) == ("done", 0.1)
    assert (row[data.params["loss"]], row[data.metrics["loss"]]) == (0.2, 1.0)
    assert (row["seconds"], row[data.metrics["seconds"]]) == (1.0, 7.0)


def test_pandas_polars_and_csv_take_it(recorded):
    study = recorded()
    study.done(reports=[1.0], loss=1.0)
    study.failed()
    study.done(loss=math.nan)
    data = table(study.view)
    frame = pd.DataFrame(data.rows, columns=data.columns)
    assert frame["loss"].isna().tolist() == [False, True, True]
    other = pl.DataFrame(data.rows, schema=data.columns, orient="row", infer_schema_length=None)
    assert other["failure"].to_list() == [None, "oom", None]
    text = io.StringIO()
    csv.writer(text).writerows([data.columns, *data.rows])
    assert len(text.getvalue().splitlines()) == 4
