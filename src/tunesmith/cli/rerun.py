"""`rerun`: train a recorded trial again, and compare."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from pathlib import Path

import click

from tunesmith.cli.options import json_option, open_study, print_json, store_option
from tunesmith.reproduce.recipe import is_recipe
from tunesmith.reproduce.rerun import Rerun, rerun


@click.command("rerun")
@click.argument("study")
@click.argument("number", type=int, required=False)
@click.argument("target", nargs=-1, type=click.UNPROCESSED)
@store_option
@json_option
@click.option("--diff", is_flag=True, help="Print also how the code has changed.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the checkpoints and the output of the training in this directory.",
)
def rerun_command(
    study: str, number: int | None, target: tuple[str, ...], store: str, as_json: bool, diff: bool, output: Path | None
) -> None:
    """Train trial NUMBER of a study again, and compare: same, within seed noise, or different, and what changed.

    STUDY may be the directory of a recipe, which holds one trial.

    \b
    tunesmith rerun STUDY 17
    tunesmith rerun STUDY 17 train.py:train
    tunesmith rerun STUDY 17 -- python train.py --lr '{lr}'

    TARGET is only needed where the record does not say what was trained. The exit code is 0 for "same" and "within seed
    noise", 1 for "different".
    """
    given = target[0] if len(target) == 1 and ":" in target[0] else target or None
    # What the training prints is no part of the answer.
    with contextlib.redirect_stdout(sys.stderr):
        if is_recipe(Path(study)):
            found = rerun(study, number, given, folder=output)
        else:
            with open_study(store, study) as opened:
                found = rerun(opened, number, given, folder=output)
    if as_json:
        print_json({"verdict": found.verdict, "sentence": found.sentence, **dataclasses.asdict(found)})
    else:
        _print(found, diff)
    sys.exit(found.verdict == "different")


def _print(found: Rerun, diff: bool) -> None:
    click.echo(found)
    for difference in found.differences if diff else ():
        if difference.diff:
            click.echo(difference.diff)
