"""Automation lines over TCP, both roles, on real loopback sockets: reconnecting, strangers, connections left behind."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence

import pytest

from arcd.clock import VirtualClock
from arcd.core.facts.receiver_lines import LineFault
from arcd.dialects import codec_maker, read_options
from arcd.gateways.kept_open import KeptOpenGateway
from arcd.gateways.line import Line, PortError
from arcd.gateways.line_tcp import LineServerGateway, TcpClientPort
from arcd.metrics import Metrics
from protocols.codec import WireProfile
from tests.arcd.gateways.far_receiver import ACK, HEARTBEAT
from tests.arcd.gateways.inbox import Inbox, a_while, listener, vanished
from tests.arcd.gateways.lines import a_line, running, said
from tests.patience import in_time, until
from tests.ports import own_port

SOON = (0.02, 0.02)


def client(inbox: Inbox, listening: socket.socket, *, receiver: str | None = None) -> KeptOpenGateway:
    return KeptOpenGateway(a_line(inbox, receiver=receiver), TcpClientPort(*listening.getsockname()), again_s=SOON)


def server(inbox: Inbox, *, allowed: Sequence[str] = ("127.0.0.1",), connections_max: int = 16) -> LineServerGateway:
    networks = [ipaddress.ip_network(each) for each in allowed]
    return LineServerGateway(a_line(inbox), [listener()], allowed=networks, connections_max=connections_max)


async def accepted(listening: socket.socket) -> socket.socket:
    listening.setblocking(False)
    connected, _ = await in_time(asyncio.get_running_loop().sock_accept(listening))
    connected.setblocking(False)
    return connected


async def said_to(receiver: socket.socket) -> bytes:
    return await in_time(asyncio.get_running_loop().sock_recv(receiver, 1024))


async def test_we_connect_to_a_receiver_that_listens_and_come_back_when_it_does() -> None:
    inbox, listening = Inbox(), listener()
    async with running(client(inbox, listening)):
        receiver = await accepted(listening)
        await until(lambda: said(inbox) == ["open"])
        receiver.send(HEARTBEAT)
        assert await said_to(receiver) == ACK
        receiver.send(b"A\x14")
        assert await said_to(receiver) == ACK
        assert len(inbox.frames) == 1
        receiver.close()
        await until(lambda: said(inbox) == ["open", "closed"])
        receiver = await accepted(listening)
        receiver.send(b"B\x14")
        await until(lambda: said(inbox) == ["open", "closed", "open"])
        assert await said_to(receiver) == ACK
        receiver.close()
    listening.close()


async def test_nobody_listens_yet() -> None:
    inbox = Inbox()
    with own_port() as port:
        async with running(KeptOpenGateway(a_line(inbox), TcpClientPort("127.0.0.1", port), again_s=SOON)):
            await until(lambda: said(inbox) == ["absent"])
            with socket.create_server(("127.0.0.1", port)) as listening:
                receiver = await accepted(listening)
                await until(lambda: said(inbox) == ["absent", "open"])
                receiver.close()


async def test_an_address_that_does_not_answer_is_given_up_after_a_while() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        with socket.create_connection(full.getsockname()):
            port = TcpClientPort(*full.getsockname(), connect_s_max=0.05)
            with contextlib.suppress(PortError):
                await port.open(asyncio.Protocol())  # the kernel's queue takes one or two
            with pytest.raises(PortError) as caught:
                await port.open(asyncio.Protocol())
            assert caught.value.fault is LineFault.SLOW


async def test_the_receivers_number_may_come_from_the_settings() -> None:
    inbox, listening = Inbox(), listener()
    async with running(client(inbox, listening, receiver="77")):
        receiver = await accepted(listening)
        receiver.send(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        origin = inbox.frames[0].received.origin
        assert (origin.account, origin.receiver, origin.line) == ("1001", "77", "0")
        receiver.close()
    listening.close()


async def test_a_receiver_connects_to_us() -> None:
    inbox = Inbox(answers_at_once=False)
    gateway = server(inbox)
    async with running(gateway):
        reader, writer = await asyncio.open_connection(*_address(gateway))
        writer.write(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        inbox.answer()
        assert await reader.readexactly(1) == ACK
        assert said(inbox) == [], "who connects for each message has not lost anything"
        writer.close()


async def test_a_caller_who_has_gone_before_it_is_let_in_is_let_go() -> None:
    inbox = Inbox()
    gateway = server(inbox)
    async with running(gateway):
        complaints = vanished(_address(gateway)[1])
        reader, writer = await asyncio.open_connection(*_address(gateway))
        writer.write(b"A\x14")
        assert await reader.readexactly(1) == ACK
        writer.close()
    assert complaints == []


async def test_a_stranger_is_let_go_before_a_byte_is_read() -> None:
    inbox = Inbox()
    gateway = server(inbox, allowed=["192.0.2.0/24", "::1"])
    async with running(gateway):
        reader, writer = await asyncio.open_connection(*_address(gateway))
        writer.write(b"A\x14")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
    assert inbox.facts == []
    assert 'arc_connections_refused_total{limit="source"} 1.0' in _metrics(gateway.line.metrics)


async def test_a_connection_that_a_power_cut_left_behind_makes_room() -> None:
    inbox = Inbox()
    gateway = server(inbox, connections_max=2)
    async with running(gateway):
        connected = [await asyncio.open_connection(*_address(gateway)) for _ in range(3)]
        assert await connected[0][0].read(1) == b"", "the one heard longest ago"
        connected[2][1].write(b"A\x14")
        assert await connected[2][0].readexactly(1) == ACK
        for _, writer in connected:
            writer.close()


async def test_two_receivers_on_one_line_do_not_get_each_others_ack() -> None:
    inbox = Inbox(answers_at_once=False)
    gateway = server(inbox)
    async with running(gateway):
        first, second = [await asyncio.open_connection(*_address(gateway)) for _ in range(2)]
        first[1].write(b"A\x14")
        await until(lambda: len(inbox.frames) == 1)
        second[1].write(b"B\x14")
        await until(lambda: len(inbox.frames) == 2)
        inbox.answer(1)
        assert await second[0].readexactly(1) == ACK
        inbox.answer()
        assert await first[0].readexactly(1) == ACK
        first[1].close()
        second[1].close()


async def test_a_dialect_that_begins_says_its_greeting_first_and_anew_on_each_connection() -> None:
    """Osborne-Hoffman: 24 bytes of a session key, then the panel's encrypted frame, then our encrypted ACK."""
    new_codec = codec_maker("osborne_hoffman", read_options("osborne_hoffman", {}), lambda _: WireProfile())
    inbox = Inbox()
    line = Line(
        name="osborne_hoffman", protocol="osborne_hoffman", new_codec=new_codec, intake=inbox, clock=VirtualClock(),
        metrics=Metrics(version="test", protocols=["osborne_hoffman"], channels=[]),
    )  # fmt: skip
    gateway = LineServerGateway(line, [listener()], allowed=[ipaddress.ip_network("127.0.0.1")])
    greetings = []
    async with running(gateway):
        for _ in range(2):
            reader, writer = await asyncio.open_connection(*_address(gateway))
            greetings.append(await reader.readexactly(24))
            writer.close()
    assert greetings[0] != greetings[1]


async def test_stopped_it_takes_nothing_more() -> None:
    inbox = Inbox()
    gateway = server(inbox)
    async with running(gateway):
        _, writer = await asyncio.open_connection(*_address(gateway))
        await a_while()
        await gateway.stop_taking()
        writer.write(b"A\x14")
        await a_while()
        assert inbox.frames == []
        writer.close()


def _address(gateway: LineServerGateway) -> tuple[str, int]:
    (address,) = gateway.addresses
    host, _, port = address.rpartition(":")
    return host, int(port)


def _metrics(metrics: Metrics) -> str:
    return metrics.exposition()[0].decode()
