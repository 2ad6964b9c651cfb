"""Options that several commands share."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from tunesmith.errors import InvalidStudy
from tunesmith.stores.base import Store
from tunesmith.stores.url import open_store
from tunesmith.study import DEFAULT_STORE, Study

F = TypeVar("F", bound=Callable[..., Any])


def store_option(function: F) -> F:
    """`--store`, also from TUNESMITH_STORE."""
    return click.option(
        "--store",
        envvar="TUNESMITH_STORE",
        default=DEFAULT_STORE,
        show_default=True,
        help="Where the study is kept: a file or a URL.",
    )(function)


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")(function)


def open_study(store: str, name: str | None) -> Study:
    """The study of a store by its name; the name may be left out where there is only one study."""
    opened = open_store(store, create=False)
    return Study(opened, name or _only(opened, store))


def _only(opened: Store, store: str) -> str:
    names = [study.name for study in opened.studies()]
    if len(names) == 1:
        return names[0]
    if not names:
        raise InvalidStudy(f"{store} has no studies yet; begin one with: tunesmith run")
    raise InvalidStudy(f"{store} has {len(names)} studies; name one of: {', '.join(names[:20])}")


def print_json(document: object) -> None:
    """Valid JSON on standard output: what is not finite becomes null."""
    click.echo(json.dumps(_plain(document), indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)
