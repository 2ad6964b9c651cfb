"""`doctor`: what works here, and what an extra would add."""

from __future__ import annotations

import importlib.util
import os
import platform
import sqlite3
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import click

from tunesmith.cli.options import json_option, print_json
from tunesmith.errors import TunesmithError
from tunesmith.run.devices import detect_devices
from tunesmith.stores.network import network_filesystem
from tunesmith.stores.sqlite import SqliteStore

_EXTRAS: Final = (
    ("sklearn", "scikit-learn", "tunesmith demo", "scikit-learn"),
    ("pandas", "pandas", "study.to_pandas()", "pandas"),
    ("polars", "polars", "study.to_polars()", "polars"),
)


@click.command("doctor")
@json_option
def doctor_command(as_json: bool) -> None:
    """What works here, and what an extra would add. Exit code 1 if something does not work that should."""
    checks = [_python(), _sqlite(), _directory(), _processes(), _devices()]
    extras = [_extra(*extra) for extra in _EXTRAS]
    if as_json:
        print_json({"checks": [dict(zip(("ok", "what", "found"), c, strict=True)) for c in checks], "extras": extras})
    else:
        for ok, what, found in checks:
            click.echo(f"{'✓' if ok else '✗'} {what:<12} {found}")
        for extra in extras:
            mark, tail = (
                ("✓", str(extra["version"]))
                if extra["version"]
                else ("–", f"for {extra['for']}: pip install {extra['install']}")
            )
            click.echo(f"{mark} {extra['name']:<12} {tail}")
    sys.exit(0 if all(ok for ok, _, _ in checks) else 1)


def _python() -> tuple[bool, str, str]:
    return True, "python", f"{platform.python_version()}, tunesmith {version('tunesmith')}, {os.cpu_count()} cores"


def _sqlite() -> tuple[bool, str, str]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            SqliteStore(Path(folder) / "try.db").close()
        except TunesmithError as error:
            return False, "sqlite", str(error)
    return True, "sqlite", f"{sqlite3.sqlite_version}, write-ahead log works"


def _directory() -> tuple[bool, str, str]:
    here = Path.cwd()
    kind = network_filesystem(here)
    if kind is not None:
        return (
            False,
            "directory",
            f"{here} is on a network file system ({kind}); keep stores on a local disk with --store",
        )
    if not os.access(here, os.W_OK):
        return False, "directory", f"{here} may not be written to; run elsewhere, or name a store with --store"
    return True, "directory", f"{here} can hold a store"


def _processes() -> tuple[bool, str, str]:
    works = hasattr(os, "fork") and os.name == "posix"
    return (
        works,
        "processes",
        "parallel trials work" if works else "parallel trials need Linux or macOS; run with parallel=1",
    )


def _devices() -> tuple[bool, str, str]:
    devices = detect_devices()
    return (
        True,
        "devices",
        f"GPUs {', '.join(devices)}: one for each parallel trial" if devices else "no GPU found; trials run on the CPU",
    )


def _extra(module: str, name: str, use: str, install: str) -> dict[str, str | None]:
    found: str | None = None
    if importlib.util.find_spec(module) is not None:
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "installed"
    return {"name": name, "version": found, "for": use, "install": install}
