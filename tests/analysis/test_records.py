"""What differs between two records, and how far two trainings agree."""

import math

import numpy as np
from hypothesis import given, strategies as st

import tunesmith as ts
from tunesmith.analysis.agreement import compare
from tunesmith.analysis.records import data_differences, differences

RECORD = {
    "python": "3.12.1",
    "interpreter": "/usr/bin/python3",
    "platform": "Linux",
    "host": "one",
    "cores": 8,
    "devices": ["0"],
    "packages": {"numpy": "2.0", "torch": "2.4"},
    "code": {
        "files": {"train.py": {"sha256": "a" * 64, "text": "x = 1\n"}, "model.py": {"sha256": "b" * 64}},
        "commit": "c" * 40,
        "diff": "",
    },
}


def test_the_same_record_has_no_differences():
    assert differences(RECORD, RECORD) == []


def test_all_that_may_change_is_named():
    now = {
        **RECORD,
        "python": "3.13.0",
        "host": "two",
        "devices": [],
        "packages": {"numpy": "2.1", "scipy": "1.15"},
        "code": {"files": {"train.py": {"sha256": "d" * 64, "text": "x = 2\n"}}, "commit": "e" * 40, "diff": ""},
    }
    found = {difference.what: difference for difference in differences(RECORD, now)}
    assert list(found) == [
        "train.py", "model.py", "commit", "package numpy", "package scipy", "package torch", "Python", "host", "devices",
    ]  # fmt: skip
    assert found["train.py"].diff.splitlines()[-2:] == ["-x = 1", "+x = 2"]
    assert str(found["model.py"]) == "model.py: there -> gone"
    assert str(found["package torch"]) == "package torch: 2.4 -> not there"
    assert str(found["devices"]) == "devices: 0 -> none"


def test_uncommitted_changes_are_told_by_their_difference():
    code = {"commit": "c", "diff": "+++ b/train.py\n+x = 2\n"}
    (found,) = differences({"code": {"commit": "c", "diff": ""}}, {"code": code})
    assert str(found) == "uncommitted changes: 0 lines -> 1 line"
    assert "+x = 2" in found.diff


def test_what_an_older_record_does_not_say_is_no_difference():
    assert differences({}, RECORD) == []
    assert differences({"code": None}, RECORD) == []
    assert data_differences(None, {"train": "x"}) == []


def told(values):
    """A study in memory in which one trial has reported these values."""
    with ts.Study.open("study", space={"x": ts.Float(0, 1)}, minimize="loss", scheduler="none") as study:
        trial = study.ask()
        for step, value in enumerate(values, 1):
            study.report(trial, step=step, loss=value)
        study.stop(trial)
        return study.view


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), st.data())
def test_curves_part_where_the_first_value_differs(values, data):
    place = data.draw(st.integers(0, len(values) - 1))
    changed = [*values[:place], values[place] + 1.0, *values[place + 1 :]]
    found = compare(told(values), 0, told(changed), {"loss": 0.1})
    assert found.parted == place + 1
    assert found.verdict == ("different" if place == len(values) - 1 else "same")
    assert compare(told(values), 0, told(values)).parted is None


@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_seed_noise_is_what_two_seeds_differ_by_in_95_percent_of_all_cases(noise, value):
    apart = 1.96 * math.sqrt(2) * noise
    verdict = [
        compare(told([value]), 0, told([value + share * apart]), {"loss": noise}).verdict for share in (0.99, 1.01)
    ]
    assert verdict == ["within seed noise", "different"]


def test_two_seeds_are_within_noise_in_95_percent_of_all_cases():
    pairs = np.random.default_rng(0).normal(size=(400, 2))
    near = [
        compare(told([one]), 0, told([other]), {"loss": 1.0}).verdict == "within seed noise" for one, other in pairs
    ]
    assert 0.92 < np.mean(near) < 0.98


def test_nothing_is_excused_by_noise_that_is_not_known():
    assert compare(told([1.0]), 0, told([1.0000001]), {}).verdict == "different"
    assert compare(told([1.0]), 0, told([1.0000001])).verdict == "different"
