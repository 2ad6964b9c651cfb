"""What the server answers: JSON that every program can read, compressed where it pays, and sentences for what went wrong."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

_WORTH_IT: Final = 1000
_LEVEL: Final = 5


def plain(value: Any) -> Any:
    """The value as JSON has it: what is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def json_bytes(document: object) -> bytes:
    """A document as JSON. Characters beyond ASCII are escaped, so that no text can break it."""
    return json.dumps(plain(document), separators=(",", ":"), allow_nan=False).encode()


def json_answer(request: Request, document: object, status: int = 200) -> Response:
    """A document, as JSON."""
    return body_answer(request, json_bytes(document), "application/json", status)


def body_answer(
    request: Request, body: bytes, kind: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A body, compressed if that pays and the client can read it."""
    more = dict(headers or {})
    if len(body) > _WORTH_IT and takes_gzip(request):
        body = gzip.compress(body, _LEVEL, mtime=0)
        more |= {"content-encoding": "gzip", "vary": "accept-encoding"}
    return Response(body, status, {**more, "content-type": kind})


def takes_gzip(request: Request) -> bool:
    """Whether the client can read compressed answers."""
    return "gzip" in request.headers.get("accept-encoding", "")


def problem(scope: Scope, status: int, sentence: str) -> Response:
    """What went wrong, in a sentence: as JSON for programs, as text for people."""
    if scope["path"].startswith("/api/"):
        return Response(json_bytes({"error": sentence}), status, media_type="application/json")
    return PlainTextResponse(sentence.encode("utf-8", "replace"), status)
