"""`check`: is the store what its log says, and does every proposal come out again?"""

from __future__ import annotations

import sys

import click

from tunesmith.cli.options import json_option, open_study, print_json, store_option
from tunesmith.run.replay import check_log, check_proposals
from tunesmith.samplers.auto import choose_sampler
from tunesmith.stages.named import sampler_of


@click.command("check")
@click.argument("study", required=False)
@store_option
@json_option
@click.option(
    "--proposals", is_flag=True, help="Also ask the sampler again for every trial, from the history that it saw."
)
def check_command(study: str | None, store: str, as_json: bool, proposals: bool) -> None:
    """Replay a study's log and compare it with what the store shows. Exit code 1 if something differs."""
    with open_study(store, study) as opened:
        found = check_log(opened.store, opened.name)
        trials = len(opened.trials)
        asked = 0
        if proposals:
            asked, differ = check_proposals(
                opened.store, opened.name, lambda spec: choose_sampler(spec, sampler_of(spec)).sampler
            )
            found += differ
    if as_json:
        print_json(
            {"study": opened.name, "trials": trials, "proposals": asked if proposals else None, "differences": found}
        )
    else:
        for line in found:
            click.echo(line)
        if not found:
            again = f"; {asked} proposals asked again, all the same" if proposals else ""
            click.echo(f"{opened.name}: {trials} trials, the log and the snapshots agree{again}.")
    sys.exit(1 if found else 0)
