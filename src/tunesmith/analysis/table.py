"""All trials as a table of plain values: for HTML, and for pandas, polars and CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, final, overload

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
    rows: Sequence[list[object]]
    """Numbers, text, True, False, lists, and None for what a trial has not."""
    params: dict[str, str]
    """The column of each parameter."""
    metrics: dict[str, str]
    """The column of each metric: the objectives first."""


def table(view: View) -> Table:
    """All trials of a study."""
    found = outline(view)
    return replace(found, rows=list(found.rows))


def outline(view: View) -> Table:
    """The same table, of which each row is made when somebody looks at it: for pages of very large studies."""
    params = list(view.space.params)
    metrics = _metrics(view)
    param_columns = _columns("config", params, {*_FIRST, *_LAST, *metrics})
    metric_columns = _columns("values", metrics, {*_FIRST, *_LAST, *params})
    return Table(
        columns=[*_FIRST, *param_columns.values(), *metric_columns.values(), *_LAST],
        rows=_Rows(view.trials, params, metrics),
        params=param_columns,
        metrics=metric_columns,
    )


@final
class _Rows(Sequence[list[object]]):
    """The rows of a table, each made when it is asked for."""

    def __init__(self, trials: Sequence[Trial], params: list[str], metrics: list[str]) -> None:
        self._trials = trials
        self._params = params
        self._metrics = metrics

    def __len__(self) -> int:
        return len(self._trials)

    @overload
    def __getitem__(self, place: int) -> list[object]: ...
    @overload
    def __getitem__(self, place: slice) -> list[list[object]]: ...
    def __getitem__(self, place: int | slice) -> list[object] | list[list[object]]:
        if isinstance(place, slice):
            return [_row(trial, self._params, self._metrics) for trial in self._trials[place]]
        return _row(self._trials[place], self._params, self._metrics)


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
