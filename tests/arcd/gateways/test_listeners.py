"""Listening sockets that die under the loop, on real loopback sockets and on both loops."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest

from arcd.gateways import listeners as module
from arcd.gateways.listeners import AWAY, Listeners
from arcd.sockets import bind
from tests.patience import in_time, until

HERE = "127.0.0.1"


class Echo(asyncio.Protocol):
    standing: ClassVar[set[Echo]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self.standing.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.standing.discard(self)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


class EchoDatagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._transport.sendto(data, addr)


async def serve(listening: socket.socket) -> asyncio.Server:
    return await asyncio.get_running_loop().create_server(Echo, sock=listening)


async def serve_datagrams(bound: socket.socket) -> asyncio.DatagramTransport:
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(EchoDatagrams, sock=bound)
    return transport


@asynccontextmanager
async def heard(kind: socket.SocketKind = socket.SOCK_STREAM) -> AsyncIterator[tuple[Listeners, int]]:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncio complains of each accept in vain
    begin = serve if kind == socket.SOCK_STREAM else serve_datagrams
    listeners = Listeners("dc09", [bind(kind, (HERE, 0))], begin)
    await listeners.start()
    try:
        yield listeners, int(listeners.addresses[0].rpartition(":")[2])
    finally:
        listeners.close()
        await until(lambda: not Echo.standing)


async def echoes(port: int) -> bool:
    try:
        reader, writer = await in_time(asyncio.open_connection(HERE, port))
        writer.write(b"ping")
        answer = await in_time(reader.readexactly(4))
        writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return False
    return answer == b"ping"


def shut_down(listeners: Listeners) -> None:
    each = listeners._each[0]
    with socket.fromfd(each._descriptor, socket.AF_INET, each._kind) as same:
        with contextlib.suppress(OSError):  # of a datagram socket, which is shut down all the same
            same.shutdown(socket.SHUT_RDWR)


async def test_one_that_was_shut_down_listens_again_and_who_is_in_stays() -> None:
    async with heard() as (listeners, port):
        reader, writer = await asyncio.open_connection(HERE, port)
        assert await listeners.look() == ()
        shut_down(listeners)
        assert not await echoes(port)
        assert await listeners.look() == (f"{HERE}:{port}: it was shut down",)
        assert await listeners.look() == ()
        assert await echoes(port)
        writer.write(b"here")
        assert await reader.readexactly(4) == b"here"
        writer.close()


async def test_one_that_the_loop_closed_goes_on_with_the_callers_who_wait() -> None:
    async with heard() as (listeners, port):
        taken = listeners._each[0]._taken
        assert taken is not None
        taken.close()  # what uvloop does when an accept fails
        await asyncio.sleep(0)
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(echoes(port))
            await asyncio.sleep(0.01)
            assert await listeners.look() == (f"{HERE}:{port}: it was closed",)
        assert waiting.result(), "its call has waited in the kernel's queue"


async def test_a_descriptor_that_was_closed_under_it() -> None:
    async with heard() as (listeners, port):
        os.close(listeners._each[0]._descriptor)
        assert await listeners.look() == (f"{HERE}:{port}: it was closed",)
        assert await echoes(port)
        assert await echoes(port)


def test_a_descriptor_that_is_anothers_by_now_is_left_to_them() -> None:
    """On asyncio's loop: libuv cannot be made to forget one."""

    async def main() -> None:
        async with heard() as (listeners, port):
            descriptor = listeners._each[0]._descriptor
            os.close(descriptor)
            others = [socket.socket()]
            while others[-1].fileno() != descriptor:
                others.append(socket.socket())
            assert await listeners.look() == (f"{HERE}:{port}: it was closed",)
            assert await echoes(port)
            for other in others:
                other.close()  # EBADF, had it been closed with the listener

    asyncio.run(main())


async def test_an_address_that_another_has_is_waited_for() -> None:
    async with heard() as (listeners, port):
        shut_down(listeners)
        each = listeners._each[0]
        each._let_go()
        each._spare.close()
        occupant = bind(socket.SOCK_STREAM, (HERE, port))
        assert await listeners.look() == ()
        said = f"{HERE}:{port}: it does not listen, and cannot be had again: Address already in use"
        assert listeners.troubles == (said,)
        assert await listeners.look() == ()
        occupant.close()
        assert await listeners.look() == (said,)
        assert listeners.troubles == ()
        assert await echoes(port)


async def test_datagrams() -> None:
    async with heard(socket.SOCK_DGRAM) as (listeners, port):
        shut_down(listeners)
        assert await listeners.look() == (f"{HERE}:{port}: it was shut down",)
        assert listeners.troubles == ()
        loop = asyncio.get_running_loop()
        with socket.socket(type=socket.SOCK_DGRAM) as panel:
            panel.setblocking(False)
            panel.sendto(b"ping", (HERE, port))
            assert await in_time(loop.sock_recv(panel, 10)) == b"ping"


async def test_an_address_that_leaves_its_interface_is_told_and_its_return(monkeypatch: pytest.MonkeyPatch) -> None:
    assert module._is_away(("192.0.2.1", 9999)), "TEST-NET-1 is on no interface"
    assert not module._is_away((HERE, 9999))
    away = False
    monkeypatch.setattr(module, "_is_away", lambda _: away)
    monkeypatch.setattr(module, "_may_move", lambda _: True)
    async with heard() as (listeners, port):
        away = True
        assert await listeners.look() == ()
        assert listeners.troubles == (f"{HERE}:{port}: {AWAY}",)
        away = False
        assert await listeners.look() == (f"{HERE}:{port}: {AWAY}",)
        assert await echoes(port)


async def test_after_a_clean_stop_nothing_is_had_again() -> None:
    async with heard() as (listeners, port):
        listeners.close()
        assert await listeners.look() == ()
        assert listeners.troubles == ()
        assert not await echoes(port)
