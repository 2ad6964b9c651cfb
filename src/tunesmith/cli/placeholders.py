"""Search spaces in command lines: `python train.py --lr '{lr: log 1e-5 1}' --opt '{opt: sgd adam}'`.

| in braces                                      | is                                      |
| ---------------------------------------------- | --------------------------------------- |
| `name: LOW HIGH`, `name: float LOW HIGH`       | a real number, also with `step S`       |
| `name: log LOW HIGH`                           | a real number on a logarithmic scale    |
| `name: int LOW HIGH`                           | a whole number, also with `step S`      |
| `name: int log LOW HIGH`                       | a whole number on a logarithmic scale   |
| `name: A B C`, `name: choice A B`              | one of several values                   |
| `name: ordinal A B C`                          | one of several values in their order    |

`= VALUE` at the end is the default, which is tried first. Other braces stay as they are.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from typing import Any, Final

from tunesmith.errors import InvalidFile, InvalidSpace
from tunesmith.space.params import Choice, Float, Int, Json, Ordinal, Param
from tunesmith.space.space import Space

_BRACES: Final = re.compile(r"(?<!\$)\{\s*([A-Za-z_][\w.-]*)\s*:\s*([^{}]*)\}")
_NUMBERS: Final = ("float", "int", "log", "step")
_LISTS: Final = ("choice", "ordinal")
_EXAMPLES: Final = "'{lr: log 1e-5 1}', '{width: int 16 512}' or '{opt: sgd adam = sgd}'"
_EXAMPLE: Final = f"write it as in {_EXAMPLES}"
_LARGEST: Final = 2**63 - 1
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "none": None, "null": None}


def read_command(words: Sequence[str]) -> tuple[Space, tuple[str, ...]]:
    """The space that the braces of a command line describe, and the line with `{name}` in their places."""
    if not words:
        raise InvalidFile("There is no program after --; write one, as in: -- python train.py --lr '{lr: log 1e-5 1}'")
    params: dict[str, object] = {}

    def replacement(match: re.Match[str]) -> str:
        name, spec = match.groups()
        param = _param(match.group(), spec)
        if param is None:
            return match.group()
        if params.setdefault(name, param) != param:
            raise InvalidFile(
                f"{match.group()} describes {name!r} a second time, and otherwise; write '{{{name}}}' there."
            )
        return f"{{{name}}}"

    template = tuple(_BRACES.sub(replacement, word) for word in words)
    if not params:
        cut = any(word.startswith("{") and "}" not in word for word in words)
        remedy = "put quotes around the braces, as in" if cut else "write a range in braces, as in"
        raise InvalidFile(f"Nothing varies in: {shlex.join(words)}; {remedy} {_EXAMPLES}.")
    try:
        return Space(params), template
    except InvalidSpace as error:
        raise InvalidFile(f"{shlex.join(words)}: {error}") from None


def _param(braces: str, spec: str) -> Param | None:
    """The parameter that a spec describes; None if the braces mean something else."""
    try:
        words = shlex.split(spec)
    except ValueError:
        raise InvalidFile(f"{braces} has a quotation mark without its partner; {_EXAMPLE}.") from None
    words, default = _split_default(words)
    if not words or (words[0] not in (*_NUMBERS, *_LISTS) and (len(words) == 1 or ":" in spec)):
        return None
    try:
        return _listed(braces, words, default) or _ranged(braces, words, default)
    except InvalidSpace as error:
        raise InvalidFile(f"{braces} cannot be searched: {error}") from None


def _split_default(words: list[str]) -> tuple[list[str], str | None]:
    if len(words) >= 2 and words[-2] == "=":
        return words[:-2], words[-1]
    if words and len(words[-1]) > 1 and words[-1].startswith("="):
        return words[:-1], words[-1][1:]
    return words, None


def _listed(braces: str, words: list[str], default: str | None) -> Param | None:
    """A choice, by its word or because there is nothing else that it could be."""
    if words[0] not in _LISTS:
        if words[0] in _NUMBERS or "step" in words or (all(map(_is_number, words)) and len(words) == 2):
            return None
        odd = next((word for word in words if word in (*_NUMBERS, *_LISTS) or word.endswith(",")), None)
        if odd is not None:
            raise InvalidFile(f"{braces} cannot be understood at {odd!r}; {_EXAMPLE}, without commas.")
        words = ["choice", *words]
    kind = Choice if words[0] == "choice" else Ordinal
    return kind(*map(_value, words[1:]), default=None if default is None else _value(default))


def _ranged(braces: str, words: list[str], default: str | None) -> Param:
    kinds = {word for word in words[:2] if word in ("float", "int", "log")}
    numbers = words[len(kinds) :]
    step = None
    if len(numbers) == 4 and numbers[2] == "step":
        step = _number(braces, numbers.pop())
        del numbers[2]
    if len(numbers) != 2 or kinds == {"float", "int"} or ("log" in kinds and step is not None):
        raise InvalidFile(f"{braces} cannot be understood; {_EXAMPLE}.")
    low, high = (_number(braces, word) for word in numbers)
    start = None if default is None else _number(braces, default)
    if "int" in kinds:
        return Int(low, high, log="log" in kinds, step=1 if step is None else step, default=start)
    return Float(low, high, log="log" in kinds, step=step, default=start)


def _number(braces: str, word: str) -> Any:
    value = _value(word)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidFile(f"{braces}: {word!r} is not a number; {_EXAMPLE}.")
    return value


def _is_number(word: str) -> bool:
    return isinstance(_value(word), int | float) and word.lower() not in _WORDS


def _value(word: str) -> Json:
    """A word as the value that it spells; what is too large for a number, or not finite, is text."""
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    try:
        whole = int(word)
    except ValueError:
        pass
    else:
        return whole if abs(whole) <= _LARGEST else word
    try:
        number = float(word)
    except ValueError:
        return word
    return number if math.isfinite(number) else word
