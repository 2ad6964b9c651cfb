"""Lines that fit the terminal they are printed in. Other programs get each sentence in one line."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import Final

import click

_INDENT: Final = "  "
_NARROWEST: Final = 40
_LONGEST: Final = 200


def say(text: str, *, hang: str = _INDENT) -> None:
    """Print a sentence, broken between words; its further lines begin with `hang`, and its own indentation."""
    own = text[: len(text) - len(text.lstrip())]
    if sys.stdout.isatty():
        text = textwrap.fill(
            text, _width(), subsequent_indent=own + hang, break_on_hyphens=False, break_long_words=False
        )
    click.echo(text)


def say_short(text: str) -> None:
    """Print one line of a list, cut off where the terminal ends."""
    room = _width() if sys.stdout.isatty() else _LONGEST
    click.echo(text if len(text) <= room else f"{text[: room - 1]}…")


def _width() -> int:
    return max(shutil.get_terminal_size().columns, _NARROWEST)
