"""The history as a picture that stands in the page itself, until the library that draws figures has been loaded.

That library takes a browser a second; the picture takes none, and shows the same points at the same places.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tunesmith.analysis.axes import linear_ticks, log_ticks
from tunesmith.analysis.figures import History
from tunesmith.plots.texts import better_text

_SIDE: Final = 1000
"""The picture's own units, across and up; the page stretches it, and strokes keep their width."""
_PAD: Final = 0.05
_FAILED: Final = 0.98
"""How far down failures stand, which have no value."""


def history_still(data: History) -> str:
    """The points of a history with the best value so far, as markup; empty if none has a value. Only texts of the axes are shown, escaped."""
    ends = _ends(data)
    if ends is None:
        return ""
    low, high = ends
    first, last = float(data.numbers[0]), float(data.numbers[-1])
    room = _PAD * (last - first) or 1.0
    across = _SIDE * (data.numbers.astype(float) - first + room) / (last - first + 2 * room)
    up = _SIDE * (high - _scaled(data, data.values)) / (high - low)
    states = np.array(data.states, dtype=object)
    inside = np.isfinite(up) & (up >= 0) & (up <= _SIDE)
    groups = [
        (state, across[rows], up[rows]) for state in ("done", "stopped") if (rows := (states == state) & inside).any()
    ]
    failed = states == "failed"
    groups.append(("failed", across[failed], np.full(int(failed.sum()), _FAILED * _SIDE)))
    steps = _steps(across, _SIDE * (high - _scaled(data, data.so_far)) / (high - low))
    parts = [
        *(_dots(state, xs, ys) for state, xs, ys in groups if len(xs)),
        f'<path class="so-far" d="{steps}"/>' if steps else "",
    ]
    return (
        f'<div class="still"><svg viewBox="0 0 {_SIDE} {_SIDE}" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(parts)}</svg>{_labels(data, low, high, first - room, last + room)}</div>"
    )


def _ends(data: History) -> tuple[float, float] | None:
    """The range of the axis of values, in its own scale; None without a value."""
    scaled = _scaled(data, np.array(data.near) if data.near is not None and not data.log else data.values)
    finite = scaled[np.isfinite(scaled)]
    if not len(finite):
        return None
    low, high = float(finite.min()), float(finite.max())
    pad = _PAD * (high - low) or abs(low) / 2 or 0.5
    # Halves, so that a range of the largest numbers is finite.
    return (low - pad, high + pad) if math.isfinite((high - low) + 2 * pad) else None


def _scaled(data: History, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log10(np.where(values > 0, values, np.nan)) if data.log else values


def _dots(state: str, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> str:
    """Points as strokes of no length, which round ends make visible: they stay round however the picture is stretched."""
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
    return f'<path class="dots {state}" d="{path}"/>'


def _steps(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> str:
    """The best so far: it stays until it is beaten."""
    known = np.flatnonzero(np.isfinite(ys))
    if not len(known):
        return ""
    changes = known[np.r_[True, np.diff(ys[known]) != 0]]
    steps = "".join(f"H{x:.1f}V{y:.1f}" for x, y in zip(xs[changes].tolist(), ys[changes].tolist(), strict=True))
    return f"M{xs[changes[0]]:.1f} {ys[changes[0]]:.1f}{steps}H{xs[known[-1]]:.1f}"


def _labels(data: History, low: float, high: float, left: float, right: float) -> str:
    values = log_ticks(10**low, 10**high) if data.log else linear_ticks(low, high)
    places = [math.log10(value) if data.log else value for value in values]
    numbers = [number for number in linear_ticks(left, right) if number >= 0 and number == int(number)]
    return "".join(
        [
            f'<span class="title">{html.escape(better_text(data.metric, data.direction, 24))}</span>',
            *_texts("up", [(high - place) / (high - low) for place in places], [f"{v:.4g}" for v in values]),
            *_texts(
                "across",
                [(number - left) / (right - left) for number in numbers],
                [f"{int(number):,}" for number in numbers],
            ),
        ]
    )


def _texts(name: str, shares: Sequence[float], texts: Sequence[str]) -> list[str]:
    return [
        f'<span class="{name}" style="--at: {share:.4f}">{text}</span>'
        for share, text in zip(shares, texts, strict=True)
        if 0 <= share <= 1
    ]
