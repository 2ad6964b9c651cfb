"""Reports read from SQLite: a few as they happened, or all as columns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tunesmith.trials.changes import ReportColumns, ReportRow
from tunesmith.trials.trial import Trial


def reports_of(connection: sqlite3.Connection, study: int, trials: Sequence[Trial], after: int) -> list[ReportRow]:
    """What these trials reported after fact `after`, in order."""
    found: list[ReportRow] = []
    for trial in trials:
        if trial.last is not None:
            rows = connection.execute(
                "SELECT trial, attempt, step, metric, value, at, seq FROM reports WHERE study = ? AND trial = ? AND seq > ?",
                (study, trial.number, after),
            )
            found += grouped(rows)
    return sorted(found, key=lambda row: row.seq)


def grouped(rows: Iterator[tuple[Any, ...]] | sqlite3.Cursor) -> list[ReportRow]:
    """Rows per metric to one row per report."""
    reports: dict[int, ReportRow] = {}
    for trial, attempt, step, metric, value, at, seq in rows:
        row = reports.setdefault(seq, ReportRow(trial, attempt, step, at, seq, {}))
        row.metrics[metric] = float("nan") if value is None else value  # type: ignore[index]  # our own dict
    return list(reports.values())


def all_reports(connection: sqlite3.Connection, study: int, trials: Sequence[Trial]) -> ReportColumns:
    """A study's reports as columns, one metric at a time, so that no Python object is made per number kept."""
    # The last reports nearly always name all metrics; to look for every name would read the whole table once more.
    likely = {name for trial in trials if trial.last is not None for name in trial.last.metrics}
    found = _columns(connection, study, sorted(likely))
    total = connection.execute("SELECT count(*) FROM reports WHERE study = ?", (study,)).fetchone()[0]
    if len(found.trial) == total:
        return found
    names = connection.execute("SELECT DISTINCT metric FROM reports WHERE study = ? ORDER BY metric", (study,))
    return _columns(connection, study, [name for (name,) in names])


def _columns(connection: sqlite3.Connection, study: int, metrics: Sequence[str]) -> ReportColumns:
    row_type = np.dtype(
        [("trial", "i8"), ("attempt", "i8"), ("step", "i8"), ("value", "f8"), ("nan", "?"), ("at", "f8"), ("seq", "i8")]
    )
    parts = []
    for code, metric in enumerate(metrics):
        rows = connection.execute(
            "SELECT trial, attempt, step, ifnull(value, 0.0), value IS NULL, at, seq FROM reports WHERE study = ? AND metric = ?",
            (study, metric),
        )
        part = np.fromiter(rows, row_type)
        part["value"][part["nan"]] = np.nan
        parts.append((part, np.full(len(part), code)))
    whole = np.concatenate([part for part, _ in parts]) if parts else np.empty(0, row_type)
    codes = np.concatenate([code for _, code in parts]) if parts else np.empty(0, np.int64)
    if len(metrics) > 1:
        order = np.lexsort((codes, whole["step"], whole["attempt"], whole["trial"]))
        whole, codes = whole[order], codes[order]
    trial, attempt, step, value, at, seq = (
        np.ascontiguousarray(whole[name]) for name in ("trial", "attempt", "step", "value", "at", "seq")
    )
    return ReportColumns(trial, attempt, step, codes, value, at, seq, tuple(metrics))
