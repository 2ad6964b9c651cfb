"""The short tables of README.md: part by part, who wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from race import measure
from race.measure import Race
from race.page import number, table

OURS = "tunesmith:auto"


class Part(NamedTuple):
    """Races that are looked at after n trials, or points of a budget."""

    title: str
    races: Sequence[Race]
    n: int


def by_group(races: Sequence[Race], n: int, suffix: str = "") -> Iterator[Part]:
    for group in dict.fromkeys(race.group for race in races):
        yield Part(group + suffix, [race for race in races if race.group == group], n)


def winners(parts: Iterable[Part], usual: str) -> str:
    """Mean regrets: ours, the usual choice, and the best of the other peers, chosen after the fact; the least is bold.

    All are taken where all of the methods ran that ran on all of the part's tasks. Variants of ours are left out.
    """
    rows = []
    for part in parts:
        methods = list(_everywhere(part))
        places = measure.shared(part.races, methods, part.n)
        if not places or not {OURS, usual} <= {*methods}:
            continue
        regret = {name: round(measure.mean_regret(places, name, part.n), 3) for name in methods}
        other = min((name for name in methods if name not in {OURS, usual}), key=regret.__getitem__, default=usual)
        least = min(regret[name] for name in (OURS, usual, other))
        cells = [
            f"**{number(regret[name], 3)}**" if regret[name] == least else number(regret[name], 3)
            for name in (OURS, usual, other)
        ]
        tasks = len({race.task for race in part.races})
        rows.append([part.title, f"{tasks} tasks, {len(places)} runs", *cells[:2], f"{cells[2]} `{other}`"])
    return table(["", "", "Tunesmith", f"`{usual}`", "best of the others"], rows)


def _everywhere(part: Part) -> Iterator[str]:
    """The methods that ran for so long on all of the tasks."""
    tasks = {race.task for race in part.races}
    names = [name for name in measure.methods_of(part.races) if name == OURS or not name.startswith("tunesmith:")]
    for name in names:
        if {race.task for race in part.races if race.method == name and len(race.regret) >= part.n} == tasks:
            yield name
