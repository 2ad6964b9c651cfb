"""What a person may change from the dashboard; each change is one or two facts, appended to the study's log."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, final

from tunesmith.errors import InvalidConfig, InvalidStudy
from tunesmith.run.worker_id import worker_id
from tunesmith.space.params import Json
from tunesmith.stores.base import Store
from tunesmith.study import Study
from tunesmith.trials.facts import Draft, Noted, Revised
from tunesmith.trials.spec import Budget, StudySpec, seconds_from
from tunesmith.trials.trial import Trial

_LONGEST_NOTE: Final = 20_000
_MOST_TAGS: Final = 50
_LONGEST_TAG: Final = 100
_LONGEST_REASON: Final = 500
_BUDGETS: Final = ("trials", "time", "cost")


@final
class Actions:
    """Changes to one study."""

    def __init__(self, store: Store, study: str) -> None:
        self._store = store
        self._name = study
        self._lock = threading.Lock()
        self._study: Study | None = None

    def stop(self, number: int, body: Mapping[str, Any]) -> Trial:
        """End a trial; `reason` is kept with it. Its training ends at its next report, or within seconds."""
        reason = _text(body, "reason", _LONGEST_REASON) or "stopped by a person"
        with self._lock:
            study = self._open()
            return study.stop(study.trials[number], reason)

    def enqueue(self, body: Mapping[str, Any]) -> Trial:
        """Add a trial with `config`; parameters that are left out are at their defaults."""
        config = body.get("config")
        if not isinstance(config, Mapping):
            raise InvalidConfig('The body needs a "config": an object with the values of parameters.')
        with self._lock:
            return self._open().enqueue(config)

    def pause(self, body: Mapping[str, Any]) -> bool:
        """Ask whoever runs the study to start nothing until `paused` is false again."""
        paused = body.get("paused")
        if not isinstance(paused, bool):
            raise InvalidStudy('The body needs "paused": true or false.')
        self._revise(replace(self._store.spec(self._name), paused=paused))
        return paused

    def budget(self, body: Mapping[str, Any]) -> Budget:
        """Set the totals that are named; null takes a limit away."""
        given = {name: body[name] for name in _BUDGETS if name in body}
        if not given:
            raise InvalidStudy(f"The body names no budget; give one of {', '.join(_BUDGETS)}.")
        for name, amount in given.items():
            if amount is not None and (isinstance(amount, bool) or not isinstance(amount, int | float | str)):
                raise InvalidStudy(f"{name} must be a number or null.")
        if isinstance(given.get("time"), str):
            given["time"] = seconds_from(given["time"])
        if any(isinstance(amount, str) for amount in given.values()):
            raise InvalidStudy("trials and cost must be numbers or null.")
        spec = self._store.spec(self._name)
        try:
            budget = replace(spec.budget, **given)
        except OverflowError:
            raise InvalidStudy("A budget must be a finite number.") from None
        if budget.trials is not None:
            budget = replace(budget, trials=int(budget.trials))
        self._revise(replace(spec, budget=budget))
        return budget

    def annotate(self, number: int | None, body: Mapping[str, Any]) -> dict[str, Json]:
        """Set the `note` (text) and the `tags` (texts) of a trial, or of the study; what is not named stays."""
        notes: dict[str, Json] = {}
        if "note" in body:
            notes["note"] = _text(body, "note", _LONGEST_NOTE)
        if "tags" in body:
            notes["tags"] = _tags(body["tags"])
        if not notes:
            raise InvalidStudy('The body needs a "note" or "tags".')
        for key, value in notes.items():
            self._note(number, key, value)
        return notes

    def _revise(self, spec: StudySpec) -> None:
        self._store.append(self._name, [Draft(None, Revised(spec), worker=worker_id())])

    def _note(self, number: int | None, key: str, value: Json) -> None:
        self._store.append(self._name, [Draft(number, Noted(key, value), worker=worker_id())])

    def _open(self) -> Study:
        if self._study is None:
            self._study = Study(self._store, self._name)
        return self._study


def _text(body: Mapping[str, Any], name: str, most: int) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise InvalidStudy(f"{name} must be a text of at most {most:,} characters.")
    return value.strip()


def _tags(given: Any) -> list[str]:
    if not isinstance(given, list) or len(given) > _MOST_TAGS or not all(isinstance(tag, str) for tag in given):
        raise InvalidStudy(f"tags must be a list of at most {_MOST_TAGS} texts.")
    tags = list(dict.fromkeys(filter(None, (tag.strip() for tag in given))))
    if any(len(tag) > _LONGEST_TAG for tag in tags):
        raise InvalidStudy(f"A tag may have at most {_LONGEST_TAG} characters.")
    return tags
