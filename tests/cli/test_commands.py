"""The command line as a person types it."""

import csv
import io
import json
import subprocess
import sys
from contextlib import closing

import pexpect
import pytest

import tunesmith as ts
from tunesmith.stores.sqlite import SqliteStore

TRAIN = """
from typing import Annotated
import tunesmith as ts

def train(lr: Annotated[float, ts.Float(1e-4, 1, log=True)] = 0.01, width: Annotated[int, ts.Int(1, 64)] = 8):
    if lr > 0.6:
        raise MemoryError("too fast")
    for epoch in range(6):
        print("epoch", epoch)
        yield {"loss": lr + width / 100 + 1 / (epoch + 1)}

not_a_function = 3
"""


def tunesmith(*words, cwd, expect=0, stdin=None):
    """Run the command; what it wrote to standard output and error."""
    done = subprocess.run(
        [sys.executable, "-m", "tunesmith", *words], cwd=cwd, capture_output=True, text=True, check=False, input=stdin
    )
    assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stderr or expect != 2
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with a finished study."""
    path = tmp_path_factory.mktemp("place")
    (path / "train.py").write_text(TRAIN)
    (path / "argparsed.py").write_text("import argparse\nargparse.ArgumentParser().parse_args()\n")
    run = ["run", "train.py:train", "--minimize", "loss", "--trials", "25", "--parallel", "2", "--seed", "1"]
    out, err = tunesmith(*run, cwd=path)
    assert out == ""
    assert "Study 'train': minimize loss over 2 parameters" in err
    assert "Ended: all 25 trials are done. Best of 25 trials is number" in err
    assert "failed (oom): MemoryError: too fast" in err
    assert "Look closer: tunesmith show train" in err
    return path


def test_running_again_changes_nothing(place):
    _, err = tunesmith("run", "train.py:train", "--minimize", "loss", "--trials", "25", cwd=place)
    assert "all 25 trials are done" in err


def test_quiet_is_quiet(place):
    assert tunesmith("run", "train.py:train", "--minimize", "loss", "--trials", "26", "--quiet", cwd=place) == ("", "")
    tunesmith("run", "train.py:train", "--minimize", "loss", "--trials", "25", "--quiet", cwd=place)


def test_ls_show_best(place):
    assert "train " in tunesmith("ls", cwd=place)[0]
    shown = tunesmith("show", cwd=place)[0]
    for words in (
        "minimize loss, the last report",
        "sampler:",
        "scheduler:",
        "failures:",
        "oom",
        "the default configuration (trial 0)",
    ):
        assert words in shown
    assert "lr" in tunesmith("best", "train", cwd=place)[0]


@pytest.mark.parametrize(
    "words", [["ls"], ["show"], ["best"], ["trial", "train", "1"], ["check"], ["check", "--proposals"], ["doctor"]]
)
def test_every_reading_command_speaks_json(place, words):
    json.loads(tunesmith(*words, "--json", cwd=place)[0], parse_constant=lambda name: pytest.fail(name))


def test_a_trial_tells_its_story_and_its_output(place):
    with closing(SqliteStore(place / "tunesmith.db")) as store:
        trials = store.changes("train").trials
    stopped = next(trial for trial in trials if trial.state is ts.State.STOPPED)
    out = tunesmith("trial", "train", str(stopped.number), "--output", cwd=place)[0]
    for words in ("stopped", "the median of", f"story: opened; asked by {stopped.by}", "epoch 1", "ran on", "▁"):
        assert words in out
    failed = next(trial for trial in trials if trial.state is ts.State.FAILED)
    assert "in train" in tunesmith("trial", "train", str(failed.number), cwd=place)[0]


def test_export_as_csv_and_json(place):
    rows = list(csv.DictReader(io.StringIO(tunesmith("export", cwd=place)[0])))
    objects = json.loads(tunesmith("export", "--format", "json", cwd=place)[0])
    assert len(rows) == len(objects) >= 25
    assert float(rows[3]["lr"]) == objects[3]["lr"]
    tunesmith("export", "-o", "trials.json", cwd=place)
    assert json.loads((place / "trials.json").read_text()) == objects


def test_check_passes_and_finds_tampering(place, tmp_path):
    import sqlite3

    assert "agree; " in tunesmith("check", "--proposals", cwd=place)[0]
    with (
        closing(sqlite3.connect(place / "tunesmith.db")) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)
        copy.execute("UPDATE trials SET attempt = 7 WHERE number = 2")
        copy.commit()
    assert "Trial 2" in tunesmith("check", "--store", str(tmp_path / "copy.db"), cwd=place, expect=1)[0]


def test_report_and_doctor(place):
    assert tunesmith("report", "-o", "r.html", cwd=place)[0].strip().endswith("r.html")
    assert "train" in (place / "r.html").read_text()
    assert "sqlite" in tunesmith("doctor", cwd=place)[0]


def test_delete_asks_first(place, tmp_path):
    tunesmith("run", "train.py:train", "--minimize", "loss", "--trials", "1", "--name", "gone", "--quiet", cwd=place)
    tunesmith("delete", "gone", cwd=place, stdin="n\n", expect=130)
    assert (place / "tunesmith.files" / "gone").exists()
    tunesmith("delete", "gone", "--yes", cwd=place)
    assert "gone" not in tunesmith("ls", cwd=place)[0]
    assert not (place / "tunesmith.files" / "gone").exists()


@pytest.mark.parametrize(
    "words, code, part",
    [
        (["run", "train.py:train", "--trials", "3"], 2, "Which metric counts? Say --minimize"),
        (["run", "train.py:train", "--minimize", "loss"], 2, "How long shall it search? Give --trials 60"),
        (["run", "train.py:train", "--minimize", "loss", "--trials", "0", "--name", "n"], 2, "trials=0"),
        (["run", "train.py:fit", "--minimize", "loss", "--trials", "3"], 2, "no function 'fit'; its functions: train"),
        (["run", "nowhere.py:train", "--minimize", "loss", "--trials", "3"], 2, "nowhere.py does not exist"),
        (["run", "no.module:train", "--minimize", "loss", "--trials", "3"], 2, "no module"),
        (
            ["run", "argparsed.py:train", "--minimize", "loss", "--trials", "3"],
            2,
            "run it as a program: tunesmith run --",
        ),
        (["guide", "train.py", "--minimize", "loss"], 2, "name the function in it, as in train.py:train"),
        (["run", "train.py"], 2, "name the function in it, as in train.py:train"),
        (["run", "train.py:train", "--minimize", "lost", "--trials", "3", "--name", "n2"], 2, "never reported 'lost'"),
        (["run", "missing.yaml"], 2, "missing.yaml"),
        (["run", "--minimize", "loss", "--trials", "2", "--", "no-such-program", "{x: 0 1}"], 2, "no-such-program"),
        (["run", "python", "x.py", "--lr", "1"], 2, "put -- before the program"),
        (["run", "train.py:train", "--minimize", "loss", "--trials", "3", "--store", "."], 1, "is a directory"),
        (["run", "train.py:train", "--minimize", "loss", "--trials", "3", "--limit", "memory"], 2, "--limit 'memory'"),
        (["show", "other"], 1, "no study named 'other'; it has: train"),
        (["show", "--store", "none.db"], 1, "There is no store at"),
        (["trial", "train", "999"], 2, "no trial 999; its trials are 0 to"),
        (["export", "train", "-o", "no/where.csv"], 2, "cannot be written"),
        (["runn"], 2, "No such command 'runn'"),
    ],
)
def test_mistakes_are_one_sentence(place, words, code, part):
    _, err = tunesmith(*words, cwd=place, expect=code)
    assert part in err
    assert "Traceback" not in err


def test_an_error_in_the_users_module_keeps_its_traceback(place):
    (place / "broken.py").write_text("import nowhere_at_all\n")
    _, err = tunesmith("run", "broken.py:train", "--minimize", "loss", "--trials", "3", cwd=place, expect=1)
    assert "No module named 'nowhere_at_all'" in err
    assert "broken.py" in err


def test_any_program_and_a_sweep_file(place):
    (place / "prog.py").write_text(
        "import sys\nargs = dict(word.lstrip('-').split('=') for word in sys.argv[1:])\nfor e in range(1, 4):\n    print(f\"step={e} loss={float(args['lr']) / e}\")\n"
    )
    words = [
        "run",
        "--minimize",
        "loss",
        "--trials",
        "6",
        "--parallel",
        "2",
        "--seed",
        "0",
        "--",
        sys.executable,
        "prog.py",
        "--lr={lr: log 1e-3 1}",
    ]
    assert "Best of 6 trials" in tunesmith(*words, cwd=place)[1]
    assert json.loads(tunesmith("best", "prog", "--json", cwd=place)[0])["config"]["lr"] > 0
    (place / "sweep.yaml").write_text(
        "program: prog.py\nmethod: grid\nmetric: {name: loss, goal: minimize}\nparameters:\n  lr: {values: [1e-3, 0.1, 0.5]}\n"
    )
    _, err = tunesmith("run", "sweep.yaml", cwd=place)
    assert "Best of 3 trials is number" in err
    assert "loss 0.0003333" in err


def test_the_live_view_in_a_terminal(place):
    """Progress, best, running trials and reasons, drawn on a real pseudo-terminal."""
    slow = TRAIN.replace('print("epoch", epoch)', "import threading; threading.Event().wait(0.05)")
    (place / "slow.py").write_text(slow)
    # one at a time, since what is stopped depends on who is faster otherwise
    command = "-m tunesmith run slow.py:train --minimize loss --trials 12 --parallel 1 --name live --seed 2"
    screen = pexpect.spawn(
        sys.executable, command.split(), cwd=str(place), encoding="utf-8", dimensions=(40, 120), timeout=60
    )
    screen.expect("Study 'live'")
    for pattern in (r"of 12", r"curve", r"best ", r"stopped: best loss"):
        screen.expect(pattern)
    screen.expect("Ended: all 12 trials are done")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0


def test_the_demo(tmp_path):
    """A real network on real data: early stopping works, and the winner beats the default on the test part."""
    command = (
        "demo --trials 16 --seed 3 --parallel 1 --json"  # with more places, what is stopped depends on who is faster
    )
    found = json.loads(tunesmith(*command.split(), cwd=tmp_path)[0])
    assert found["trials"] == 16
    assert found["stopped_early"] >= 1
    assert found["best"]["test_error"] < found["default"]["test_error"]
    assert "demo-3" in (tmp_path / "demo.html").read_text()
