"""Names of parameters: dotted paths, nested groups, and the name that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import accumulate
from typing import Any

from tunesmith.space.values import Config


def flatten_config(config: Mapping[str, Any], prefix: str = "") -> Config:
    """Nested dicts to dotted names: {"model": {"width": 3}} becomes {"model.width": 3}."""
    flat: Config = {}
    for name, value in config.items():
        if isinstance(value, Mapping):
            flat.update(flatten_config(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def nest_config(config: Config) -> dict[str, Any]:
    """The inverse of `flatten_config`. What belongs to a name that has a value of its own stays dotted."""
    if not any("." in name for name in config):  # most are flat, and every trial comes by here
        return dict(config)
    nested: dict[str, Any] = {}
    for name, value in config.items():
        *groups, leaf = name.split(".")
        owner = nested
        if any(group in config for group in accumulate(groups, "{}.{}".format)):
            leaf = name
        else:
            for group in groups:
                owner = owner.setdefault(group, {})
        owner[leaf] = value
    return nested


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence, `; did you mean 'width'?`, or nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
