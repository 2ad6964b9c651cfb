"""One method against its peers, as tables for the terminal."""

from __future__ import annotations

import numpy as np

from race import measure


def show(given) -> None:
    races = measure.load(given.out, workers=given.workers, only=given.only)
    known = measure.methods_of(races)
    if given.method not in known:
        raise SystemExit(f"no results of {given.method!r}; there are some of {', '.join(known)}")
    peers = given.against or [name for name in known if name != given.method]
    for peer in peers:
        _duels(races, given.method, peer, given.by)
    _ranks(races, [given.method, *peers])


def _duels(races, ours, theirs, by) -> None:
    print(f"\n{ours} against {theirs}")
    print(
        f"{'':<34} {'after':>6} {'won':>4} {'tied':>4} {'lost':>4} {'rate':>5} {'95 %':>11} {'regret':>7} {'peer':>7} {'its in':>6}"
    )
    for n in measure.MARKS:
        places = measure.shared(races, (ours, theirs), n)
        if not places:
            continue
        parts = {"all": places}
        if n == max(mark for mark in measure.MARKS if measure.shared(races, (ours, theirs), mark)):
            for place in places:
                parts.setdefault(getattr(place[ours], by), []).append(place)
        for name, part in parts.items():
            print(_duel_line(name, part, ours, theirs, n))


def _duel_line(name, places, ours, theirs, n) -> str:
    duel = measure.duel(places, ours, theirs, n)
    mine, other = (measure.mean_regret(places, method, n) for method in (ours, theirs))
    reach = f"{duel.reach:.0f}" if np.isfinite(duel.reach) else f">{n}"
    return (
        f"{name[:34]:<34} {n:>6} {duel.wins:>4} {duel.ties:>4} {duel.losses:>4} {duel.rate:>5.2f} "
        f"{duel.low:>5.2f}-{duel.high:<5.2f} {mine:>7.4f} {other:>7.4f} {reach:>6}"
    )


def _ranks(races, methods) -> None:
    places = measure.shared(races, methods, 1)
    print(f"\nmean rank, where all of them ran ({len(places)} tasks and seeds), and ms of processor time per proposal")
    for method in methods:
        ranks = [(measure.shared(races, methods, n), n) for n in measure.MARKS]
        texts = [f"@{n} {measure.mean_rank(found, method, n):5.2f}" for found, n in ranks if found]
        print(f"{method:<28} {'  '.join(texts)}   {measure.cost(races, method):8.1f} ms")
