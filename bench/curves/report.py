"""The tables of `compare` and of bench/README.md, and the short one of README.md."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from curves import measure, runs
from curves.measure import place_of
from curves.methods import PEERS, method as method_of
from curves.runs import MARKS, POINTS
from race import page
from race.measure import Race, duel, mean_rank, mean_regret, methods_of, shared
from race.page import number, table
from race.summary import OURS, Part, by_group, winners

HYPERBAND = "optuna-tpe-hyperband"
WORKERS = (4, 16)
CROSSING = 0.5  # rank agreement of early and final values below which curves are said to cross
MOST, ENOUGH = 0.6, 0.2  # of the tasks and seeds; a method with fewer would leave the others little to be compared on


def show(given) -> None:
    for text in sections(given.out, given.method, given.only):
        print(text, end="\n\n")


def write(given) -> None:
    page.renew(page.BENCH, "<!-- fidelity -->", sections(given.out))
    page.renew(page.FRONT, "<!-- bench:fidelity -->", [_short(given.out)])


def _short(folders: Sequence[Path]) -> str:
    """Over all families at each budget, then each family after 20 full trainings."""
    races = measure.load(folders, workers=WORKERS[0])
    most = _covering(races, MOST)
    races = [race for race in races if race.method in most]
    parts = [Part(f"all, after {mark} full trainings", races, place_of(mark)) for mark in MARKS]
    return winners([*parts, *by_group(races, place_of(20), ", after 20")], HYPERBAND)


def sections(folders: Sequence[Path], chosen: Sequence[str] | None = None, only: str = "") -> Iterable[str]:
    yield _about_tasks(folders, only)
    for workers in WORKERS:
        races = [
            race for race in measure.load(folders, workers=workers, only=only) if not chosen or race.method in chosen
        ]
        if races:
            yield f"### {workers} workers"
            yield from _section(races)
            seen = measure.load(folders, workers=workers, kind="smallest", only=only)
            yield "Regret of the smallest value that was reported at any step, whatever becomes of it:"
            yield _regrets([race for race in seen if race.method in _covering(races, MOST)])
    yield _about_methods(folders)


def _section(races: Sequence[Race]) -> Iterable[str]:
    most, enough = _covering(races, MOST), _covering(races, ENOUGH)
    yield _standings(races, most)
    if len(most) < len(enough):
        yield "All methods, where all of them ran:"
        yield _standings(races, enough)
    few = [f"`{name}`" for name in methods_of(races) if name not in enough]
    if few:
        yield f"On too few tasks so far for a place in the tables: {', '.join(few)}."
    if OURS in enough:
        yield f"`{OURS}` against each of the others, wherever both ran:"
        yield _duels(races, [name for name in enough if name != OURS])
    yield "Mean rank by family, after 5 and 20 full trainings, of the methods of the first table:"
    yield _families(races, most)
    crossing = [race for race in races if race.record["agreement"] < CROSSING and race.method in most]
    if crossing:
        tasks = sorted({race.task for race in crossing})
        yield f"Regret where curves cross ({', '.join(tasks)}):"
        yield _regrets(crossing)


def _covering(races: Sequence[Race], share: float) -> list[str]:
    """The methods that ran at such a share of the places at which any did."""
    places = {name: {race.place for race in races if race.method == name} for name in methods_of(races)}
    everywhere = set().union(*places.values())
    return [name for name, found in places.items() if len(found) >= share * len(everywhere)]


def _standings(races: Sequence[Race], methods: Sequence[str]) -> str:
    """One row per method, the best mean of its ranks first. A method with a smaller budget has no later columns."""
    rows = []
    for method in methods:
        ranks, regrets = [], []
        for mark in MARKS:
            places, n = _places(races, methods, method, mark), place_of(mark)
            ranks.append((mean_rank(places, method, n), measure.rank_spread(places, method, n) if places else np.nan))
            regrets.append(mean_regret(places, method, n))
        own = [race.record for race in races if race.method == method]
        cells = [f"`{method}`", str(len(shared(races, methods, 1)))]
        cells += [f"{number(rank, 2)} ±{number(spread, 1)}" if np.isfinite(rank) else "–" for rank, spread in ranks]
        cells += [number(regret, 3) for regret in regrets]
        cells += [_reach(races, method, HYPERBAND, 20), number(_cpu(own), 1)]
        rows.append((np.nanmean([rank for rank, _ in ranks]), cells))
    columns = [f"rank @{mark}" for mark in MARKS] + [f"regret @{mark}" for mark in MARKS]
    head = ["method", "runs", *columns, "Hyperband's @20 after", "CPU s"]
    return table(head, [cells for _, cells in sorted(rows, key=lambda row: row[0])])


def _places(races: Sequence[Race], methods: Sequence[str], method: str, mark: float) -> list[dict[str, Race]]:
    """Where all of the methods ran that were given so much; none if this one was not."""
    n = place_of(mark)
    long = [name for name in methods if max(len(race.regret) for race in races if race.method == name) >= n]
    return shared(races, long, n) if method in long else []


def _cpu(records: Sequence[dict]) -> float:
    """Seconds that the method itself took for ten full trainings' worth of steering."""
    return float(np.median([10 * record["cpu"] / record["budget"] for record in records]))


