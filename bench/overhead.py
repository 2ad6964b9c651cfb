"""What tuning itself costs, against Optuna in the same run: time that is not training.

    make bench                                 # everything, a few minutes
    python bench/overhead.py --only memory     # one part
    python bench/overhead.py --quick           # fewer trials, for a look

Writes bench/results/overhead.json and the tables in bench/README.md and README.md; `--only` renews its part of them. Both sides use random search (ours is named
`random` here too, so that the samplers' own work is alike) over the same ten mixed parameters, and trivial objectives;
but for `asks`, which compares the default samplers.
"""

from __future__ import annotations

import argparse
import compileall
import contextlib
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("asks", "memory", "sqlite", "sqlite8", "reports_memory", "reports_sqlite", "open", "import")
ASKS = 30


# -- the same ten parameters on both sides -----------------------------------------------------------------------------


def our_space():
    import tunesmith as ts

    return ts.Space(
        {
            **{f"f{i}": ts.Float(0, 1) for i in range(2)},
            **{f"l{i}": ts.Float(1e-5, 1, log=True) for i in range(2)},
            **{f"i{i}": ts.Int(1, 100) for i in range(3)},
            **{f"c{i}": ts.Choice("a", "b", "c") for i in range(3)},
        }
    )


def suggest(trial):
    x = trial.suggest_float("f0", 0, 1) + trial.suggest_float("f1", 0, 1)
    x += trial.suggest_float("l0", 1e-5, 1, log=True) + trial.suggest_float("l1", 1e-5, 1, log=True)
    x += sum(trial.suggest_int(f"i{i}", 1, 100) for i in range(3))
    x += sum(trial.suggest_categorical(f"c{i}", ["a", "b", "c"]) == "a" for i in range(3))
    return x


def objective(config):
    return sum(value if not isinstance(value, str) else value == "a" for value in config.values())


def our_tune(trials, store, **options):
    import tunesmith as ts

    return ts.tune(
        objective, space=our_space(), minimize="loss", trials=trials, store=store, name="bench", sampler="random",
        scheduler="none", confirm=0, seed=0, progress="quiet", **options,
    )  # fmt: skip


def their_study(storage):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.RandomSampler(seed=0)
    return optuna.create_study(study_name="bench", storage=storage, sampler=sampler, load_if_exists=True)


def processor_ms(call: Callable[[], object]) -> float:
    """Milliseconds of processor time per call, the first one not counted."""
    call()
    began = time.process_time()
    for _ in range(ASKS):
        call()
    return 1e3 * (time.process_time() - began) / ASKS


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


# -- the next proposal -------------------------------------------------------------------------------------------------


def our_asks(trials, folder):
    """Asking our default sampler for a trial and telling its value, after so many trials."""
    from tunesmith.study import Study

    our_tune(trials, folder / f"{trials}.db")
    with Study.open("bench", store=folder / f"{trials}.db", trials=2 * trials, sampler="auto") as study:

        def trial():
            asked = study.ask()
            study.tell(asked, objective(asked.config))

        return processor_ms(trial)


def their_asks(trials):
    import optuna

    study = their_study(None)
    study.optimize(suggest, n_trials=trials)
    study.sampler = optuna.samplers.TPESampler(seed=0)
    return processor_ms(lambda: study.optimize(suggest, n_trials=1))


# -- trials per second -------------------------------------------------------------------------------------------------


def ours_memory(n, _):
    return n / timed(lambda: our_tune(n, None))


def theirs_memory(n, _):
    study = their_study(None)
    return n / timed(lambda: study.optimize(suggest, n_trials=n))


def ours_sqlite(n, folder):
    return n / timed(lambda: our_tune(n, folder / "ours.db"))


def theirs_sqlite(n, folder):
    study = their_study(f"sqlite:///{folder}/theirs.db")
    return n / timed(lambda: study.optimize(suggest, n_trials=n))


def _together(side, n, folder):
    """Eight processes begin at the same signal; trials per second over all of them."""
    command = [sys.executable, __file__, "--worker", side, str(n), str(folder)]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    for worker in workers:
        worker.stdout.readline()
    began = time.perf_counter()
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.wait()
    seconds = time.perf_counter() - began
    assert all(worker.returncode == 0 for worker in workers)
    return n / seconds


