"""Records compared: what has changed between two moments at which the same trial was trained."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, final

from tunesmith.space.params import Json

_GONE: Final = "not there"
_SCALARS: Final = (
    ("python", "Python"),
    ("interpreter", "interpreter"),
    ("platform", "platform"),
    ("host", "host"),
    ("cores", "cores"),
)


@final
@dataclass(frozen=True)
class Difference:
    """Something that is not as it was; `diff` is in unified form, where there are texts to compare."""

    what: str
    before: str
    now: str
    diff: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.before} -> {self.now}"


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What differs between two records (`run/record.py`): the code first, then packages, interpreter and machine.

    What one of them does not say is no difference, so that records of earlier versions can be compared.
    """
    found = [*_files(before, now), *_repository(before, now)]
    found += _named("package", before.get("packages"), now.get("packages"))
    found += [
        Difference(words, str(before[key]), str(now[key]))
        for key, words in _SCALARS
        if key in before and key in now and before[key] != now[key]
    ]
    if "devices" in before and "devices" in now and before["devices"] != now["devices"]:
        then, today = (", ".join(map(str, record["devices"])) or "none" for record in (before, now))
        found.append(Difference("devices", then, today))
    return found


def data_differences(before: Json, now: Json) -> list[Difference]:
    """What differs between the fingerprints of data that two trainings noted; nothing if one of them noted none."""
    return list(_named("data", before, now))


def _named(kind: str, before: Json, now: Json) -> Iterator[Difference]:
    if not before or not now:
        return
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            yield Difference(f"{kind} {name}", str(before.get(name, _GONE)), str(now.get(name, _GONE)))


def _files(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    """Of the files that the training came from, those that are otherwise now."""
    known, present = (_code(record).get("files") or {} for record in (before, now))
    for name, content in known.items() if present else ():
        there = present.get(name)
        if there is None:
            yield Difference(name, "there", "gone")
        elif content["sha256"] != there["sha256"]:
            diff = _diff(name, content.get("text"), there.get("text"))
            yield Difference(name, content["sha256"][:12], there["sha256"][:12], diff)


def _diff(name: str, before: str | None, now: str | None) -> str:
    if before is None or now is None:
        return ""
    lines = difflib.unified_diff(before.splitlines(), now.splitlines(), f"{name} then", f"{name} now", n=1, lineterm="")
    return "\n".join(lines)


def _repository(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    then, today = _code(before), _code(now)
    if "commit" not in then or "commit" not in today:
        return
    if then["commit"] != today["commit"]:
        yield Difference("commit", then["commit"][:12], today["commit"][:12])
    elif then["diff"] != today["diff"]:
        diff = _diff("uncommitted changes", then["diff"], today["diff"])
        yield Difference("uncommitted changes", _lines(then["diff"]), _lines(today["diff"]), diff)


def _lines(diff: str) -> str:
    changed = sum(line[:1] in "+-" and line[:3] not in ("+++", "---") for line in diff.splitlines() if line)
    return f"{changed} lines" if changed != 1 else "1 line"


def _code(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record.get("code") or {}
