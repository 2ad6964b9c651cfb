"""Fills an Optuna store with ended trials, through its own tables: python optuna_dashboard_fill.py FILE TRIALS REPORTS SEED.

Ten parameters, as in bench/ui.py. Asking and telling each of 100,000 trials would take hours; what is measured is reading.
"""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import sys
from pathlib import Path

import optuna


def main(path: str, count: int, reports: int, trials_from: str) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="bench", storage=f"sqlite:///{path}")
    choices = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b", "c"]}})
    number = json.dumps(
        {"name": "FloatDistribution", "attributes": {"step": None, "low": 0.0, "high": 1.0, "log": False}}
    )
    study_id = study._study_id  # noqa: SLF001  the key of its tables
    trials, params, values, curves = [], [], [], []
    began = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)
    longest = 0
    with Path(trials_from).open() as lines:
        for index, line in enumerate(lines):
            config, curve, state, value = json.loads(line)
            key = index + 1
            at = str(began + dt.timedelta(seconds=index))
            trials.append((key, index, study_id, state, at, at))
            for name, given in config.items():
                is_choice = isinstance(given, str)
                internal = "abc".index(given) if is_choice else given
                params.append((key, name, internal, choices if is_choice else number))
            if value is not None:
                values.append((key, 0, value, "FINITE"))
            longest = max(longest, len(curve))
            curves += [(key, step, loss, "FINITE") for step, loss in enumerate(curve, 1)]
    connection = sqlite3.connect(path)
    connection.executemany(
        "INSERT INTO trials (trial_id, number, study_id, state, datetime_start, datetime_complete) VALUES (?, ?, ?, ?, ?, ?)",
        trials,
    )
    connection.executemany(
        "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)", params
    )
    connection.executemany(
        "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, ?)", values
    )
    connection.executemany(
        "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)"
        " VALUES (?, ?, ?, ?)",
        curves,
    )
    connection.commit()
    connection.close()
    assert (count, reports) == (len(trials), longest)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
