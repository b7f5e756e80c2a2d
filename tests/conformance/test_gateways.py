"""What every gateway does, whatever carries the bytes.

A new gateway joins by a `Way` that can play the panel's part.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from arcd.clock import VirtualClock
from arcd.gateways import Gateway
from arcd.gateways.line import Line
from arcd.gateways.line_tcp import LineServerGateway
from arcd.gateways.memory import MemoryGateway
from arcd.gateways.tcp import TcpGateway
from arcd.gateways.udp import UdpGateway
from arcd.metrics import Metrics
from protocols.codec import ReplyKind
from tests.arcd.gateways.inbox import (
    PANEL,
    Inbox,
    a_while,
    ack_of,
    alarm,
    listener,
    new_codec,
    new_datagram_codec,
    udp_socket,
)
from tests.patience import until


@dataclass
class Panel:
    """One panel's end: what it sends, and the bytes it has got back."""

    send: Callable[[bytes], None]
    got: Callable[[], list[bytes]]


@dataclass
class Way:
    gateway: Gateway
    inbox: Inbox
    connect: Callable[[], Awaitable[Panel]]


@asynccontextmanager
async def memory_way(inbox: Inbox) -> AsyncIterator[Way]:
    gateway = MemoryGateway(name="here", new_codec=new_codec, intake=inbox, clock=VirtualClock())

    async def connect() -> Panel:
        line = gateway.connect()
        return Panel(line.feed, lambda: line.replies)

    await gateway.start()
    yield Way(gateway, inbox, connect)


@asynccontextmanager
async def tcp_way(inbox: Inbox) -> AsyncIterator[Way]:
    gateway = TcpGateway(
        name="here",
        protocol="dc09",
        listeners=[listener()],
        new_codec=new_codec,
        intake=inbox,
        clock=VirtualClock(),
        metrics=Metrics(version="test", channels=[]),
    )
    async with _panels_over_tcp(gateway, inbox) as way:
        yield way


@asynccontextmanager
async def _panels_over_tcp(gateway: Gateway, inbox: Inbox) -> AsyncIterator[Way]:
    await gateway.start()
    address = _address(gateway)
    writers: list[asyncio.StreamWriter] = []

    async def connect() -> Panel:
        reader, writer = await asyncio.open_connection(*address)
        writers.append(writer)
        received = bytearray()

        def got() -> list[bytes]:
            received.extend(reader._buffer)  # type: ignore[attr-defined]  # – what has come, without waiting
            reader._buffer.clear()  # type: ignore[attr-defined]
            return [part + b"\r" for part in bytes(received).split(b"\r")[:-1]]

        return Panel(writer.write, got)

    try:
        yield Way(gateway, inbox, connect)
    finally:
        await gateway.close()
        for writer in writers:
            writer.close()
        await a_while()


@asynccontextmanager
async def udp_way(inbox: Inbox) -> AsyncIterator[Way]:
    gateway = UdpGateway(
        name="here",
        protocol="dc09",
        sockets=[udp_socket()],
        new_codec=new_datagram_codec,
        intake=inbox,
        clock=VirtualClock(),
        metrics=Metrics(version="test", channels=[]),
    )
    await gateway.start()
    address = _address(gateway)
    panels: list[socket.socket] = []

    async def connect() -> Panel:
        panel = udp_socket()
        panel.connect(address)
        panels.append(panel)
        received: list[bytes] = []

        def got() -> list[bytes]:
            try:
                while True:
                    received.append(panel.recv(65_536))
            except BlockingIOError:
                return received

        def send(data: bytes) -> None:
            panel.send(data)

        return Panel(send, got)

    try:
        yield Way(gateway, inbox, connect)
    finally:
        await gateway.close()
        for panel in panels:
            panel.close()
        await a_while()


