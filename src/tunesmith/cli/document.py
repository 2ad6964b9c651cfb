"""YAML files as plain values, with the place of each for messages.

Whatever a file holds, reading it ends with plain values or with `InvalidFile`.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.reader import ReaderError

from tunesmith.errors import InvalidFile
from tunesmith.space.names import did_you_mean
from tunesmith.space.params import Json

_LARGEST: Final = 200_000
_MOST_VALUES: Final = 20_000
_DEEPEST: Final = 40
_LARGEST_INT: Final = 2**63 - 1
_SHOWN: Final = 60
_MOST_SHOWN: Final = 12


@final
@dataclass(frozen=True)
class Place:
    """A place in a file, such as `parameters.lr.min` in sweep.yaml."""

    file: str
    path: str = ""

    def at(self, key: str | int) -> Place:
        """The place of an entry."""
        if isinstance(key, int):
            return Place(self.file, f"{self.path}[{key}]")
        return Place(self.file, f"{self.path}.{shown(key)}" if self.path else shown(key))

    def wrong(self, sentence: str) -> InvalidFile:
        """The error; the sentence goes on after the place: "is not a number; give one."."""
        return InvalidFile(f"{self.file}: {self.path or 'the file'} {sentence}")

    def mapping(self, value: Json, known: Collection[str] | None = None) -> dict[str, Json]:
        """The value as a mapping, with none but the known keys."""
        if not isinstance(value, dict):
            raise self.wrong(f"is {described(value)}; write a mapping, with one 'key: value' per line.")
        for key in value:
            if known is not None and key not in known:
                raise self.at(key).wrong(f"is not known{instead_of(key, known)}")
        return value

    def items(self, value: Json) -> list[Json]:
        """The value as a list that is not empty."""
        if not isinstance(value, list) or not value:
            raise self.wrong(f"is {described(value)}; write a list such as [a, b].")
        return value

    def text(self, value: Json) -> str:
        """The value as text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(
                f"is {described(value)}; write text{'' if isinstance(value, str) else ', in quotes if it looks like something else'}."
            )
        return value

    def number(self, value: Json) -> float | int:
        """The value as a number."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(f"is {described(value)}; write a number, without quotes.")
        return value

    def whole(self, value: Json, least: int) -> int:
        """The value as a whole number."""
        number = self.number(value)
        if number != int(number) or number < least:
            raise self.wrong(f"is {described(value)}; write a whole number from {least} on.")
        return int(number)

    def one_of(self, value: Json, known: Collection[str]) -> str:
        """The value as one of the known words."""
        if not isinstance(value, str) or value not in known:
            raise self.wrong(f"is {described(value)}{instead_of(value, known)}")
        return value


def shown(value: object) -> str:
    """A value in a message: short, and in one line."""
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def described(value: Json) -> str:
    """What a value is, with its kind where that is not plain to see."""
    match value:
        case None:
            return "empty"
        case dict() | list():
            kind = "a mapping" if isinstance(value, dict) else "a list"
            return kind if value else f"{kind} of nothing"
        case str():
            return f"the text {shown(repr(value))}"
        case _:
            return shown(str(value).lower() if isinstance(value, bool) else repr(value))


def instead_of(word: object, known: Collection[str]) -> str:
    """The end of a sentence about an unknown word: the known one that it is like, or which ones are known."""
    some = f"{', '.join(list(known)[:_MOST_SHOWN])}{', ...' if len(known) > _MOST_SHOWN else ''}"
    return did_you_mean(str(word), known) or f"; use one of {some}."


def read_document(path: Path) -> tuple[Place, dict[str, Json]]:
    """The mapping that a YAML file holds, of plain values only: text, finite numbers, true, false, null, lists, mappings."""
    root = Place(str(path))
    text = _read(root, path)
    try:
        document = _parse(root, text)
    except InvalidFile:
        raise
    except YAMLError as error:
        raise root.wrong(f"is no valid YAML{_line_of(error, text)}: {_problem(error)}; correct it there.") from None
    except Exception as error:  # noqa: BLE001  the parser has errors of many kinds for broken files, its own faults included
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else _one_line(str(error))
        raise root.wrong(f"is no valid YAML: {reason}; correct it there.") from None
    if document is None:
        raise root.wrong("is empty; it needs at least program, metric and parameters.")
    return root, root.mapping(_plain(root, document))


def _read(root: Place, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise root.wrong(f"cannot be read ({reason}); give the path of a YAML file.") from None
    if len(content) > _LARGEST:
        raise root.wrong(f"is larger than {_LARGEST // 1000} kB; this is no sweep file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise root.wrong(f"is not UTF-8 text (byte {error.start + 1}); save it as UTF-8.") from None


def _parse(root: Place, text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about YAML 1.1; what is wrong is told in our own words
        node = yaml.compose(text)
        if node is None:
            return None
        if _weight(node, {}, 0) > _MOST_VALUES:
            raise root.wrong(f"holds more than {_MOST_VALUES} values, aliases counted; this is no sweep file.")
        return yaml.constructor.construct_document(node)


def _weight(node: Node, known: dict[int, int], depth: int) -> int:
    """How many values a node stands for once its aliases are written out, told without writing them out."""
    if isinstance(node, ScalarNode):
        return 1
    if depth > _DEEPEST or known.get(id(node)) == 0:  # 0: it is being weighed, so it contains itself
        raise RecursionError
    if id(node) not in known:
        known[id(node)] = 0
        children = [part for pair in node.value for part in pair] if isinstance(node, MappingNode) else node.value
        known[id(node)] = 1 + sum(_weight(child, known, depth + 1) for child in children)
    return known[id(node)]


def _plain(place: Place, value: Any) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain_text(place, value)
    if isinstance(value, int | float):
        if isinstance(value, float) and not math.isfinite(value):
            raise place.wrong(f"is {value}; write a finite number.")
        if abs(value) > _LARGEST_INT and isinstance(value, int):
            raise place.wrong("is a number of more than 64 bits; write a smaller one.")
        return value
    if isinstance(value, list | tuple):
        return [_plain(place.at(index), item) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return {_key(place, key): _plain(place.at(_key(place, key)), item) for key, item in value.items()}
    raise place.wrong(f"is of the YAML type {type(value).__name__.lower()}; put it in quotes to make it text.")


def _key(place: Place, key: Any) -> str:
    if not isinstance(key, str):
        plain = key is None or isinstance(key, bool | float) or (isinstance(key, int) and abs(key) <= _LARGEST_INT)
        kind = shown(repr(key)) if plain else f"of the YAML type {type(key).__name__.lower()}"
        raise place.wrong(f"has a key that is no text ({kind}); put it in quotes.")
    return _plain_text(place, key)


def _plain_text(place: Place, text: str) -> str:
    if "\0" in text or re.search("[\ud800-\udfff]", text):
        raise place.wrong("holds a character that no program can be given; remove it.")
    return text


def _line_of(error: YAMLError, text: str) -> str:
    if isinstance(error, ReaderError):
        return f", line {text.count(chr(10), 0, error.position) + 1}"
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return f", line {mark.line + 1}" if mark is not None else ""


def _problem(error: YAMLError) -> str:
    if isinstance(error, MarkedYAMLError):
        return _one_line(error.problem or error.context or "it cannot be understood")
    return _one_line(getattr(error, "reason", None) or str(error))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
