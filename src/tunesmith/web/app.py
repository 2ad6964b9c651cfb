"""The application: routes, the guard before them, and errors as sentences."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from tunesmith.errors import (
    BudgetSpent,
    Conflict,
    IllegalTransition,
    InvalidConfig,
    InvalidFilter,
    InvalidStudy,
    TunesmithError,
    UnknownStudy,
)
from tunesmith.stores.base import Store
from tunesmith.web.answers import body_answer, problem
from tunesmith.web.assets import assets
from tunesmith.web.guard import Guard, Policy
from tunesmith.web.live import LiveStreams
from tunesmith.web.pages import Pages
from tunesmith.web.reader import StoreReader
from tunesmith.web.routes import Site

_STATUS: Final[tuple[tuple[type[TunesmithError], int], ...]] = (
    (UnknownStudy, 404),
    (InvalidFilter, 400),
    (InvalidConfig, 400),
    (InvalidStudy, 400),
    (IllegalTransition, 409),
    (Conflict, 409),
    (BudgetSpent, 409),
)
_log = logging.getLogger("tunesmith.web")


@final
class Dashboard:
    """The pages over one store, as an ASGI application."""

    def __init__(
        self, store: Store, policy: Policy, title: str = "", is_ending: Callable[[], bool] = lambda: False
    ) -> None:
        self._reader = StoreReader(store)
        self._pages = Pages(self._reader, title, read_only=policy.read_only)
        streams = LiveStreams(self._reader, is_ending)
        self.app = Starlette(
            routes=[*streams.routes(), *Site(self._reader, self._pages).routes()],
            middleware=[Middleware(Guard, policy=policy)],
            exception_handlers={
                TunesmithError: self._refused,
                HTTPException: self._missing,
                Exception: self._broken,
            },
        )

    def warm_up(self) -> threading.Thread:
        """Read what the first page will need, in the background: the figures' library, and all studies."""

        # Compressing the library leaves the interpreter free for reading.
        threading.Thread(target=assets, name="tunesmith-ui-assets", daemon=True).start()

        def read() -> None:
            # A study that is removed in this moment, or a store that is closed: whoever opens the page is told.
            with suppress(TunesmithError):
                for info in self._reader.infos():
                    study = self._reader.study(info.name)
                    study.summary, study.table, study.ranking  # noqa: B018  computed here, kept there

        thread = threading.Thread(target=read, name="tunesmith-ui-warm-up", daemon=True)
        thread.start()
        return thread

    def _refused(self, request: Request, error: Exception) -> Response:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 503)
        return self._answer(request, status, str(error))

    def _missing(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        sentences = {404: "There is nothing at this address.", 405: "This address does not take this method."}
        answer = self._answer(request, error.status_code, sentences.get(error.status_code, error.detail))
        answer.headers.update(error.headers or {})
        return answer

    def _broken(self, request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return self._answer(request, 500, "Something broke in the dashboard; its terminal shows the traceback.")

    def _answer(self, request: Request, status: int, sentence: str) -> Response:
        if request.url.path.startswith(("/api/", "/static/", "/openapi")):
            return problem(request.scope, status, sentence)
        body = self._pages.problem(request, status, sentence)
        return body_answer(request, body, "text/html; charset=utf-8", status)