@asynccontextmanager
async def line_way(inbox: Inbox) -> AsyncIterator[Way]:
    """A receiver line that listens. Serial ports have one far end only: tests/arcd/gateways/test_serial.py."""
    line = Line(
        name="here",
        protocol="dc09",
        new_codec=new_codec,
        intake=inbox,
        clock=VirtualClock(),
        metrics=Metrics(version="test", channels=[]),
    )
    gateway = LineServerGateway(line, [listener()], allowed=[ip_network("127.0.0.1")])
    async with _panels_over_tcp(gateway, inbox) as way:
        yield way


def _address(gateway: Gateway) -> tuple[str, int]:
    (address,) = gateway.addresses
    host, _, port = address.rpartition(":")
    return host, int(port)


WAYS = {"memory": memory_way, "tcp": tcp_way, "udp": udp_way, "line": line_way}


@pytest.fixture(params=list(WAYS))
async def way(request: pytest.FixtureRequest) -> AsyncIterator[Way]:
    async with WAYS[request.param](Inbox(answers_at_once=False)) as opened:
        yield opened


async def test_it_has_a_name_and_says_where_it_listens(way: Way) -> None:
    assert way.gateway.name == "here"
    assert all(way.gateway.addresses)


async def test_a_frame_becomes_one_fact_and_is_not_answered_by_reflex(way: Way) -> None:
    panel = await way.connect()
    panel.send(alarm(1))
    await until(lambda: len(way.inbox.frames) == 1)
    await a_while()
    (fact,) = way.inbox.frames
    assert fact.gateway == "here"
    assert fact.peer.rpartition(":")[2].isdecimal()
    assert fact.received.raw == alarm(1)
    assert panel.got() == []


@pytest.mark.parametrize("kind", [ReplyKind.ACK, ReplyKind.NAK, ReplyKind.DUH])
async def test_the_machines_answer_goes_to_the_panel_that_asked(way: Way, kind: ReplyKind) -> None:
    panel, bystander = await way.connect(), await way.connect()
    panel.send(alarm(1))
    await until(lambda: len(way.inbox.frames) == 1)
    way.inbox.answer(kind=kind)
    await until(lambda: len(panel.got()) == 1)
    assert ack_of(panel.got()[0])[0] == kind.value
    assert bystander.got() == []


async def test_silence_is_silence(way: Way) -> None:
    panel = await way.connect()
    panel.send(alarm(1))
    await until(lambda: len(way.inbox.frames) == 1)
    way.inbox.answer(kind=ReplyKind.NONE)
    await a_while()
    assert panel.got() == []


async def test_answers_keep_the_order_in_which_they_are_given(way: Way) -> None:
    panel = await way.connect()
    for sequence in range(1, 6):
        panel.send(alarm(sequence))
        await until(lambda wanted=sequence: len(way.inbox.frames) == wanted)  # type: ignore[misc]
    for _ in range(5):
        way.inbox.answer()
    await until(lambda: len(panel.got()) == 5)
    assert [ack_of(data) for data in panel.got()] == [("ack", f"{sequence:04d}") for sequence in range(1, 6)]


async def test_a_link_test_is_answered_at_once(way: Way) -> None:
    panel = await way.connect()
    panel.send(PANEL.null(sequence=0))
    await until(lambda: len(panel.got()) == 1)
    assert way.inbox.facts == []


async def test_noise_is_a_fact_and_never_answered(way: Way) -> None:
    panel = await way.connect()
    panel.send(b"GET / HTTP/1.1\r\n\r\n" + alarm(1))
    await until(lambda: len(way.inbox.malformed) == 1 and len(way.inbox.frames) == 1)
    assert panel.got() == []
    way.inbox.answer()
    await until(lambda: len(panel.got()) == 1)


async def test_what_was_taken_before_a_stop_is_still_answered(way: Way) -> None:
    panel = await way.connect()
    panel.send(alarm(1))
    await until(lambda: len(way.inbox.frames) == 1)
    await way.gateway.stop_taking()
    way.inbox.answer()
    await until(lambda: len(panel.got()) == 1)
