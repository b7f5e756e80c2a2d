"""How much a request may bring, and how long it may take to bring it.

One rule: a body is read whole before any route sees it, or not at all; what is too large or too slow is answered in the
application's own words (a library's limiter answers in its own). What a body may say is the routes' business.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A sender who needs longer for what a local socket or a phone moves in a second holds a connection for nothing.
BODY_TIMEOUT_S = 20.0

# Status and sentence → the application's answer.
Refuse = Callable[[int, str], Response]


class _TooLarge(Exception):  # noqa: N818 – never leaves this file
    pass


class BodyLimit:
    """ASGI middleware. `larger` names the paths that may bring more than `bytes_max`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        bytes_max: int,
        refuse: Refuse,
        larger: Mapping[str, int] | None = None,
        timeout_s: float = BODY_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._refuse = refuse
        self._larger = larger or {}
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        bytes_max = self._larger.get(scope["path"], self._bytes_max)
        try:
            async with asyncio.timeout(self._timeout_s):
                body = await _read(receive, bytes_max)
        except _TooLarge:
            message = f"The body is too large: this route takes {bytes_max} bytes at most."
            return await self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)(scope, receive, send)
        except TimeoutError:
            message = f"The body did not arrive within {self._timeout_s:.0f} s."
            return await self._refuse(HTTPStatus.REQUEST_TIMEOUT, message)(scope, receive, send)
        if body is not None:
            await self._app(scope, _replayed(body, receive), send)


async def _read(receive: Receive, bytes_max: int) -> bytes | None:
    """The whole body; None when the sender went away."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part = message.get("body", b"")
        length += len(part)
        if length > bytes_max:
            raise _TooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
