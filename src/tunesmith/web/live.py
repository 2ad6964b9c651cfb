"""What changes, as it happens: server-sent events over the stores' counters."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Final, final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tunesmith.errors import TunesmithError
from tunesmith.web.answers import problem
from tunesmith.web.reader import Moment, StoreReader

_EVERY: Final = 0.3
"""Seconds between two looks at the store; each takes about a millisecond."""
_ALIVE: Final = 15.0
_MOST_STREAMS: Final = 60


@final
class LiveStreams:
    """One stream per open page. Each message says how far the study's log has come: {"seq": 17}."""

    def __init__(self, reader: StoreReader, is_ending: Callable[[], bool]) -> None:
        self._reader = reader
        self._is_ending = is_ending
        self._open = 0

    def routes(self) -> list[Route]:
        """Of single studies, and of the store as a whole."""
        return [
            Route("/api/changes", self._store, methods=["GET"]),
            Route("/api/studies/{study}/changes", self._study, methods=["GET"]),
        ]

    async def _store(self, request: Request) -> Response:
        return await self._stream(request, self._sum)

    async def _study(self, request: Request) -> Response:
        name = request.path_params["study"]
        await run_in_threadpool(self._reader.study, name)
        return await self._stream(request, lambda: self._moment(name))

    def _sum(self) -> Moment:
        return Moment(sum(info.seq + 1 for info in self._reader.infos()), 0)

    def _moment(self, name: str) -> Moment:
        info = next((info for info in self._reader.infos() if info.name == name), None)
        return Moment(info.seq, self._reader.study(name).times_found) if info else Moment(-1, 0)

    async def _stream(self, request: Request, look: Callable[[], Moment]) -> Response:
        if self._open >= _MOST_STREAMS:
            return problem(request.scope, 503, f"{_MOST_STREAMS} pages are open already; close some of them.")
        return StreamingResponse(self._messages(request, look), media_type="text/event-stream")

    async def _messages(self, request: Request, look: Callable[[], Moment]) -> AsyncIterator[bytes]:
        self._open += 1
        try:
            known, quiet = None, 0.0
            while not (self._is_ending() or await request.is_disconnected()):
                try:
                    moment = await run_in_threadpool(look)
                except TunesmithError:
                    return
                if moment != known:
                    known, quiet = moment, 0.0
                    yield f"data: {json.dumps({'seq': moment.seq})}\n\n".encode()
                elif quiet >= _ALIVE:
                    quiet = 0.0
                    yield b": still here\n\n"
                quiet += _EVERY
                await asyncio.sleep(_EVERY)
        finally:
            self._open -= 1
