"""The filter of a table of trials, such as `lr > 1e-3 and state = failed`: parsed here, never evaluated as code. Pure.

filter     := both ("or" both)*
both       := one ("and" one)*
one        := "not" one | "(" filter ")" | COLUMN OP VALUE | COLUMN "in" "(" VALUE ("," VALUE)* ")"
OP         := = != < <= > >= ~            "~" looks for a text, in small or capital letters
COLUMN     := a word, or any text in quotes
VALUE      := a number, a word, any text in quotes; `none` is what a trial has not
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from tunesmith.errors import InvalidFilter
from tunesmith.space.names import did_you_mean

LONGEST: Final = 2000
"""Characters of a filter."""
_DEEPEST: Final = 30
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<op><=|>=|!=|==|[=<>~])|(?P<sign>[(),])|(?P<text>\"[^\"]*\"|'[^']*')|(?P<word>[^\s()<>=!~,\"']+))"
)
_WORDS: Final = ("and", "or", "not", "in")


class Column(NamedTuple):
    """One column of n trials: numbers with NaN for what is missing, or texts with None."""

    values: NDArray[np.float64] | Sequence[str | None]

    @property
    def is_number(self) -> bool:
        return isinstance(self.values, np.ndarray)


class Columns(Protocol):
    """What a filter is applied to."""

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def count(self) -> int:
        """n, the number of trials."""

    def column(self, name: str) -> Column: ...


@final
@dataclass(frozen=True)
class Compare:
    """A column beside values: true if one of them fits."""

    column: str
    op: str
    values: tuple[str, ...]

    def rows(self, columns: Columns) -> NDArray[np.bool_]:
        """(n,) which trials fit."""
        if self.column not in columns.names:
            hint = did_you_mean(self.column, dict.fromkeys(columns.names))
            raise InvalidFilter(f"The filter names {self.column[:80]!r}, which is no column of this study{hint or '.'}")
        column = columns.column(self.column)
        found = np.zeros(columns.count, bool)
        for value in self.values:
            found |= _numbers(column, self, value) if column.is_number else _texts(column, self.op, value)
        return found


@final
@dataclass(frozen=True)
class Not:
    """What the inner one leaves out."""

    inner: Filter

    def rows(self, columns: Columns) -> NDArray[np.bool_]:
        """(n,) which trials fit."""
        return ~self.inner.rows(columns)


@final
@dataclass(frozen=True)
class Both:
    """What fits all."""

    parts: tuple[Filter, ...]

    def rows(self, columns: Columns) -> NDArray[np.bool_]:
        """(n,) which trials fit."""
        found: NDArray[np.bool_] = np.all([part.rows(columns) for part in self.parts], axis=0)
        return found


@final
@dataclass(frozen=True)
class Either:
    """What fits one of them."""

    parts: tuple[Filter, ...]

    def rows(self, columns: Columns) -> NDArray[np.bool_]:
        """(n,) which trials fit."""
        found: NDArray[np.bool_] = np.any([part.rows(columns) for part in self.parts], axis=0)
        return found


Filter: TypeAlias = Compare | Not | Both | Either


def parse(text: str) -> Filter | None:
    """The filter that a text says; None for an empty one. Raises `InvalidFilter` with the place of the mistake."""
    if len(text) > LONGEST:
        raise InvalidFilter(f"The filter has {len(text):,} characters; {LONGEST:,} are the most, so shorten it.")
    tokens = _tokens(text)
    if not tokens:
        return None
    reading = _Reading(tokens, len(text))
    found = reading.either(0)
    if reading.peek is not None:
        raise reading.error("join conditions with 'and' or 'or'")
    return found


class _Token(NamedTuple):
    kind: str
    text: str
    at: int

    @property
    def keyword(self) -> str:
        return self.text.lower() if self.kind == "word" and self.text.lower() in _WORDS else ""


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidFilter(
                f"The filter cannot be read at character {at + 1}: {text[at : at + 20]!r}; close its quotes."
            )
        kind = match.lastgroup or ""
        word = match[kind]
        found.append(_Token(kind, word[1:-1] if kind == "text" else word, match.start(kind)))
        at = match.end()
    return found


@final
class _Reading:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: Sequence[_Token], length: int) -> None:
        self._tokens = tokens
        self._length = length
        self._next = 0

    @property
    def peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def error(self, advice: str) -> InvalidFilter:
        token = self.peek
        where = f"at character {token.at + 1}, {token.text[:40]!r}" if token else "at its end"
        return InvalidFilter(f"The filter cannot be read {where}; {advice}, as in: lr > 1e-3 and state = failed")

    def either(self, depth: int) -> Filter:
        parts = [self.both(depth)]
        while self._keyword("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def both(self, depth: int) -> Filter:
        parts = [self.one(depth)]
        while self._keyword("and"):
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def one(self, depth: int) -> Filter:
        if depth > _DEEPEST:
            raise self.error("nest fewer parentheses")
        if self._keyword("not"):
            return Not(self.one(depth + 1))
        if self._sign("("):
            inner = self.either(depth + 1)
            if not self._sign(")"):
                raise self.error("close the parenthesis")
            return inner
        return self._compare()

    def _compare(self) -> Filter:
        column = self._word("name a column")
        if self._keyword("in"):
            if not self._sign("("):
                raise self.error("list the values in parentheses")
            values = [self._word("give a value")]
            while self._sign(","):
                values.append(self._word("give a value"))
            if not self._sign(")"):
                raise self.error("close the parenthesis")
            return Compare(column, "=", tuple(values))
        token = self.peek
        if token is None or token.kind != "op":
            raise self.error("compare with = != < <= > >= ~ or in")
        self._next += 1
        return Compare(column, "=" if token.text == "==" else token.text, (self._word("give a value"),))

    def _word(self, advice: str) -> str:
        token = self.peek
        if token is None or token.kind not in ("word", "text") or token.keyword:
            raise self.error(advice)
        self._next += 1
        return token.text

    def _keyword(self, word: str) -> bool:
        found = self.peek is not None and self.peek.keyword == word
        self._next += found
        return found

    def _sign(self, sign: str) -> bool:
        found = self.peek is not None and self.peek.kind == "sign" and self.peek.text == sign
        self._next += found
        return found


_ORDER: Final[Mapping[str, Callable[[NDArray[np.float64], float], NDArray[np.bool_]]]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def _numbers(column: Column, test: Compare, value: str) -> NDArray[np.bool_]:
    values = column.values
    assert isinstance(values, np.ndarray)
    if value.lower() == "none":
        return _missing(np.isnan(values), test.op)
    if test.op == "~":
        raise InvalidFilter(f"{test.column[:80]} holds numbers; compare it with = != < <= > >= instead of ~.")
    try:
        number = float(value)
    except ValueError:
        raise InvalidFilter(
            f"{test.column[:80]} holds numbers, and {value[:80]!r} is none; compare it with a number."
        ) from None
    with np.errstate(invalid="ignore"):
        if test.op in _ORDER:
            return _ORDER[test.op](values, number)
        same = np.isclose(values, number, rtol=1e-9, atol=0.0)
        return same if test.op == "=" else ~same & ~np.isnan(values)


def _texts(column: Column, op: str, value: str) -> NDArray[np.bool_]:
    texts: Sequence[str | None] = column.values  # type: ignore[assignment]  # not numbers
    if value.lower() == "none" and op in ("=", "!="):
        return _missing(np.array([text is None for text in texts], bool), op)
    small = value.lower()
    tests: Mapping[str, Callable[[str], bool]] = {
        "=": lambda text: text == value,
        "!=": lambda text: text != value,
        "~": lambda text: small in text.lower(),
        "<": lambda text: text < value,
        "<=": lambda text: text <= value,
        ">": lambda text: text > value,
        ">=": lambda text: text >= value,
    }
    test = tests[op]
    return np.array([text is not None and test(text) for text in texts], bool)


def _missing(missing: NDArray[np.bool_], op: str) -> NDArray[np.bool_]:
    return ~missing if op == "!=" else missing
