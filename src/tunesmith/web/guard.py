"""Who may read and who may write: every request passes here before anything else looks at it.

- Names in the `Host` header are checked, or a web page elsewhere could point a name of its own at this address (DNS
  rebinding) and read along.
- Other addresses than loopback are read only with the token; writing needs it everywhere.
- A browser sends its cookie also for requests that another page makes (CSRF): writes must come from our own pages.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tunesmith.web.answers import problem

LARGEST_BODY: Final = 1_000_000
_LONGEST_ADDRESS: Final = 16_000
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_ASK: Final = "open the address that tunesmith ui printed, which ends with ?token=..."
_POLICY: Final = (
    # Plotly draws parallel coordinates with code that it makes itself (unsafe-eval) and sets styles; nothing else may.
    "default-src 'none'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)


@final
@dataclass(frozen=True)
class Policy:
    """What a server allows."""

    token: str
    host: str = "127.0.0.1"
    """The address it listens on."""
    port: int = 0
    names: frozenset[str] = frozenset()
    """Further names by which it may be called."""
    read_only: bool = False
    framed: bool = False
    """Whether pages of this machine, such as a notebook, may show ours in a frame."""

    @property
    def is_private(self) -> bool:
        """Whether reading, too, needs the token."""
        return not is_loopback(self.host)

    @property
    def cookie(self) -> str:
        """Cookies know no ports: each server needs a name of its own."""
        return f"tunesmith-{self.port}"

    def knows(self, host: str) -> bool:
        """Whether a `Host` header names this server. On loopback any port will do, for tunnels."""
        name = _hostname(host)
        if name is None:
            return False
        if name in _LOOPBACK or name in self.names or name == self.host.lower():
            return True
        return self.is_private and _address(name) is not None


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine can reach an address."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


@final
class Guard:
    """Middleware that refuses what the policy forbids, and puts the safety headers on every answer."""

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self._app = app
        self._policy = policy
        frames = "http://localhost:* http://127.0.0.1:*" if policy.framed else "'none'"
        self._headers = {
            "content-security-policy": _POLICY.format(frames=frames),
            "x-content-type-options": "nosniff",
            "referrer-policy": "no-referrer",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    answer[name] = value
                answer.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, guarded_send)
            return
        await self._app(scope, _limited(receive), guarded_send)

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        policy = self._policy
        if not policy.knows(headers.get("host", "")):
            name = headers.get("host", "")[:100]
            return problem(
                scope, 400, f"This server does not answer to the name {name!r}; start it with --allow-host NAME."
            )
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            return problem(
                scope, 414, f"The address is longer than {_LONGEST_ADDRESS:,} characters; shorten the filter."
            )
        query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
        if "token" in query:
            return self._admission(scope, query)
        by_cookie, by_header = self._proofs(headers)
        may_write = (by_cookie or by_header) and not policy.read_only
        scope.setdefault("state", {})["may_write"] = may_write
        if policy.is_private and not (by_cookie or by_header):
            return problem(scope, 401, f"This page needs a token: {_ASK}.")
        site = headers.get("sec-fetch-site", "none")
        if site == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return problem(scope, 403, "Another web site asked for this; open the page itself.")
        if scope["method"] in ("GET", "HEAD"):
            return None
        return self._write_refusal(scope, headers, may_write=may_write, by_header=by_header)

    def _write_refusal(self, scope: Scope, headers: Headers, *, may_write: bool, by_header: bool) -> Response | None:
        if self._policy.read_only:
            return problem(
                scope, 403, "This dashboard is read-only; start tunesmith ui without --read-only to change things."
            )
        if not may_write:
            return problem(scope, 403, f"Changing a study needs a token: {_ASK}.")
        if not by_header and not _same_origin(headers):
            return problem(scope, 403, "Another web site tried to change this study; use the page itself.")
        if _length(headers) > LARGEST_BODY:
            return problem(scope, 413, f"The request is larger than {LARGEST_BODY:,} bytes; send less at a time.")
        return None

    def _proofs(self, headers: Headers) -> tuple[bool, bool]:
        """Whether the token came with the cookie, and whether it came in the header of a program."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._policy.cookie)
        except CookieError:
            cookie = None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        by_header = scheme.lower() == "bearer" and self._is_token(given.strip())
        return cookie is not None and self._is_token(cookie.value), by_header

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self._policy.token.encode())

    def _admission(self, scope: Scope, query: Mapping[str, str]) -> Response:
        """Take the token out of the address, where it would stay in the browser's history, into a cookie."""
        if not self._is_token(query["token"]):
            return problem(scope, 403, f"This token is not, or no longer, valid; {_ASK}.")
        rest = urlencode({name: value for name, value in query.items() if name != "token"})
        path = "/" + scope["path"].lstrip("/\\")  # never to another site
        answer = RedirectResponse(f"{path}?{rest}" if rest else path, status_code=303)
        answer.set_cookie(self._policy.cookie, self._policy.token, httponly=True, samesite="strict")
        return answer


def _same_origin(headers: Headers) -> bool:
    """Whether a browser sent this from a page of ours; what sends no `Origin` is no browser that we trust a cookie of."""
    origin = urlsplit(headers.get("origin", ""))
    return headers.get("sec-fetch-site", "same-origin") == "same-origin" and origin.netloc == headers.get("host", "")


def _length(headers: Headers) -> int:
    given = headers.get("content-length", "0")
    return int(given) if given.isascii() and given.isdigit() else LARGEST_BODY + 1


def _limited(receive: Receive) -> Receive:
    """A body without a stated length is cut off, too."""
    received = 0

    async def receive_some() -> Message:
        nonlocal received
        message: dict[str, Any] = dict(await receive())
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            return {"type": "http.disconnect"}
        return message

    return receive_some
