"""A study as a notebook shows it: what was found, how the best value went, the best configuration. HTML, all escaped."""

from __future__ import annotations

import html
from typing import Final

import numpy as np

from tunesmith.analysis.best import best_of
from tunesmith.analysis.figures import History, history, summary
from tunesmith.plots.answer import Answer, answer
from tunesmith.plots.texts import clip
from tunesmith.plots.theme import GREEN
from tunesmith.trials.view import View

_WIDTH: Final = 320
_HEIGHT: Final = 48
_POINTS: Final = 300
_MOST_ROWS: Final = 16
_MOST_COLUMNS: Final = 6
_CELL: Final = "text-align: left; padding: 2px 16px 2px 0"
_BOX: Final = "border: 1px solid rgba(128, 128, 128, .4); border-radius: 8px; padding: 12px 16px; max-width: 52rem"


def study_card(view: View) -> str:
    """The card of a study. Its colours are those of the notebook, light or dark."""
    best = best_of(view)
    found = answer(summary(view, best))
    parts = [
        f"<div style='opacity: .7'>{_safe(view.spec.name)}</div>",
        f"<div style='font-size: 1.25em; font-weight: 600'>{_safe(found.headline)}</div>",
        *(f"<div>{_safe(text)}</div>" for text in (*found.remarks, *found.doubts, *found.failures)),
        _spark(history(view, best=best)),
        _table(found),
        "".join(
            f"<div><span style='opacity: .7'>{_safe(name)}:</span> {_safe(text)}</div>" for name, text in found.facts
        ),
    ]
    return f"<div style='{_BOX}'>{''.join(parts)}</div>"


def _spark(data: History) -> str:
    """The best value so far over the trials, as a small SVG; nothing while there are no two values."""
    known = np.flatnonzero(np.isfinite(data.so_far))
    if len(known) < 2:
        return ""
    known = known[np.unique(np.linspace(0, len(known) - 1, min(len(known), _POINTS)).round().astype(int))]
    values = data.so_far[known]
    low, high = float(values.min()), float(values.max())
    across = 2 + (_WIDTH - 4) * (known - known[0]) / (known[-1] - known[0])
    up = _HEIGHT - 3 - (_HEIGHT - 6) * ((values - low) / (high - low) if high > low else np.full(len(values), 0.5))
    # A step from each value to the next: the best so far stays until it is beaten.
    points = [f"{across[0]:.1f},{up[0]:.1f}"]
    for x, before, after in zip(across[1:], up[:-1], up[1:], strict=True):
        points += [f"{x:.1f},{before:.1f}", f"{x:.1f},{after:.1f}"]
    label = f"best {clip(data.metric, 40)} so far, over {len(data.numbers):,} trials"
    return (
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' height='{_HEIGHT}' role='img' aria-label='{_safe(label)}'>"
        f"<title>{_safe(label)}</title>"
        f"<polyline points='{' '.join(points)}' fill='none' stroke='{GREEN}' stroke-width='2'/></svg>"
    )


def _table(found: Answer) -> str:
    rows = [*found.metrics, *found.params]
    if not rows:
        return ""
    # The best and the default side by side; or of many trials their objectives and first parameters.
    across = _MOST_COLUMNS if found.many else 2
    heads = "".join(f"<th style='{_CELL}'>{_safe(column)}</th>" for column in found.columns[:across])
    lines = [
        f"<tr><td style='{_CELL}'>{_safe(row.name)}</td>"
        + "".join(f"<td style='{_CELL}'><code>{_safe(cell)}</code></td>" for cell in row.cells[:across])
        + "</tr>"
        for row in rows[:_MOST_ROWS]
    ]
    more = f"<div>and {len(rows) - _MOST_ROWS} more</div>" if len(rows) > _MOST_ROWS else ""
    return f"<table><tr><th></th>{heads}</tr>{''.join(lines)}</table>{more}"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
