"""Colours and layout of all figures: told apart by colour-blind eyes, readable on light and on dark ground."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# Okabe and Ito (2008), "Color universal design".
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
RED: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#767676"
"""Has a contrast of 4.5 on white and of 4.1 on near-black."""

GRID: Final = "rgba(128, 128, 128, 0.25)"

STATE_COLORS: Final[Mapping[str, str]] = {"done": BLUE, "stopped": ORANGE, "failed": RED}
STATE_SYMBOLS: Final[Mapping[str, str]] = {"done": "circle", "stopped": "triangle-down", "failed": "x"}
STATE_WORDS: Final[Mapping[str, str]] = {"done": "finished", "stopped": "stopped early", "failed": "failed"}


def layout(title: str, **more: Any) -> dict[str, Any]:
    """The layout that all figures share; `title` is escaped already."""
    return {
        "title": {"text": title, "x": 0.01, "xanchor": "left", "font": {"size": 16}},
        "template": "none",
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', sans-serif", "size": 13, "color": GREY},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "margin": {"l": 70, "r": 20, "t": 80, "b": 55},
        "legend": {"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "bgcolor": "rgba(0, 0, 0, 0)"},
        "hoverlabel": {"align": "left"},
        "hovermode": "closest",
        "showlegend": True,
        "modebar": {"bgcolor": "rgba(0, 0, 0, 0)", "color": GREY, "activecolor": BLUE},
        "height": 420,
        **more,
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis; `title` is escaped already."""
    return {
        "title": {"text": title},
        "gridcolor": GRID,
        "zerolinecolor": GRID,
        "automargin": True,
        "exponentformat": "power",
        **more,
    }


def count_axis(title: str, last: int) -> dict[str, Any]:
    """An axis of whole numbers up to `last`; left to itself, Plotly puts halves between a few of them."""
    whole = {"exponentformat": "none", "separatethousands": True}
    return axis(title, dtick=1) if last < 10 else axis(title, **whole)