def ours_sqlite8(n, folder):
    our_tune(1, folder / "ours.db")
    rate = _together("ours", n, folder)
    from tunesmith.study import Study

    with Study.open("bench", store=folder / "ours.db") as study:
        assert len(study.trials) == n
        assert all(trial.state.ended for trial in study.trials)
    return rate


def _patient(folder):
    # With SQLAlchemy's own 5 seconds, a process of eight gives up on a busy machine: "database is locked".
    return f"sqlite:///{folder}/theirs.db?timeout=600"


def theirs_sqlite8(n, folder):
    their_study(_patient(folder))
    return _together("theirs", n, folder)


def worker(side, n, folder):
    if side == "ours":
        import tunesmith.tuning

        tunesmith.tuning.__name__  # noqa: B018  loaded before the clock starts
    else:
        study = their_study(_patient(folder))
    print("ready", flush=True)
    sys.stdin.readline()
    if side == "ours":
        our_tune(n, folder / "ours.db")
    else:
        study.optimize(suggest, n_trials=n // 8)


# -- reports with a stop decision --------------------------------------------------------------------------------------


def _our_reports(trials, store, scheduler):
    import tunesmith as ts

    schedulers = {"none": ts.NoStopping(), "median": ts.Median(warmup=1), "halving": ts.Halving(eta=3)}
    study = ts.Study.open(
        "bench",
        space=our_space(),
        minimize="loss",
        store=store,
        sampler="random",
        scheduler=schedulers[scheduler],
        seed=0,
    )
    spent = []
    for _ in range(trials):
        trial = study.ask()
        base = trial.config["f0"]
        began = time.perf_counter()
        reported, stopped = 0, False
        while reported < 100 and not stopped:
            reported += 1
            stopped = isinstance(study.report(trial, step=reported, loss=base + 1 / reported), ts.Stop)
        spent.append((time.perf_counter() - began) / reported)
        if not stopped:
            study.tell(trial)
    return statistics.median(spent) * 1e6


def _their_reports(trials, storage, pruner):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruners = {
        "none": optuna.pruners.NopPruner(),
        "median": optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
        "halving": optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3),
    }
    study = optuna.create_study(storage=storage, sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruners[pruner])
    spent = []
    for _ in range(trials):
        trial = study.ask()
        suggest(trial)
        base = trial.params["f0"]
        began = time.perf_counter()
        reported, pruned = 0, False
        for step in range(1, 101):
            reported += 1
            trial.report(base + 1 / step, step)
            pruned = trial.should_prune()
            if pruned:
                break
        spent.append((time.perf_counter() - began) / reported)
        study.tell(trial, None if pruned else base, state=optuna.trial.TrialState.PRUNED if pruned else None)
    return statistics.median(spent) * 1e6


# -- opening a large study ---------------------------------------------------------------------------------------------


def fill_ours(path, trials, reports):
    from tunesmith.stores.sqlite import SqliteStore
    from tunesmith.trials import Asked, Draft, Finished, Objective, Opened, Reported, Started, StudySpec

    store = SqliteStore(path)
    space = our_space()
    store.create(StudySpec("bench", space, (Objective("loss", "minimize"),)))
    config = space.default()
    for number in range(trials):
        facts = [Opened(), Asked({**config, "f0": number / trials}, "bench", "", 0), Started("", 1)]
        facts += [Reported(step, {"loss": 1 / step}, 1) for step in range(1, reports + 1)]
        store.append("bench", [Draft(number, fact) for fact in [*facts, Finished({"loss": 0.01}, 1)]])
    store.close()


def fill_theirs(path, trials, reports):
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name="bench", storage=f"sqlite:///{path}?timeout=60")
    space = {
        **{f"f{i}": FloatDistribution(0, 1) for i in range(2)},
        **{f"l{i}": FloatDistribution(1e-5, 1, log=True) for i in range(2)},
        **{f"i{i}": IntDistribution(1, 100) for i in range(3)},
        **{f"c{i}": CategoricalDistribution(["a", "b", "c"]) for i in range(3)},
    }
    params = {name: "a" if name[0] == "c" else 1 if name[0] == "i" else 0.5 for name in space}
    values = {step: 1 / step for step in range(1, reports + 1)}
    study.add_trial(
        optuna.trial.create_trial(params=params, distributions=space, value=0.01, intermediate_values=values)
    )
    _copy_trial(path, trials)


