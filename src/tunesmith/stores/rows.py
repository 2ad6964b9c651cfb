"""Trials and facts as rows: what a database keeps, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from tunesmith.space.params import Json, param_from_json
from tunesmith.trials.facts import Fact, fact_from_json, fact_to_json
from tunesmith.trials.numbers import numbers_from_json, numbers_to_json
from tunesmith.trials.trial import Failure, Report, State, Trial, evolve

# Kept in columns of their own beside the document.
_IN_COLUMNS: Final = frozenset({"number", "state", "version", "attempt", "config"})
_BLANK: Final = Trial(0, State.OPEN)
_STATES: Final = {state.value: state for state in State}
_DEFAULTS: Final = {name: value for name, value in vars(_BLANK).items() if name not in _IN_COLUMNS}


dumps: Final[Callable[[Json], str]] = json.JSONEncoder(separators=(",", ":")).encode
"""Compact JSON. (`json.dumps` would make a new encoder for every call.)"""


def trial_doc(trial: Trial) -> str:
    """What is not in columns, without what is at its default."""
    doc: dict[str, Any] = {}
    for name, default in _DEFAULTS.items():
        value = getattr(trial, name)
        if value == default:
            continue
        match name:
            case "last":
                doc[name] = [value.step, numbers_to_json(value.metrics), value.at]
            case "failure":
                doc[name] = [value.kind, value.message, value.trace]
            case "values":
                doc[name] = numbers_to_json(value)
            case "params":
                doc[name] = {key: param.to_json() for key, param in value.items()}
            case _:
                doc[name] = value
    return dumps(doc)


TrialRow: TypeAlias = tuple[int, str, int, int, str | None, str]
"""number, state, version, attempt, config, doc"""


def trials_from(rows: Sequence[TrialRow]) -> list[Trial]:
    """The inverse of `trial_doc` and its columns. All documents are parsed as one, which takes half the time."""
    docs = json.loads(f"[{','.join(row[5] for row in rows)}]")
    configs = json.loads(f"[{','.join(row[4] or 'null' for row in rows)}]")
    return [_trial(row, config, fields) for row, config, fields in zip(rows, configs, docs, strict=True)]


def _trial(row: TrialRow, config: Json, fields: dict[str, Any]) -> Trial:
    number, state, version, attempt, _, _ = row
    if "last" in fields:
        step, metrics, at = fields["last"]
        fields["last"] = Report(step, numbers_from_json(metrics), at)
    if "failure" in fields:
        fields["failure"] = Failure(*fields["failure"])
    if "values" in fields:
        fields["values"] = numbers_from_json(fields["values"])
    if "params" in fields:
        fields["params"] = {key: param_from_json(param) for key, param in fields["params"].items()}
    fields |= {"number": number, "state": _STATES[state], "version": version, "attempt": attempt, "config": config}
    return evolve(_BLANK, fields)


def fact_body(fact: Fact) -> str:
    """A fact's body as text."""
    return dumps(fact_to_json(fact))


def fact_from(kind: str, body: str) -> Fact:
    """The inverse of `fact_body`."""
    return fact_from_json(kind, json.loads(body))
