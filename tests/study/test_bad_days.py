"""Bad input and bad days: each with a sentence that says what is wrong, where, and what to do."""

import os
import re
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Annotated

import pytest

import tunesmith as ts
from tunesmith.errors import (
    DuplicateStudy,
    InvalidConfig,
    InvalidObjective,
    InvalidSpace,
    InvalidStudy,
    MissingExtra,
    NewerFormat,
    StoreError,
    StudyChanged,
    UnknownStudy,
)
from tunesmith.run.replay import check_log
from tunesmith.stores.network import network_filesystem
from tunesmith.stores.sqlite import SqliteStore

X = Annotated[float, ts.Float(0, 1)]


def square(x: X = 0.5):
    return (x - 0.3) ** 2


def tune(function=square, **options):
    return ts.tune(
        function, **{"minimize": "loss", "trials": 5, "store": None, "progress": "quiet", "seed": 0, **options}
    )


@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"trials": 0}, InvalidStudy, r"trials=0: .* at least one trial"),
        ({"trials": -3}, InvalidStudy, r"trials=-3"),
        ({"trials": 2.5}, InvalidStudy, r"trials=2.5"),
        ({"trials": None}, InvalidStudy, r"How long .* trials=60"),
        ({"time": "soon"}, InvalidStudy, r"time='soon' is not a duration; .* '2h'"),
        ({"time": 0}, InvalidStudy, r"time=0"),
        ({"minimize": None}, InvalidStudy, r"no objective; say minimize="),
        ({"minimize": ["loss", "loss"]}, InvalidStudy, r"'loss' is an objective twice"),
        ({"minimize": "loss", "maximize": ["acc", "acc"]}, InvalidStudy, r"'acc' is an objective twice"),
        ({"trial_time": -5}, InvalidStudy, r"trial_time=-5: nothing can be trained"),
        ({"trial_time": "0s"}, InvalidStudy, r"trial_time='0s': nothing can be trained"),
        ({"minimize": 3}, InvalidStudy, r"minimize=3"),
        ({"limits": {"memory": "8"}}, InvalidStudy, r"'memory' .* '<= 8'"),
        ({"sampler": "bayes"}, InvalidStudy, r"'bayes' is not known; choose one of auto, gp"),
        ({"scheduler": "asher"}, InvalidStudy, r"'asher' is not known; choose one of auto, none"),
        ({"parallel": 0}, InvalidStudy, r"parallel=0"),
        ({"parallel": "2"}, InvalidStudy, r"parallel='2'"),
        ({"seed": "abc"}, InvalidStudy, r"seed='abc': give a whole number"),
        ({"seed": -1}, InvalidStudy, r"seed=-1"),
        ({"points": {"x": 0.1}}, InvalidStudy, r"points=.* a list of configurations"),
        ({"points": [{"x": 0.1}, {"rate": 0.1}]}, InvalidConfig, r"points\[1\]: rate is not .*; it has x"),
        ({"executor": "cloud"}, InvalidStudy, r"'cloud' is not known"),
        ({"executor": "inline", "parallel": 2}, InvalidStudy, r"one trial at a time"),
        ({"pick": "first"}, InvalidStudy, r"'last', 'best', or 'mean'"),
        ({"progress": "loud"}, InvalidStudy, r"'auto', 'live', 'lines' or 'quiet'"),
        ({"name": "a/b"}, InvalidStudy, r"'a/b' is no name"),
        ({"name": " x"}, InvalidStudy, r"no name"),
        ({"space": {"x": [0.1, 0.2]}}, InvalidSpace, r"x: \[0.1, 0.2\] is a list; write Choice\(0.1, 0.2\)"),
        ({"space": {"x": ts.Choice("a"), "y": 1}}, InvalidObjective, r"does not take 'y'"),
        ({"points": [{"x": 7}]}, ValueError, r"x = 7 is outside"),
        ({"store": "redis://here"}, StoreError, r"redis is not known"),
        ({"store": ""}, StoreError, r"name a file"),
        ({"devices": -1}, InvalidStudy, r"devices=-1"),
    ],
)
def test_options_that_cannot_be_meant(options, error, words):
    with pytest.raises(error) as found:
        tune(**options)
    assert re.search(words, str(found.value)), found.value


