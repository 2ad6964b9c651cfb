"""Numbers, durations and configurations as people read them in a terminal. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def number(value: float) -> str:
    """Four significant digits: 0.03142, 12.35, 1.2e-05."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "infinity" if value > 0 else "-infinity"
    return f"{value:.4g}"


def value_text(value: Any) -> str:
    """A configuration's value: floats shortened, all else as it is."""
    return number(value) if isinstance(value, float) else str(value)


def config_text(config: Mapping[str, Any] | None) -> str:
    """`lr=0.0012 width=64`."""
    return " ".join(f"{name}={value_text(value)}" for name, value in (config or {}).items())


def metrics_text(values: Mapping[str, float], first: Sequence[str] = ()) -> str:
    """`val_loss 0.0312  val_acc 0.981`, the given ones first."""
    names = [name for name in first if name in values] + [name for name in values if name not in first]
    return "  ".join(f"{name} {number(values[name])}" for name in names)


def broken_text(broken: Sequence[object]) -> str:
    """`, which breaks memory_gb <= 8`, or nothing."""
    return f", which breaks {' and '.join(map(str, broken))}" if broken else ""


def duration(seconds: float) -> str:
    """`0.8 s`, `42 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def sparkline(values: Sequence[float], width: int = 16) -> str:
    """A curve in `width` characters; NaN shows as a blank."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    step = max(1, math.ceil(len(values) / width))
    picked = [values[min(index + step, len(values)) - 1] for index in range(0, len(values), step)]
    low, high = min(finite), max(finite)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0.0
    return "".join(_BLOCKS[round((value - low) * scale)] if math.isfinite(value) else " " for value in picked)


def without_numbers(message: str) -> str:
    """What messages of failures have in common that differ in sizes, addresses and the like only."""
    return re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", "#", message)


def plural(count: int, noun: str, several: str = "") -> str:
    """`1 trial`, `2 trials`; `several` is the word for more than one where it has another ending."""
    return f"{count} {noun}" if count == 1 else f"{count} {several or f'{noun}s'}"
