"""The dashboard against Optuna's, in one run: from a request to a drawn history, what is sent, what the server works.

    make bench-ui                     # a few minutes
    python bench/ui.py --trials 1000  # another size

Both show the same trials: ten parameters, ten reports each, in SQLite. The page of the study is opened in headless Chromium;
`drawn` ends when the points of the history stand in the document, `live` when they answer to a hand; the peer's are drawn and live
at once, while Tunesmith's page begins with a picture. `first` is the first page after the server
answers at all, `again` the median of three more (the same one where it took over 20 s), each in a browser without a
cache. Seconds of the processor do not depend on what else the machine does, the others do. Writes bench/results/ui.json and the table
in bench/README.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import platform
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PEER = HERE / ".envs" / "optuna-dashboard" / "bin"
REPORTS = 10
PATIENCE = 400.0
LONG = 20.0
SIZES = (10_000, 100_000)
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync")

OURS_DRAWN = """() => document.querySelector('#figure-history .still path.dots') || document.querySelector('#figure-history .scatterlayer path')"""
OURS_LIVE = """() => document.querySelector('#figure-history[data-drawn="yes"] .scatterlayer path')"""
THEIRS_DRAWN = """() => document.querySelector('.js-plotly-plot .scatterlayer .points path, .js-plotly-plot .gl-container canvas')"""


# -- the same trials on both sides -------------------------------------------------------------------------------------


def trials_of(count: int) -> Iterator[tuple[dict[str, object], list[float], str, float | None]]:
    """Config, curve, state in Optuna's words, and value of each trial."""
    rng = random.Random(0)
    for _ in range(count):
        config: dict[str, object] = {f"x{i}": rng.random() for i in range(8)}
        config |= {f"c{i}": rng.choice("abc") for i in range(2)}
        base = sum((value - 0.3) ** 2 for value in config.values() if isinstance(value, float)) + rng.random() * 0.2
        curve = [base + math.exp(-step / 3) for step in range(1, REPORTS + 1)]
        kind = rng.random()
        if kind < 0.05:
            yield config, curve[:3], "FAIL", None
        elif kind < 0.3:
            yield config, curve[:5], "PRUNED", curve[4]
        else:
            yield config, curve, "COMPLETE", curve[-1]


def fill_ours(path: Path, count: int) -> None:
    from tunesmith.space import Choice, Float, Space
    from tunesmith.stores.sqlite import SqliteStore
    from tunesmith.trials import Asked, Draft, Failed, Finished, Opened, Reported, Started, Stopped, StudySpec
    from tunesmith.trials.spec import objectives_from

    space = Space({**{f"x{i}": Float(0, 1) for i in range(8)}, **{f"c{i}": Choice("a", "b", "c") for i in range(2)}})
    store = SqliteStore(path)
    store.create(StudySpec("bench", space, objectives_from("loss", None)))
    drafts: list[Draft] = []
    for number, (config, curve, state, value) in enumerate(trials_of(count)):
        drafts += [Draft(None, Opened()), Draft(number, Asked(config, "random", "drawn at random", number))]
        drafts.append(Draft(number, Started("elsewhere/1/1", 1)))
        drafts += [Draft(number, Reported(step, {"loss": loss}, 1)) for step, loss in enumerate(curve, 1)]
        ends = {"FAIL": Failed("oom", "out of memory", 1), "PRUNED": Stopped("worse than the median", 1)}
        drafts.append(Draft(number, ends.get(state) or Finished({"loss": value}, 1)))
        if len(drafts) > 50_000:
            store.append("bench", drafts)
            drafts = []
    store.append("bench", drafts)
    store.close()


def fill_theirs(path: Path, count: int) -> None:
    lines = path.with_suffix(".jsonl")
    with lines.open("w") as file:
        for trial in trials_of(count):
            file.write(json.dumps(trial) + "\n")
    script = HERE / "peers" / "optuna_dashboard_fill.py"
    subprocess.run([PEER / "python", script, path, str(count), str(REPORTS), lines], check=True)


# -- servers -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def served(command: list[str | Path], port: int, path: str) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    """A server, and how long it took until it answered."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE).close()
                break
            assert process.poll() is None, f"{command[0]} ended"
            assert time.perf_counter() - began < PATIENCE, f"{command[0]} does not answer"
            time.sleep(0.02)
        yield process, time.perf_counter() - began
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def processor_seconds(root: int, without: int = 0) -> float:
    """Of a process and all that it has started, but for `without`."""
    parents, seconds = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            number = int(stat.parent.name)
            parents[number], seconds[number] = int(fields[1]), (int(fields[11]) + int(fields[12]))
    family = {root}
    while more := {n for n, parent in parents.items() if parent in family and n not in family and n != without}:
        family |= more
    return sum(seconds.get(number, 0) for number in family) / os.sysconf("SC_CLK_TCK")


# -- pages -------------------------------------------------------------------------------------------------------------