def _copy_trial(path, trials):
    """Optuna's one trial, written by itself, many times over: through its own interface this takes half an hour."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in sorted(tables, key=lambda name: name != "trials"):
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            names = [name for _, name, _, _, _, is_key in columns if not is_key or name == "trial_id"]
            if "trial_id" not in names:
                continue
            chosen = ", ".join({"trial_id": "?1", "number": "?1 - 1"}.get(name, name) for name in names)
            query = f"INSERT INTO {table} ({', '.join(names)}) SELECT {chosen} FROM {table} WHERE trial_id = 1"
            connection.executemany(query, [(number,) for number in range(2, trials + 1)])
        connection.commit()


def open_ours(path, curves=False):
    import tunesmith as ts

    study = ts.Study.open("bench", store=path)
    assert study.best.values
    if curves:
        assert len(study.view.curve(0, "loss")[0]) == 100
    return len(study.trials)


def open_theirs(path, curves=False):  # noqa: ARG001  Optuna always reads them
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="bench", storage=f"sqlite:///{path}")
    assert study.best_value
    return len(study.trials)


def _in_fresh_process(side, path, what="trials"):
    """Seconds to open and list a study, and the greatest memory in MB, in a process of its own."""
    found = subprocess.run(
        [sys.executable, __file__, "--open", side, str(path), what], capture_output=True, text=True, check=True
    )
    seconds, megabytes = found.stdout.split()
    return float(seconds), float(megabytes)


# -- the parts ---------------------------------------------------------------------------------------------------------


def compare(name, unit, ours, theirs, aim, *, more_is_better):
    ratio = ours / theirs if more_is_better else theirs / ours
    row = {"what": name, "unit": unit, "tunesmith": ours, "optuna": theirs, "ratio": ratio, "aim": aim}
    print(f"{name:<55} {ours:>12,.1f} {theirs:>12,.1f} {unit:<10} {ratio:>8.1f}x  (aim {aim}x)", flush=True)
    return row


def rate(name, ours, theirs, n_ours, n_theirs, aim, repeats):
    """Medians of alternating runs, so that a change in the machine's load meets both sides."""
    mine, yours = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            mine.append(ours(n_ours, Path(folder)))
        with tempfile.TemporaryDirectory() as folder:
            yours.append(theirs(n_theirs, Path(folder)))
    return compare(name, "trials/s", statistics.median(mine), statistics.median(yours), aim, more_is_better=True)


