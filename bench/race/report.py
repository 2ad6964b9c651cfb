"""The tables of bench/README.md, and the short one of README.md."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from race import measure, page, plot, suite
from race.measure import LONG_MARKS, MARKS, Race
from race.methods import PEERS
from race.page import number, table
from race.proposals import CLOCKED
from race.summary import OURS, by_group, winners

USUAL = "optuna-tpe"
WORKERS = 8
ENOUGH = 0.2  # of a section's tasks; with fewer, a method would leave the others nothing to be compared on
FOLDER, OWN, TWO = "Problems from a folder", "The repository's tasks", "Two objectives"


def write(given) -> None:
    """Renews the parts of both pages between the marks, and the pictures beside the results."""
    page.renew(page.BENCH, "<!-- quality -->", sections(given.out))
    short = winners(by_group(measure.load(given.out), MARKS[-1]), USUAL)
    page.renew(page.FRONT, "<!-- bench:quality -->", [short])


def sections(folders) -> Iterable[str]:
    races = measure.load(folders)
    parts: dict[str, list[Race]] = {FOLDER: [], OWN: [], TWO: []}
    for race in races:
        own = race.task.startswith(suite.PREFIXES)
        parts[TWO if race.group == suite.TWO_OBJECTIVES else OWN if own else FOLDER].append(race)
    for title, part in parts.items():
        if part:
            yield from section(part, title, MARKS)
    if batches := measure.load(folders, workers=WORKERS):
        yield from section(batches, f"{WORKERS} trials at a time", MARKS)
        yield "What a run has after 50 trials, one at a time, others of the same method have in the median after so many trials:"
        yield _waits(races, batches, 50)
    last = LONG_MARKS[-1]
    long = [race for race in measure.load(folders, most=last) if len(race.regret) == last]
    if long:
        yield from section(long, f"{last:,} trials", LONG_MARKS)
    yield _about(folders)


def section(races: Sequence[Race], title: str, marks: Sequence[int]) -> Iterable[str]:
    """One table of the methods that ran on all tasks, and one of all methods where all of them ran."""
    yield f"### {title}"
    tasks = {race.task for race in races}
    covered = {name: {race.task for race in races if race.method == name} for name in measure.methods_of(races)}
    methods = [name for name, found in covered.items() if len(found) >= ENOUGH * len(tasks)]
    everywhere = [name for name in methods if covered[name] == tasks] or methods
    groups = len({race.group for race in races})
    yield f"{len(tasks)} tasks in {groups} group{'s' if groups > 1 else ''}."
    yield _standings(races, everywhere, marks)
    if len(everywhere) < len(methods):
        yield "All methods, where all of them ran:"
        yield _standings(races, methods, marks)
    if len(methods) < len(covered):
        few = (f"`{name}` ({len(found)})" for name, found in covered.items() if name not in methods)
        yield f"On too few tasks so far for a place in the tables: {', '.join(few)}."
    if OURS in methods:
        yield f"`{OURS}` against each of the others, wherever both ran:"
        yield _duels(races, [name for name in covered if name != OURS], marks)
    yield f"![{title}]({plot.draw(races, everywhere, title).relative_to(page.BENCH.parent)})"


def _standings(races: Sequence[Race], methods: Sequence[str], marks: Sequence[int]) -> str:
    """One row per method, the best rank after the most trials first. A method that ran shorter has no later columns."""
    columns = [f"regret @{n}" for n in marks] + [f"rank @{n}" for n in marks]
    late = max(n for n in CLOCKED if n <= marks[-1])
    places = {}
    for n in marks:
        long = [name for name in methods if _trials(races, name) >= n]
        found = measure.shared(races, long, n)
        places |= {(name, n): found if name in long else [] for name in methods}
    rows = []
    for method in methods:
        regrets = [measure.mean_regret(places[method, n], method, n) for n in marks]
        ranks = [measure.mean_rank(places[method, n], method, n) for n in marks]
        known = [rank for rank in ranks if np.isfinite(rank)]
        own = [race for race in races if race.method == method]
        repeated = np.mean([race.record["repeated"] / len(race.record["values"]) for race in own])
        cells = [f"`{method}`", str(len(measure.shared(races, methods, 1)))]
        cells += [number(value, 3) for value in regrets] + [number(value, 2) for value in ranks]
        cells += [number(measure.cost(own, method), 1), number(measure.late_cost(own, method, late), 1)]
        rows.append((known[-1] if known else np.inf, [*cells, f"{100 * repeated:.1f} %"]))
    ordered = [cells for _, cells in sorted(rows, key=lambda row: row[0])]
    return table(["method", "runs", *columns, "CPU ms", f"@{late}", "repeated"], ordered)


def _trials(races: Sequence[Race], method: str) -> int:
    return min(len(race.regret) for race in races if race.method == method)


def _duels(races: Sequence[Race], peers: Sequence[str], marks: Sequence[int]) -> str:
    rows = []
    for peer in peers:
        cells = [f"`{peer}`", str(len(measure.shared(races, (OURS, peer), 1)))]
        reached = {}
        for n in marks:
            places = measure.shared(races, (OURS, peer), n)
            if not places:
                cells.append("–")
                continue
            duel = measure.duel(places, OURS, peer, n)
            reached[n] = f"{duel.reach:.0f}" if np.isfinite(duel.reach) else f"> {n}"
            cells.append(f"{duel.wins}–{duel.ties}–{duel.losses}, {duel.rate:.2f} [{duel.low:.2f}, {duel.high:.2f}]")
        rows.append([*cells, *(reached.get(n, "–") for n in marks[-2:])])
    head = [f"won–tied–lost @{n}" for n in marks] + [f"its @{n} after" for n in marks[-2:]]
    return table(["peer", "runs", *head], rows)


def _waits(single: Sequence[Race], batches: Sequence[Race], n: int) -> str:
    """A run reaches its own value sooner than others of its kind would, so runs with other seeds stand beside it."""
    rows = []
    for method in measure.methods_of(batches):
        alone = {race.place: race.regret for race in single if race.method == method and len(race.regret) >= n}
        pairs = [(race, alone[race.place][n - 1]) for race in batches if race.method == method and race.place in alone]
        if pairs:
            others = [
                measure.trials_to(value, curve)
                for race, value in pairs
                for (task, seed), curve in alone.items()
                if task == race.task and seed != race.seed
            ]
            several = np.median([measure.trials_to(value, race.regret) for race, value in pairs])
            one = np.median(others)
            rows.append(
                [f"`{method}`", str(len(pairs)), number(one, 1), number(several, 1), f"{number(several / one, 2)}x"]
            )
    head = ["method", "runs", "one at a time, other seeds", f"{WORKERS} at a time", "ratio"]
    return table(head, rows)


def _about(folders: Iterable[Path]) -> str:
    records = measure.recorded(folders)
    versions: dict[str, set[str]] = defaultdict(set)
    for record in records:
        if "version" in record:
            versions[record["method"]].add(record["version"])
    failed = Counter(record["method"] for record in records if "error" in record)
    missing = [f"`{name}` ({method.absent or 'not run'})" for name, method in PEERS.items() if name not in versions]
    lines = [
        "Versions: " + "; ".join(f"`{name}` {', '.join(sorted(used))}" for name, used in sorted(versions.items())) + "."
    ]
    if failed:
        counts = (f"`{name}` in {count} runs" for name, count in failed.items())
        lines.append(f"Ended by an error of its own, its best until then kept: {', '.join(counts)}.")
    if missing:
        lines.append(f"Without results: {', '.join(missing)}.")
    return "\n".join(lines)
