"""All trials as a table of plain values: for HTML, and for pandas, polars and CSV."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from tunesmith.trials.trial import State, Trial
from tunesmith.trials.view import View

_FIRST: Final = ("number", "state", "attempt")
_LAST: Final = ("step", "seconds", "seed", "by", "why", "reason", "failure", "message")


@final
@dataclass(frozen=True)
class Table:
    """One row per trial, by number.

    `pandas.DataFrame(table.rows, columns=table.columns)`, or with polars `DataFrame(rows, schema=columns,
    orient="row", infer_schema_length=None)`. Column names are unique: a parameter or metric whose plain name is taken
    is called `config.NAME` or `values.NAME`.
    """

    columns: list[str]
    rows: list[list[object]]
    """Numbers, text, True, False, lists, and None for what a trial has not."""
    params: dict[str, str]
    """The column of each parameter."""
    metrics: dict[str, str]
    """The column of each metric: the objectives first."""


def table(view: View) -> Table:
    """All trials of a study."""
    params = list(view.space.params)
    metrics = _metrics(view)
    param_columns = _columns("config", params, {*_FIRST, *_LAST, *metrics})
    metric_columns = _columns("values", metrics, {*_FIRST, *_LAST, *params})
    return Table(
        columns=[*_FIRST, *param_columns.values(), *metric_columns.values(), *_LAST],
        rows=[_row(trial, params, metrics) for trial in view.trials],
        params=param_columns,
        metrics=metric_columns,
    )


def _metrics(view: View) -> list[str]:
    named = [o.metric for o in view.spec.objectives] + [limit.metric for limit in view.spec.limits]
    seen = (name for trial in view.trials for name in trial.values)
    return list(dict.fromkeys([*named, *seen]))


def _columns(group: str, names: Iterable[str], taken: set[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    used = set(taken)
    for name in names:
        column = name
        while column in used:
            column = f"{group}.{column}"
        used.add(column)
        columns[name] = column
    return columns


def _row(trial: Trial, params: list[str], metrics: list[str]) -> list[object]:
    config = trial.config or {}
    values = {} if trial.state is State.FAILED else trial.values
    failure = trial.failure
    return [
        trial.number,
        trial.state.value,
        trial.attempt,
        *(config.get(name) for name in params),
        *(values.get(name) for name in metrics),
        trial.last.step if trial.last else None,
        trial.spent,
        trial.seed,
        trial.by,
        trial.why,
        trial.reason or None,
        failure.kind if failure else None,
        failure.message if failure else None,
    ]