def test_reversed_bounds_and_log_of_zero():
    with pytest.raises(InvalidSpace, match=r"reversed; write Float\(0, 1\)"):
        ts.Float(1, 0)
    with pytest.raises(InvalidSpace, match="low > 0"):
        ts.Float(0, 1, log=True)


def test_a_metric_that_is_never_reported_ends_the_study_at_once():
    """Whether the objective reports another one, or the name is mistyped."""

    def train(x: X):
        return {"lossy": x, "acc": 1.0}

    with pytest.raises(
        InvalidObjective,
        match=r"never reported 'loss'.*it reported lossy, acc; did you mean 'lossy'\? Report it, or name the right metric",
    ):
        tune(train)


def test_what_ends_the_study_is_said_once(capsys):
    with pytest.raises(InvalidObjective, match="never reported 'loss'"):
        tune(lambda x: {"lossy": x}, space={"x": ts.Float(0, 1)}, progress="lines")
    assert "never reported" not in capsys.readouterr().err


def test_reports_without_the_metric_too():
    def train(x: X):
        for _ in range(3):
            yield {"acc": x}

    with pytest.raises(InvalidObjective, match=r"never reported 'loss'.*it reported acc"):
        tune(train)


def test_a_misspelt_metric_is_pointed_out_while_the_first_trial_trains(capsys):
    """its training may take hours; the study goes on, since the metric may come at the end"""
    said = []

    def train(x: X):
        for _ in range(3):
            yield {"val_los": x}
        said.append(capsys.readouterr().err)
        yield {"val_loss": x}

    study = tune(train, minimize="val_loss", progress="lines")
    assert [trial.state.value for trial in study.trials] == ["done"] * 5
    first, *others = said
    assert "Trial 0 has reported val_los, and not yet 'val_loss', which the study minimizes" in first
    assert "not yet" not in "".join(others)


def test_a_limit_on_what_is_never_reported_ends_the_study_at_once():
    """no trial could keep it"""
    with pytest.raises(InvalidObjective, match=r"never reported 'memory', which the study limits; it reported loss"):
        tune(limits={"memory": "<= 8"})


def test_failures_that_are_alike_show_their_traceback_once(capsys):
    def train(x: X):
        raise ValueError(f"bad {x}")

    with pytest.raises(InvalidObjective, match="first 5 trials all failed"):
        tune(train, progress="lines")
    err = capsys.readouterr().err
    assert err.count("Traceback") == 1
    assert err.count("failed: ValueError: bad") == 4


def test_a_kind_of_failure_shows_its_traceback_once(capsys):
    """each of them has another size or address in its message"""

    def train(ctx, x: X):
        if ctx.number in (2, 3, 4):
            raise MemoryError(f"tried to allocate {ctx.number}.5 GiB")
        return x

    tune(train, progress="lines", trials=8)
    assert capsys.readouterr().err.count("Traceback") == 1


def test_the_traceback_of_a_mistake_is_short():
    """its sentence says what is wrong; ten frames of Tunesmith above it would hide that"""
    for wrong in ({"trials": 0}, {"sampler": "bayes"}, {"minimize": None}):
        with pytest.raises(ts.TunesmithError) as error:
            tune(**wrong)
        assert [entry.name for entry in error.traceback[2:]] == ["called"]
    with pytest.raises(UnknownStudy) as error:
        ts.Study.open("none", store="memory")
    assert [entry.name for entry in error.traceback[1:]] == ["called"]


def test_a_study_that_is_not_there(tmp_path):
    tune(store=tmp_path / "x.db", name="digits").close()
    with pytest.raises(UnknownStudy, match=r"no study 'digit' in .*x\.db; did you mean 'digits'\?; begin it with"):
        ts.Study.open("digit", store=tmp_path / "x.db")
    with pytest.raises(UnknownStudy, match="in this store, which is in memory; .* store='tunesmith.db'"):
        ts.Study.open("digits", store="memory")
    with pytest.raises(UnknownStudy, match="no study named 'other'; it has: digits"):
        SqliteStore(tmp_path / "x.db").spec("other")
    with pytest.raises(StoreError, match="no store at"):
        ts.Study.open("digits", store=tmp_path / "y.db")
    assert not (tmp_path / "y.db").exists()


