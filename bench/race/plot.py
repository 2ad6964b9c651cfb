"""A picture of regret over trials, as a small SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from race import measure, proposals
from race.measure import Race

WIDTH, HEIGHT, LEFT, BOTTOM, LEGEND = 560, 320, 50, 30, 150
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#777777", "#000000", "#8b4513")
FLOOR = 1e-3


def draw(races: Sequence[Race], methods: Sequence[str], title: str) -> Path:
    """Mean regret of each method where all of them ran, on a logarithmic scale."""
    trials = min(len(race.regret) for race in races if race.method in methods)
    places = measure.shared(races, methods, trials)
    curves = {method: [measure.mean_regret(places, method, n) for n in range(1, trials + 1)] for method in methods}
    curves = dict(sorted(curves.items(), key=lambda item: item[1][-1]))
    low = max(FLOOR, 0.9 * min(curve[-1] for curve in curves.values()))
    parts = [_axes(low, trials), *(_curve(*item, low, trials, place) for place, item in enumerate(curves.items()))]
    name = re.sub("[^a-z0-9 ]", "", title.lower()).replace(" ", "-")
    file = proposals.RESULTS / f"{name}.svg"
    size = f'width="{WIDTH + LEGEND}" height="{HEIGHT}" font-family="sans-serif" font-size="11"'
    background = '<rect width="100%" height="100%" fill="white"/>'
    body = "\n".join([background, *parts])
    file.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>\n')
    return file


def _x(n: float, trials: int) -> float:
    return LEFT + (WIDTH - LEFT - 10) * (n - 1) / max(trials - 1, 1)


def _y(regret: float, low: float) -> float:
    share = np.log(max(regret, low) / low) / np.log(1 / low)
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - 10) * share


def _axes(low: float, trials: int) -> str:
    parts = []
    for value in (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001):
        if value >= low:
            y = _y(value, low)
            parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - 10}" stroke="#ddd"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value}</text>')
    step = max(25, trials // 10)
    for n in (1, *range(step, trials + 1, step)):
        x = _x(n, trials)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{n}</text>')
    parts.append(f'<text x="{WIDTH + 4}" y="{HEIGHT - 12}">trials; mean regret</text>')
    return "\n".join(parts)


def _curve(method: str, curve: Sequence[float], low: float, trials: int, place: int) -> str:
    colour = COLOURS[place % len(COLOURS)]
    points = " ".join(f"{_x(n, trials):.1f},{_y(value, low):.1f}" for n, value in enumerate(curve, 1))
    dashed = ' stroke-dasharray="5 3"' if place >= len(COLOURS) else ""
    line = f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"{dashed}/>'
    y = 20 + 16 * place
    return f'{line}\n<text x="{WIDTH + 4}" y="{y}" fill="{colour}">{method}</text>'
