"""Fingerprints of data: the same content, the same words."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, strategies as st

from tunesmith.errors import InvalidObjective
from tunesmith.run import fingerprint as module
from tunesmith.run.fingerprint import fingerprint

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(plain, plain)
def test_different_content_has_different_fingerprints(one, other):
    """True and 1 and 1.0 are different content"""
    assert (fingerprint(one) == fingerprint(other)) == (repr(one) == repr(other) or _same(one, other))


def _same(one, other):
    """Equality that knows types, and not the order of dicts."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and one == other and repr(one) == repr(other)


def test_it_is_the_same_in_another_process():
    code = (
        "from tunesmith.run.fingerprint import fingerprint as f; print(f({'a': {'x', 'y', 'z'}, 'b': [1, 2.5, None]}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == fingerprint({"b": [1, 2.5, None], "a": {"z", "y", "x"}})


def test_arrays_are_known_by_content_and_shape():
    array = np.arange(12.0).reshape(3, 4)
    assert fingerprint(array).startswith("float64 (3, 4) ")
    assert fingerprint(np.asfortranarray(array)) == fingerprint(array)
    others = [array.reshape(4, 3), array.astype(np.float32), array + 1, array[:, ::-1]]
    assert len({fingerprint(other).split()[-1] for other in [array, *others]}) == 5
    assert fingerprint(torch.tensor(array, requires_grad=True)).split()[-1] == fingerprint(array).split()[-1]
    assert fingerprint(torch.ones(3, dtype=torch.bfloat16)).startswith("torch.bfloat16 (3,) ")


@pytest.mark.parametrize("library", [pd, pl])
def test_tables_are_known_by_their_columns(library):
    table = {"x": [1, 2], "name": ["a", None]}
    known = fingerprint(library.DataFrame(table))
    assert known.startswith("DataFrame (2, 2) ")
    assert fingerprint(library.DataFrame(table)) == known
    assert fingerprint(library.DataFrame({**table, "x": [1, 3]})) != known
    assert fingerprint(library.DataFrame({"y": [1, 2], "name": ["a", None]})) != known


def test_large_arrays_and_files_are_looked_at_in_parts(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "_MOST", 4096)
    monkeypatch.setattr(module, "_BLOCK", 512)
    array = np.zeros((1000, 16))
    known = fingerprint(array)
    for place in (0, 999):
        changed = array.copy()
        changed[place, 3] = 1.0
        assert fingerprint(changed) != known
    assert fingerprint(array[:999]) != known
    assert fingerprint(np.zeros((2, 100_000))) == fingerprint(np.zeros((2, 100_000)))
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(100_000))
    before = fingerprint(path)
    path.write_bytes(bytes(99_999) + b"1")
    assert fingerprint(path) != before


def test_directories_are_known_by_names_and_contents(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one.txt").write_text("1")
    known = fingerprint(tmp_path)
    (tmp_path / "a" / "one.txt").rename(tmp_path / "a" / "two.txt")
    assert fingerprint(tmp_path) != known


def test_what_has_no_content_is_refused():
    with pytest.raises(InvalidObjective, match="'train' is a object, which has no fingerprint; give arrays"):
        fingerprint(object(), "train")
    with pytest.raises(InvalidObjective, match="cannot be read"):
        fingerprint(Path("nowhere.csv"))