def page_load(browser, process, address: str, drawn: str, live: str) -> dict[str, float]:
    """One page in a browser without a cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    traffic = context.new_cdp_session(tab)
    sent = [0]
    traffic.send("Network.enable")
    traffic.on("Network.loadingFinished", lambda event: sent.__setitem__(0, sent[0] + event["encodedDataLength"]))
    server, all_else = processor_seconds(process.pid), processor_seconds(os.getpid(), process.pid)
    began = time.perf_counter()
    tab.goto(address, wait_until="commit", timeout=PATIENCE * 1000)
    tab.wait_for_function(drawn, timeout=PATIENCE * 1000, polling=20)
    seconds = time.perf_counter() - began
    tab.wait_for_function(live, timeout=PATIENCE * 1000, polling=20)
    found = {
        "seconds": seconds,
        "live": time.perf_counter() - began,
        "server": processor_seconds(process.pid) - server,
        "browser": processor_seconds(os.getpid(), process.pid) - all_else,
        "bytes": float(sent[0]),
    }
    context.close()
    return found


def measured(
    browser, command: list[str | Path], port: int, ready: str, page: str, drawn: str, live: str
) -> dict[str, object]:
    with served(command, port, ready) as (process, started):
        address = f"http://127.0.0.1:{port}{page}"
        first = page_load(browser, process, address, drawn, live)
        again_times = 3 if first["seconds"] < LONG else 0
        more = [page_load(browser, process, address, drawn, live) for _ in range(again_times)] or [first]
    again = {key: statistics.median(load[key] for load in more) for key in first}
    return {"start": started, "first": first, "again": again}


def compared(browser, count: int, folder: Path) -> dict[str, object]:
    ours, theirs = folder / f"ours-{count}.db", folder / f"theirs-{count}.db"
    fill_ours(ours, count)
    fill_theirs(theirs, count)
    machine = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "python": platform.python_version()}
    found: dict[str, object] = {"trials": count, "reports": REPORTS, "machine": machine}
    port = free_port()
    command: list[str | Path] = [sys.executable, "-m", "tunesmith", "ui", ours, "--port", str(port), "--read-only"]
    found["tunesmith"] = measured(browser, command, port, "/static/mark.svg", "/studies/bench", OURS_DRAWN, OURS_LIVE)
    port = free_port()
    command = [PEER / "optuna-dashboard", f"sqlite:///{theirs}", "--port", str(port)]
    try:
        found["optuna-dashboard"] = measured(
            browser, command, port, "/dashboard/", "/dashboard/studies/1", THEIRS_DRAWN, THEIRS_DRAWN
        )
    except Exception as error:
        print(error)
        found["optuna-dashboard"] = {"failed": f"not drawn within {PATIENCE:.0f} s"}
    return found


# -- the table ---------------------------------------------------------------------------------------------------------


def table(results: list[dict]) -> str:
    lines = [
        "| trials | page | dashboard | drawn after | live after | sent | processor: server | processor: browser | times as long |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for found in results:
        for which in ("first", "again"):
            ours = found["tunesmith"][which]
            for name in ("tunesmith", "optuna-dashboard"):
                side = found[name]
                row = [f"{found['trials']:,}", which, name]
                if "failed" in side:
                    row += [side["failed"], "", "", "", "", ""]
                else:
                    load = side[which]
                    row += [f"{load['seconds']:.2f} s", f"{load['live']:.2f} s", f"{load['bytes'] / 1e6:.1f} MB"]
                    row += [
                        f"{load['server']:.2f} s",
                        f"{load['browser']:.2f} s",
                        f"{load['live'] / ours['live']:.1f}",
                    ]
                lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def into_readme(text: str) -> None:
    path = HERE / "README.md"
    page = path.read_text(encoding="utf-8")
    head, _, rest = page.partition("<!-- ui -->")
    _, _, tail = rest.partition("<!-- end -->")
    path.write_text(f"{head}<!-- ui -->\n\n{text}\n\n<!-- end -->{tail}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--dry", action="store_true", help="write nothing")
    given = parser.parse_args()
    sys.path.insert(0, str(HERE.parent / "tests" / "web"))
    from chromium import chromium
    from playwright.sync_api import sync_playwright

    results = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        for count in given.trials:
            results.append(compared(browser, count, Path(folder)))
            print(table(results), flush=True)
            if not given.dry:
                write(results)
        browser.close()


def write(results: list[dict]) -> None:
    """Into the file and the table; sizes that were not measured this time stay as they were."""
    path = HERE / "results" / "ui.json"
    before = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    measured_now = {found["trials"] for found in results}
    kept = [found for found in before if found["trials"] not in measured_now]
    everything = sorted([*kept, *results], key=lambda found: found["trials"])
    path.write_text(json.dumps({"results": everything}, indent=1) + "\n", encoding="utf-8")
    loads = ", ".join(f"{found['machine']['load']:.0f} ({found['trials']:,} trials)" for found in everything)
    cores = everything[0]["machine"]["cores"]
    into_readme(f"On {cores} cores, which had a load from other work too: {loads}.\n\n{table(everything)}")


if __name__ == "__main__":
    main()
