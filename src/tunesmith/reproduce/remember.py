"""What is learned by training again is no trial: it counts for no budget, and moves no best. A trial remembers it."""

from __future__ import annotations

from collections.abc import Callable

from tunesmith.errors import Conflict
from tunesmith.run.worker_id import worker_id
from tunesmith.space.params import Json
from tunesmith.study import Study
from tunesmith.trials.facts import Draft, Noted


def remember(study: Study, number: int, key: str, change: Callable[[Json], Json]) -> None:
    """Give a trial a note, made from the one that it has under this key, None if it has none."""
    while True:
        trial = study.trials[number]
        draft = Draft(trial.number, Noted(key, change(trial.notes.get(key))), worker=worker_id())
        try:
            study.store.append(study.name, [draft], expect={trial.number: trial.version})
        except Conflict:
            continue
        return
