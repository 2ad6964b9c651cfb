"""`export`, `report`, `delete`: a study as files, or gone."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import click

from tunesmith.cli.options import open_study, print_json, store_option
from tunesmith.errors import InvalidFile
from tunesmith.stores.url import open_store
from tunesmith.study import Study


@click.command("export")
@click.argument("study", required=False)
@store_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json"]),
    default=None,
    help="By default as the output's name says, else CSV.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; by default standard output."
)
def export_command(study: str | None, store: str, form: str | None, output: Path | None) -> None:
    """Write a study's trials as CSV (one row each) or JSON (one object each)."""
    form = form or ("json" if output is not None and output.suffix == ".json" else "csv")
    with open_study(store, study) as opened:
        found = opened.table()
    if form == "csv":
        text = _csv(found.columns, found.rows)
    elif output is None:
        print_json([dict(zip(found.columns, row, strict=True)) for row in found.rows])
        return
    else:
        text = json.dumps([dict(zip(found.columns, row, strict=True)) for row in found.rows], indent=2, default=str)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidFile(
            f"{output} cannot be written ({error.strerror}); name a file in a directory that you may write to."
        ) from None
    click.echo(f"wrote {output}", err=True)


def _csv(columns: Sequence[str], rows: Sequence[list[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([json.dumps(cell) if isinstance(cell, list) else cell for cell in row] for row in rows)
    return buffer.getvalue()


@click.command("report")
@click.argument("study", required=False)
@store_option
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default="report.html", show_default=True
)
def report_command(study: str | None, store: str, output: Path) -> None:
    """Write a study's report: one HTML file that works offline."""
    with open_study(store, study) as opened:
        path = opened.report(output)
    click.echo(path)


@click.command("delete")
@click.argument("study")
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_command(study: str, store: str, yes: bool) -> None:
    """Remove a study, its trials and its files from a store."""
    opened = open_store(store, create=False)
    found = Study(opened, study)
    count = len(found.trials)
    if not yes:
        click.confirm(f"Remove study {study!r} with {count} trials from {store}?", abort=True)
    shutil.rmtree(found.folder, ignore_errors=True)
    opened.delete(study)
    found.close()
    click.echo(f"removed {study}", err=True)