def test_a_name_alone_takes_up_the_study_that_tune_keeps_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"no store at .*tunesmith\.db"):
        ts.Study.open("digits")
    tune(store="tunesmith.db", name="digits").close()
    with ts.Study.open("digits") as study:
        assert len(study.trials) == 5


def test_nothing_returned():
    with pytest.raises(InvalidObjective, match=r"it reported nothing. Return or yield it, as in {'loss': 0.3}"):
        tune(lambda x: None, space={"x": ts.Float(0, 1)})


def test_options_given_as_one_list_to_the_context():
    with pytest.raises(
        InvalidObjective, match=r"ctx.choice\('opt'\): Choice\(\['sgd', 'adam'\]\).*without the brackets"
    ):
        tune(lambda ctx: len(ctx.choice("opt", ["sgd", "adam"])))


@pytest.mark.parametrize("value", ["0.3", None, [1, 2], object()])
def test_a_metric_that_is_no_number(value):
    with pytest.raises(InvalidObjective, match=r"'loss' is .*; report it as a number"):
        tune(lambda x: {"loss": value}, space={"x": ts.Float(0, 1)})


def test_nan_is_a_failure_of_its_kind_and_the_study_goes_on():
    def train(x: X):
        return float("nan") if x > 0.5 else x

    study = tune(train, trials=20)
    kinds = {trial.failure.kind for trial in study.trials if trial.failure}
    assert kinds == {"nan"}
    assert study.best.values["loss"] <= 0.5
    assert len(study.trials) == 20


def test_a_study_that_only_fails_alike_gives_up_and_shows_the_traceback():
    def train(x: X):
        raise KeyError("missing column")

    with pytest.raises(InvalidObjective, match=r"first 5 trials all failed .*missing column(.|\n)*line \d+, in train"):
        tune(train, trials=100)


def interrupted(x: X):
    raise KeyboardInterrupt


def interrupted_with_context(ctx: ts.Context, x: X):
    raise KeyboardInterrupt


@pytest.mark.parametrize("train", [interrupted, interrupted_with_context])
def test_an_interrupt_inside_of_a_training_leaves_the_study(train):
    with pytest.raises(KeyboardInterrupt):
        tune(train)


def test_what_cannot_travel_to_workers_is_said_before_the_study_begins(tmp_path):
    lock = threading.Lock()

    def train(x: X):
        with lock:
            return x

    with pytest.raises(InvalidObjective, match="cannot be sent to worker processes"):
        tune(train, parallel=2, store=tmp_path / "x.db")
    assert not (tmp_path / "x.db").exists()


# -- stores ------------------------------------------------------------------------------------------------------------


def test_a_directory_is_no_store(tmp_path):
    with pytest.raises(StoreError, match=r"is a directory; name a file in it, such as .*tunesmith.db"):
        tune(store=tmp_path)