def run_part(part, quick):
    few = 5 if quick else 1
    repeats = 1 if quick else 3
    if part == "memory":
        return [rate("(a) trials per second, memory", ours_memory, theirs_memory, 2000 // few, 2000 // few, 3, repeats)]
    if part == "sqlite":
        return [
            rate(
                "(b) trials per second, SQLite, 1 process",
                ours_sqlite,
                theirs_sqlite,
                2000 // few,
                200 // few,
                50,
                repeats,
            )
        ]
    if part == "asks":
        rows = []
        with tempfile.TemporaryDirectory() as folder:
            for trials, aim in ((100, 0.33), (300, 0.33), (1_000, 2), (10_000, 2)):
                what = f"one proposal of the default sampler after {trials:,} trials"
                ours, theirs = our_asks(trials // few, Path(folder)), their_asks(trials // few)
                rows.append(compare(what, "ms", ours, theirs, aim, more_is_better=False))
        return rows
    if part == "sqlite8":
        return [
            rate(
                "(c) trials per second, SQLite, 8 processes",
                ours_sqlite8,
                theirs_sqlite8,
                4000 // few,
                200 // few,
                50,
                repeats,
            )
        ]
    if part.startswith("reports"):
        rows = []
        for scheduler in ("none", "median", "halving"):
            memory = part == "reports_memory"
            trials = (1000 if memory else 100) // few
            with tempfile.TemporaryDirectory() as folder:
                ours = _our_reports(trials, None if memory else Path(folder) / "ours.db", scheduler)
                theirs_trials = trials if memory else max(3, trials // 10)
                theirs = _their_reports(theirs_trials, None if memory else f"sqlite:///{folder}/theirs.db", scheduler)
            where = "memory" if memory else "SQLite"
            rows.append(
                compare(
                    f"one report with decision, {where}, {scheduler}",
                    "µs",
                    ours,
                    theirs,
                    5 if memory else 50,
                    more_is_better=False,
                )
            )
        return rows
    if part == "open":
        trials = 10_000 // few
        with tempfile.TemporaryDirectory() as folder:
            fill_ours(Path(folder) / "ours.db", trials, 100)
            fill_theirs(Path(folder) / "theirs.db", trials, 100)
            ours, our_mb = _in_fresh_process("ours", Path(folder) / "ours.db")
            with_curves, curves_mb = _in_fresh_process("ours", Path(folder) / "ours.db", "curves")
            theirs, their_mb = _in_fresh_process("theirs", Path(folder) / "theirs.db")
        what = f"open {trials:,} trials x 100 reports"
        return [
            compare(f"{what}: time", "s", ours, theirs, 20, more_is_better=False),
            compare(f"{what}: memory", "MB", our_mb, their_mb, 5, more_is_better=False),
            compare(f"{what}, and read all curves: time", "s", with_curves, theirs, 20, more_is_better=False),
            compare(f"{what}, and read all curves: memory", "MB", curves_mb, their_mb, 5, more_is_better=False),
        ]
    assert part == "import"
    import tunesmith

    # As pip does when it installs a package; without it an editable install is compiled again by every process.
    compileall.compile_dir(Path(tunesmith.__file__).parent, quiet=2)
    codes = {
        "nothing": "pass",
        "bare": "import tunesmith",
        "used": "import tunesmith; tunesmith.tune; tunesmith.Study; tunesmith.Float",
        "optuna": "import optuna",
    }
    found = {name: [] for name in codes}
    for _ in range(3 if quick else 15):
        for name, code in codes.items():
            found[name].append(timed(lambda code=code: subprocess.run([sys.executable, "-c", code], check=True)))
    ms = {name: 1e3 * (statistics.median(times) - statistics.median(found["nothing"])) for name, times in found.items()}
    return [
        compare("import", "ms", ms["bare"], ms["optuna"], 2, more_is_better=False),
        compare("import, and use tune, Study and Float", "ms", ms["used"], ms["optuna"], 2, more_is_better=False),
    ]


def table(results):
    lines = ["| what | Tunesmith | Optuna | unit | ratio | aim |", "|---|---|---|---|---|---|"]
    for row in results["rows"]:
        digits = 0 if row["tunesmith"] > 100 else 2
        lines.append(
            f"| {row['what']} | {row['tunesmith']:,.{digits}f} | {row['optuna']:,.{digits}f} | {row['unit']} "
            f"| {row['ratio']:.1f}x | {row['aim']}x |"
        )
    return "\n".join(lines)


def write(results):
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "overhead.json").write_text(json.dumps(results, indent=2) + "\n")
    for page, mark in (
        (HERE / "README.md", "<!-- overhead -->"),
        (HERE.parent / "README.md", "<!-- bench:overhead -->"),
    ):
        head, _, rest = page.read_text().partition(mark)
        _, _, tail = rest.partition("<!-- end -->")
        page.write_text(f"{head}{mark}\n\n{table(results)}\n\n<!-- end -->{tail}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--open", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        side, n, folder = given.worker
        worker(side, int(n), Path(folder))
        return
    if given.open:
        side, path, what = given.open
        seconds = timed(lambda: (open_ours if side == "ours" else open_theirs)(path, what == "curves"))
        print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    import optuna

    import tunesmith

    about = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "optuna": optuna.__version__,
        "tunesmith": tunesmith.__version__,
    }
    print(f"{'':<55} {'tunesmith':>12} {'optuna':>12}")
    for part in given.only or PARTS:
        rows = [{**row, "part": part} for row in run_part(part, given.quick)]
        if not given.quick:
            everything = sorted(other_rows(part) + rows, key=lambda row: PARTS.index(row["part"]))
            write({"about": about, "rows": everything})


def other_rows(part):
    """What was measured last of the other parts."""
    file = HERE / "results" / "overhead.json"
    return [row for row in json.loads(file.read_text())["rows"] if row["part"] != part] if file.exists() else []


if __name__ == "__main__":
    main()
