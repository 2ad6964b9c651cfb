"""What the reading commands print, in a terminal and for other programs."""

import itertools
import os
import pty
import subprocess
import sys
from typing import Annotated

import click
import pytest

import tunesmith as ts
from tunesmith.cli.main import cli


def train(
    a_parameter_with_a_long_name: Annotated[float, ts.Float(0, 1)] = 0.5,
    memory: Annotated[int, ts.Int(1, 16)] = 4,
    seed: int = 0,
):
    loss = (a_parameter_with_a_long_name - 0.3) ** 2 + 1 / memory + (seed % 100) / 10000
    return {"loss": loss, "latency": memory, "memory_gb": memory}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A finished study with two objectives, of which the first is noisy."""
    path = tmp_path_factory.mktemp("terminal") / "s.db"
    options = {"trials": 30, "seed": 1, "store": path, "progress": "quiet"}
    with ts.tune(train, minimize=["loss", "latency"], limits={"memory_gb": "<= 12"}, **options) as study:
        assert study.confirmed is not None
        assert len(study.front) > 1
    return path


def tunesmith(*words, columns=None):
    command = [sys.executable, "-m", "tunesmith", *words]
    if columns is None:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdout=theirs, env={**os.environ, "COLUMNS": str(columns)}):
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    return text.decode().replace("\r", "")


@pytest.mark.parametrize("name", cli.list_commands(click.Context(cli)))
def test_help_fits_a_terminal(name):
    with click.Context(cli) as parent:
        command = cli.get_command(parent, name)
        context = click.Context(command, parent=parent, info_name=name, terminal_width=80)
    longest = max(command.get_help(context).splitlines(), key=len)
    assert len(longest) <= 80, longest


def test_sentences_are_broken_between_words_and_lists_cut_off(store):
    shown = tunesmith("show", "--store", str(store), columns=60)
    assert max(map(len, shown.splitlines())) == 60
    assert "…" in shown.partition("latest trials")[2]
    whole = tunesmith("show", "--store", str(store))
    assert "…" not in whole
    assert " ".join(shown.partition("latest")[0].split()) == " ".join(whole.partition("latest")[0].split())


def test_findings_fit_too(store):
    shown = tunesmith("importance", "--store", str(store), columns=70)
    whole = tunesmith("importance", "--store", str(store))
    assert len(shown.splitlines()) > len(whole.splitlines())
    assert max(len(line) for line in shown.splitlines() if "together" not in line and "█" not in line) <= 70


def test_what_is_confirmed_is_said_of_the_trial_that_it_is_true_of(store):
    for command in ("show", "best"):
        shown = tunesmith(command, "--store", str(store))
        assert shown.count("on the front: ") > 1
        assert shown.count("confirmed: ") == 1


def test_long_names_stand_in_one_column_with_the_others(store):
    shown = tunesmith("best", "--store", str(store)).splitlines()
    one, other = next((a, b) for a, b in itertools.pairwise(shown) if "memory  " in b)
    assert one.index(" ", 2) == other.rindex(" ")


def test_a_trial_beyond_a_limit_says_so(store):
    with ts.Study.open("train", store=store) as study:
        wide = next(trial.number for trial in study.trials if trial.values["memory_gb"] > 12)
    assert "which breaks memory_gb <= 12" in tunesmith("trial", "train", str(wide), "--store", str(store))