def test_another_programs_file_is_no_store(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("hello, I am no database, and long enough to be read as one" * 20)
    with pytest.raises(StoreError, match="not an SQLite file"):
        tune(store=path)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE cats (name)")
    other.close()
    with pytest.raises(StoreError, match="of another program"):
        tune(store=tmp_path / "other.db")


def test_a_store_of_a_newer_version(tmp_path):
    tune(store=tmp_path / "x.db")
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(NewerFormat, match="format 99, newer than 1; upgrade Tunesmith"):
        tune(store=tmp_path / "x.db")


def test_a_changed_space_under_the_same_name_tells_what_and_the_ways_out(tmp_path):
    tune(store=tmp_path / "x.db")
    with pytest.raises(StudyChanged) as error:
        ts.Study.open(
            "square", space={"x": ts.Float(0, 2), "y": ts.Int(0, 1)}, minimize="loss", store=tmp_path / "x.db"
        )
    words = str(error.value)
    for part in (
        "x was float 0.0 to 1.0 and is float 0.0 to 2.0",
        "y is new",
        "name='square-2'",
        "tunesmith delete square",
    ):
        assert part in words
    for options, part in [({"maximize": "loss"}, "minimize loss"), ({"minimize": "loss", "seed": 5}, "seed was 0")]:
        with pytest.raises(StudyChanged, match=part):
            ts.Study.open("square", store=tmp_path / "x.db", **options)


def test_a_duplicate_study(tmp_path):
    study = tune(store=tmp_path / "x.db")
    with pytest.raises(DuplicateStudy, match="has a study named 'square' already"):
        study.store.create(study.spec)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk_loses_nothing(tmp_path):
    """On a tiny tmpfs: a sentence, and after making room the same call goes on."""
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("no right to mount here")
    try:
        store = tmp_path / "x.db"
        with pytest.raises(StoreError, match="disk that is full; make room .* nothing recorded is lost"):
            tune(store=store, trials=100_000)
        subprocess.run(["mount", "-o", "remount,size=40m", tmp_path], check=True)
        with closing(SqliteStore(store)) as opened:
            before = [trial for trial in opened.changes("square").trials if trial.state.ended]
        assert len(before) > 10
        study = tune(store=store, trials=len(before) + 10)
        assert [trial.values for trial in study.trials[: len(before)]] == [trial.values for trial in before]
        assert check_log(study.store, "square") == []
        study.close()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_read_only_disk(tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("no right to mount here")
    try:
        tune(store=tmp_path / "x.db").close()
        subprocess.run(["mount", "-o", "remount,ro", tmp_path], check=True)
        with pytest.raises(StoreError, match=r"may not be written to|cannot be opened"):
            tune(store=tmp_path / "x.db", trials=9)
        with pytest.raises(StoreError, match=r"may not be written to|cannot be (opened|made)"):
            tune(store=tmp_path / "new" / "y.db")
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_network_file_systems_are_recognized(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text(
        f"server:/x {tmp_path}/net nfs4 rw 0 0\n/dev/sda / ext4 rw 0 0\ntmpfs {tmp_path}/net/local tmpfs rw 0 0\n"
    )
    assert network_filesystem(tmp_path / "net" / "deep", mounts) == "nfs4"
    assert network_filesystem(tmp_path / "net" / "local" / "x", mounts) is None
    assert network_filesystem(tmp_path / "elsewhere", mounts) is None


def test_tables_without_their_library(monkeypatch):
    study = tune()
    monkeypatch.setattr("importlib.import_module", lambda name: (_ for _ in ()).throw(ImportError(name)))
    with pytest.raises(MissingExtra, match=r"needs pandas; install it with: pip install pandas"):
        study.to_pandas()


# -- many at once ------------------------------------------------------------------------------------------------------


def test_two_drivers_on_one_study_share_its_budget(tmp_path):
    """Started together as two programs: the total is exact and no configuration is tried twice."""
    code = (
        "import sys, tunesmith as ts\nfrom typing import Annotated\n"
        "def square(x: Annotated[float, ts.Float(0, 1)] = 0.5):\n    return (x - 0.3) ** 2\n"
        f"ts.tune(square, minimize='loss', trials=120, store={str(tmp_path / 'x.db')!r}, seed=0, progress='quiet')\n"
    )
    script = Path(tmp_path / "script.py")
    script.write_text(code)
    drivers = [subprocess.Popen([sys.executable, script]) for _ in range(3)]
    assert [driver.wait() for driver in drivers] == [0, 0, 0]
    with closing(SqliteStore(tmp_path / "x.db")) as store:
        trials = store.changes("square").trials
        assert [trial.number for trial in trials] == list(range(120))
        searched = [trial.config["x"] for trial in trials if trial.twin is None]
        assert len(set(searched)) == len(searched) >= 117  # the best one is repeated, at most once by each driver
        assert all(trial.state is ts.State.DONE for trial in trials)
        assert check_log(store, "square") == []
