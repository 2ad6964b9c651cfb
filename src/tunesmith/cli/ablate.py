"""`ablate`: measure which change from the default configuration to the winner brought what."""

from __future__ import annotations

import contextlib
import dataclasses
import sys

import click

from tunesmith.cli.explain import print_ablation
from tunesmith.cli.options import json_option, open_study, print_json, store_option
from tunesmith.reproduce.ablate import REPEATS, ablate


@click.command("ablate")
@click.argument("study", required=False)
@click.argument("target", nargs=-1, type=click.UNPROCESSED)
@store_option
@json_option
@click.option("--metric", metavar="NAME", help="An objective; the first one by default.")
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=REPEATS,
    show_default=True,
    help="Trainings of each configuration, on as many fresh seeds.",
)
def ablate_command(
    study: str | None, target: tuple[str, ...], store: str, as_json: bool, metric: str | None, repeats: int
) -> None:
    """Train the configurations from the default to the winner, one change after the other: which brought what.

    \b
    tunesmith ablate STUDY
    tunesmith ablate STUDY train.py:train
    tunesmith ablate STUDY -- python train.py --lr '{lr}'

    TARGET is only needed where the record does not say what was trained. It takes one training more than there are changes,
    times the repeats. They are no trials of the study; its report and `importance` show them from then on.
    """
    given = target[0] if len(target) == 1 and ":" in target[0] else target or None
    # What the trainings print is no part of the answer.
    with contextlib.redirect_stdout(sys.stderr), open_study(store, study) as opened:
        found = ablate(opened, given, metric=metric, repeats=repeats)
    if as_json:
        print_json(dataclasses.asdict(found))
    else:
        print_ablation(found)
