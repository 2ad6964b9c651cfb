"""Markdown: tables, and the pages in which the benches renew them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

BENCH = Path(__file__).parent.parent / "README.md"
FRONT = BENCH.parent.parent / "README.md"
END = "<!-- end -->"


def renew(page: Path, mark: str, parts: Iterable[str]) -> None:
    """Writes the parts into the page, between the mark and the next end."""
    head, found, rest = page.read_text().partition(mark)
    _, end, tail = rest.partition(END)
    if not (found and end):
        raise SystemExit(f"{page} has no place for the tables: {mark} ... {END}")
    text = "\n\n".join(parts)
    page.write_text(f"{head}{mark}\n\n{text}\n\n{END}{tail}")


def number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
