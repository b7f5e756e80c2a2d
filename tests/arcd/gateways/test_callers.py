"""Callers who come together, on real loopback sockets and on both loops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from arcd.gateways.callers import CALLERS_AT_ONCE_MAX, serve
from arcd.sockets import bind
from tests.patience import until

HERE = "127.0.0.1"


class Hall:
    """A served listener, and who has been let in by which turn of the loop."""

    def __init__(self) -> None:
        self.inside: dict[Guest, int] = {}
        self.turn = 0
        self.port = 0

    def call(self) -> socket.socket:
        """From outside the loop: the kernel answers."""
        return socket.create_connection((HERE, self.port))

    async def turns(self, count: int) -> None:
        for _ in range(count):
            self.turn += 1
            await asyncio.sleep(0)


class Guest(asyncio.Protocol):
    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self._hall.inside[self] = self._hall.turn

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del self._hall.inside[self]


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Hall, asyncio.Server]]:
    hall = Hall()
    listening = bind(socket.SOCK_STREAM, (HERE, 0))
    hall.port = listening.getsockname()[1]
    server = await serve(listening, lambda: Guest(hall))
    try:
        yield hall, server
    finally:
        server.close()
        for guest in list(hall.inside):
            guest.transport.close()
        await until(lambda: not hall.inside)


async def test_they_are_let_in_within_a_few_turns() -> None:
    """Not one a turn: a turn of a busy loop is long."""
    async with serving() as (hall, _):
        with contextlib.ExitStack() as calls:
            made = [calls.enter_context(hall.call()) for _ in range(2 * CALLERS_AT_ONCE_MAX)]
            await until(lambda: len(hall.inside) > 0)
            first = min(hall.inside.values())
            while len(hall.inside) < len(made):
                await hall.turns(1)
            assert max(hall.inside.values()) - first <= 20
            for each in made:
                each.settimeout(5.0)
                each.sendall(b"ping")
            await hall.turns(20)
            for each in made:
                assert await asyncio.to_thread(each.recv, 4) == b"ping"


async def test_one_who_has_hung_up_meanwhile_keeps_nobody_out() -> None:
    async with serving() as (hall, _):
        calls = [hall.call() for _ in range(9)]
        for each in calls[::2]:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()  # a reset, before anybody has looked
        await until(lambda: len(hall.inside) == 4)
        for each in calls[1::2]:
            each.close()
        await until(lambda: not hall.inside)


async def test_when_it_is_closed_nobody_more_is_let_in() -> None:
    async with serving() as (hall, server):
        calls = [hall.call() for _ in range(5)]
        await until(lambda: len(hall.inside) == 5)
        server.close()
        await hall.turns(5)
        with contextlib.suppress(OSError):
            calls.append(hall.call())
        await hall.turns(5)
        assert len(hall.inside) == 5
        for each in calls:
            each.close()
