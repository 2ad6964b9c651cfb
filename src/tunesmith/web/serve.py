"""Serving the dashboard: in the foreground for the command line, in a thread for notebooks."""

from __future__ import annotations

import errno
import html
import secrets
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final, final
from urllib.parse import quote

import uvicorn

from tunesmith.errors import InvalidStudy
from tunesmith.stores.base import Store
from tunesmith.stores.sqlite import SqliteStore
from tunesmith.stores.url import open_store
from tunesmith.study import DEFAULT_STORE, Study
from tunesmith.web.app import Dashboard
from tunesmith.web.guard import Policy

PORT: Final = 8321
_TRIES: Final = 20


@final
class Server:
    """A dashboard with its socket. `token` is made anew for each server."""

    def __init__(
        self,
        store: Store,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        read_only: bool = False,
        names: Iterable[str] = (),
        framed: bool = False,
    ) -> None:
        self._socket = _bound(host, port)
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self.token = secrets.token_urlsafe(24)
        known = {name.lower() for name in (*names, *((socket.gethostname(),) if host in ("0.0.0.0", "::") else ()))}  # noqa: S104
        policy = Policy(self.token, host, self.port, frozenset(known), read_only=read_only, framed=framed)
        self.is_private = policy.is_private
        # Open streams would hold the server up when it is to end; they look for that.
        self._dashboard = Dashboard(store, policy, _title(store), is_ending=lambda: self._server.should_exit)
        config = uvicorn.Config(
            self._dashboard.app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
            limit_concurrency=400,
            ws="none",
        )
        self._server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        """Where it is, without the token."""
        host = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def url(self) -> str:
        """The address to open: with the token, which the page keeps in a cookie."""
        return f"{self.address}/?token={self.token}"

    def study_url(self, study: str) -> str:
        """The page of one study."""
        return f"{self.address}/studies/{quote(study, safe='')}?token={self.token}"

    def run(self) -> None:
        """Serve until Ctrl-C, SIGTERM or `stop`. Browsers may call before: they wait until it has begun."""
        self._dashboard.warm_up()
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End soon."""
        self._server.should_exit = True


def _bound(host: str, port: int | None) -> socket.socket:
    """A socket at the port, or at the first free one from the usual port on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    wanted = [port] if port is not None else [*range(PORT, PORT + _TRIES), 0]
    for each in wanted:
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((host, each))
            found.listen(128)
        except OSError as error:
            found.close()
            if each == wanted[-1] or not _is_taken(error):
                raise InvalidStudy(
                    f"{host}:{each} cannot be listened on ({error.strerror or error}); give another --port or --host."
                ) from None
            continue
        found.set_inheritable(True)
        return found
    raise AssertionError("one port was tried at least")


def _is_taken(error: OSError) -> bool:
    return error.errno == errno.EADDRINUSE


def _title(store: Store) -> str:
    return store.path.name if isinstance(store, SqliteStore) else "memory"


@final
class Ui:
    """A dashboard that runs in a thread of this process. In a notebook it shows itself; `url` opens it anywhere."""

    def __init__(self, server: Server, url: str, *, owned: Store | None = None) -> None:
        self._server = server
        self._owned = owned
        self.url = url
        self._thread = threading.Thread(target=server.run, name="tunesmith-ui", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the server."""
        self._server.stop()
        self._thread.join(5)
        if self._owned is not None:
            self._owned.close()

    def __repr__(self) -> str:
        return f"Tunesmith dashboard: {self.url}"

    def _repr_html_(self) -> str:
        url = html.escape(self.url, quote=True)
        return (
            f'<p><a href="{url}" target="_blank" rel="noopener">Open the dashboard</a></p>'
            f'<iframe src="{url}" style="width: 100%; height: 720px; border: 1px solid #8884; border-radius: 8px"></iframe>'
        )


def ui(what: str | Path | Store | Study | None = None, *, port: int | None = None, read_only: bool = False) -> Ui:
    """Start a dashboard in the background, on loopback, and return it: `ts.ui()` as a notebook's cell shows the page.

    `what` is a store, its file or URL, or a study, whose page is opened then; by default `tunesmith.db` here. Raises
    `StoreError` if there is no store, and `InvalidStudy` if the port is taken. `close()` ends it, as the program's end does.
    """
    owned: Store | None = None
    if isinstance(what, Study):
        store = what.store
    else:
        store = open_store(DEFAULT_STORE if what is None else what, create=False)
        owned = None if store is what else store
    server = Server(store, port=port, read_only=read_only, framed=True)
    url = server.study_url(what.name) if isinstance(what, Study) else server.url
    return Ui(server, url, owned=owned)
