"""Style, scripts and Plotly: files of the package, read once; no path of a request is ever opened."""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from importlib import resources
from typing import Final, NamedTuple

import plotly.offline

_KINDS: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
PLOTLY: Final = f"plotly-{plotly.offline.get_plotlyjs_version()}.js"
MODULES: Final = ("actions.js", "figures.js", "keys.js", "live.js", "page.js", "table.js")
"""What `dashboard.js` imports."""


class Asset(NamedTuple):
    """A file as it is sent."""

    kind: str
    body: bytes
    compressed: bytes
    tag: str
    """Changes with the content, for the browser's cache."""


@cache
def assets() -> dict[str, Asset]:
    """All files that may be asked for, by name."""
    found = {PLOTLY: _asset("js", plotly.offline.get_plotlyjs().encode())}
    own = resources.files("tunesmith.web").joinpath("static").iterdir()
    for file in (*own, resources.files("tunesmith.plots").joinpath("theme.js")):
        suffix = file.name.rpartition(".")[2]
        if suffix in _KINDS:
            found[file.name] = _asset(suffix, file.read_bytes())
    return found


def _asset(suffix: str, body: bytes) -> Asset:
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Asset(f"{_KINDS[suffix]}; charset=utf-8", body, gzip.compress(body, 6, mtime=0), tag)
