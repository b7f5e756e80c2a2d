from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from arcd.api.body_limit import BodyLimit
from tests.patience import PATIENCE_S


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


def refuse(status: int, message: str) -> Response:
    return PlainTextResponse(message, status)


async def answer_to(parts: Iterable[Message], *, path: str = "/", timeout_s: float = PATIENCE_S) -> tuple[int, bytes]:
    sent: list[Any] = []
    waiting = iter(parts)

    async def receive() -> Message:
        part = next(waiting, None)
        return part if part is not None else await asyncio.Future()

    async def send(message: Message) -> None:
        sent.append(message)

    limit = BodyLimit(echo, bytes_max=10, refuse=refuse, larger={"/large": 20}, timeout_s=timeout_s)
    await limit({"type": "http", "path": path, "method": "POST", "headers": []}, receive, send)
    if not sent:
        return 0, b""
    return sent[0]["status"], sent[1]["body"]


def parts(*bodies: bytes) -> list[Message]:
    return [{"type": "http.request", "body": body, "more_body": i < len(bodies) - 1} for i, body in enumerate(bodies)]


@pytest.mark.parametrize(
    ("bodies", "path", "status"),
    [
        ((b"",), "/", 200),
        ((b"x" * 10,), "/", 200),
        ((b"x" * 5, b"x" * 5), "/", 200),
        ((b"x" * 11,), "/", 413),
        ((b"x" * 5, b"x" * 6, b"x" * 100), "/", 413),
        ((b"x" * 20,), "/large", 200),
        ((b"x" * 21,), "/large", 413),
    ],
)
async def test_a_body_is_taken_whole_or_not_at_all(bodies: tuple[bytes, ...], path: str, status: int) -> None:
    answered, body = await answer_to(parts(*bodies), path=path)
    assert answered == status
    assert body == b"".join(bodies) if status == 200 else body.startswith(b"The body is too large: this route takes")


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    unfinished: list[Message] = [{"type": "http.request", "body": b"x", "more_body": True}]
    status, body = await answer_to(unfinished, timeout_s=0.001)
    assert (status, body) == (408, b"The body did not arrive within 0 s.")


async def test_a_sender_who_goes_away_gets_nothing() -> None:
    assert await answer_to([{"type": "http.disconnect"}]) == (0, b"")


async def test_the_route_still_hears_of_the_disconnect() -> None:
    heard: list[str] = []

    async def listen(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([(await receive())["type"], (await receive())["type"]])

    messages = iter([*parts(b"x"), {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        raise AssertionError("nothing is sent")

    await BodyLimit(listen, bytes_max=10, refuse=refuse)({"type": "http", "path": "/"}, receive, send)
    assert heard == ["http.request", "http.disconnect"]