def _reach(races: Sequence[Race], ours: str, theirs: str, mark: float) -> str:
    """After how many full trainings ours mostly has what the other has after `mark`."""
    places = shared(races, (ours, theirs), place_of(mark)) if ours != theirs else []
    if not places:
        return "–"
    reach = duel(places, ours, theirs, place_of(mark)).reach
    last = min(len(place[ours].regret) for place in places)
    return f"{POINTS[int(reach) - 1]:g}" if np.isfinite(reach) else f"> {POINTS[last - 1]:g}"


def _duels(races: Sequence[Race], peers: Sequence[str]) -> str:
    rows = []
    for peer in peers:
        cells = [f"`{peer}`", str(len(shared(races, (OURS, peer), 1)))]
        for mark in MARKS:
            places = shared(races, (OURS, peer), place_of(mark))
            cells.append(_duel(places, peer, mark) if places else "–")
        rows.append([*cells, _reach(races, OURS, peer, 20)])
    return table(["peer", "runs", *[f"won–tied–lost @{mark}" for mark in MARKS], "its @20 after"], rows)


def _duel(places: Sequence[dict[str, Race]], peer: str, mark: float) -> str:
    found = duel(places, OURS, peer, place_of(mark))
    return f"{found.wins}–{found.ties}–{found.losses}, {found.rate:.2f} [{found.low:.2f}, {found.high:.2f}]"


def _families(races: Sequence[Race], methods: Sequence[str]) -> str:
    groups = sorted({race.group for race in races})
    rows = []
    for method in methods:
        cells = [f"`{method}`"]
        for group in groups:
            part = [race for race in races if race.group == group]
            ranks = [mean_rank(_places(part, methods, method, mark), method, place_of(mark)) for mark in (5, 20)]
            cells.append(" / ".join(number(rank, 1) for rank in ranks))
        rows.append(cells)
    return table(["method", *groups], rows)


def _regrets(races: Sequence[Race]) -> str:
    names = methods_of(races)
    rows = []
    for name in names:
        found = [mean_regret(_places(races, names, name, mark), name, place_of(mark)) for mark in MARKS]
        rows.append([f"`{name}`", *[number(regret, 3) for regret in found]])
    return table(["method", *[f"@{mark}" for mark in MARKS]], rows)


def _about_tasks(folders: Sequence[Path], only: str) -> str:
    known = runs.read_tasks([runs.RESULTS, *folders])
    ran = {record["task"] for folder in folders for record in runs.read_all(folder) if only in record["task"]}
    families: dict[str, list] = defaultdict(list)
    for name in ran:
        families[known[name].group].append(known[name])
    rows = []
    for group, found in sorted(families.items()):
        agreements = sorted(about.agreement for about in found)
        spread = " to ".join(dict.fromkeys((f"{agreements[0]:.2f}", f"{agreements[-1]:.2f}")))
        rows.append([group, str(len(found)), ", ".join(map(str, sorted({about.steps for about in found}))), spread])
    return table(["family", "tasks", "steps", "rank agreement of values after a ninth with final ones"], rows)


def _about_methods(folders: Iterable[Path]) -> str:
    versions: dict[str, set[str]] = defaultdict(set)
    for folder in folders:
        for record in runs.read_all(folder):
            versions[record["method"]].add(record["version"])
    rows = []
    for name, used in sorted(versions.items()):
        note = method_of(name).note if name in PEERS or name.startswith("tunesmith:") else ""
        rows.append([f"`{name}`", ", ".join(sorted(used)), note])
    missing = [f"`{name}` ({method.absent or 'not run'})" for name, method in PEERS.items() if name not in versions]
    return table(["method", "versions", "trials that go on"], rows) + (
        f"\n\nWithout results: {', '.join(missing)}." if missing else ""
    )
