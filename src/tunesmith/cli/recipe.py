"""`recipe`: what it takes to train or serve a trial elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from tunesmith.cli.options import open_study, store_option
from tunesmith.reproduce.recipe import recipe


@click.command("recipe")
@click.argument("study", required=False)
@click.argument("number", type=int, required=False)
@store_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The directory to make; by default STUDY-trial-NUMBER."
)
def recipe_command(study: str | None, number: int | None, store: str, output: Path | None) -> None:
    """Write what it takes to train the best trial, or trial NUMBER, elsewhere, or to serve what it trained.

    A directory with README, configuration, seed, code, environment, command and checkpoint. `tunesmith rerun DIRECTORY` trains
    it again and compares.
    """
    with open_study(store, study) as opened:
        path = recipe(opened, number, output=output)
    click.echo(path)
