"""Texts from a study, made safe and short: names, values and messages may hold anything, at any length."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Final

from tunesmith.analysis.axes import shown
from tunesmith.analysis.words import (
    count_text as count_text,
    join_text as join_text,
    number_text as number_text,
    percent_text as percent_text,
)
from tunesmith.space.params import Config, Json

_BIDI: Final = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
"""Marks that would turn the rest of the page's text around."""
_VISIBLE: Final[Mapping[int, str]] = {
    **{code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"},
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000), *_BIDI), "\N{REPLACEMENT CHARACTER}"),
}


def cut(text: str, most: int) -> str:
    """The text with control characters made visible; what exceeds `most` characters is left out, and said to be."""
    if len(text) <= most:
        return text.translate(_VISIBLE)
    return f"{text[:most].translate(_VISIBLE)}… ({len(text):,} characters)"


def clip(text: str, most: int) -> str:
    """As `cut` for places without room to say how much is missing."""
    return text.translate(_VISIBLE) if len(text) <= most else f"{text[: most - 1].translate(_VISIBLE)}…"


def plot_text(text: str, most: int = 60) -> str:
    """The text for titles, names and hover boxes of Plotly, which takes tags, entities and $TeX$ for markup."""
    one_line = " ".join(clip(text, most).split())
    # Plotly knows no &quot;, and outside of tags quotes do no harm.
    return html.escape(one_line, quote=False).replace("$", "&#36;")


def capital(sentence: str) -> str:
    """The sentence with a large first letter."""
    return sentence[:1].upper() + sentence[1:]


def value_text(value: Json, most: int) -> str:
    """A config's value, cut."""
    return cut(shown(value), most)


def config_lines(config: Config, most: int = 12) -> list[str]:
    """A config for a hover box of Plotly, one parameter a line."""
    lines = [f"{plot_text(name, 30)} = {plot_text(shown(value), 40)}" for name, value in list(config.items())[:most]]
    return lines if len(config) <= most else [*lines, f"… and {len(config) - most} more"]


def duration_text(seconds: float) -> str:
    """A duration in two units at most: "48 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {small}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def better_text(metric: str, direction: str | None, most: int = 60) -> str:
    """ "val_loss (smaller is better)"."""
    way = {"minimize": " (smaller is better)", "maximize": " (larger is better)"}.get(direction or "", "")
    return f"{clip(metric, most)}{way}"
