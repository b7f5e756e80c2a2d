"""TCP on real loopback sockets: streams, limits, silence, deaf peers, a full machine, a clean stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from arcd.clock import VirtualClock
from arcd.gateways import tcp
from arcd.gateways.connection import REPLY_BYTES_MAX, Connection
from arcd.gateways.tcp import TcpGateway
from arcd.metrics import Metrics
from arcd.sockets import address_text
from protocols.codec import Codec, Profiles, Received, ReplyKind, WireProfile
from protocols.dc09 import Dc09Codec
from tests.arcd.gateways.inbox import PANEL, Inbox, a_while, ack_of, alarm, listener, new_codec, vanished
from tests.patience import in_time, until

Reading = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Hall:
    """A gateway that is running, and panels that connect to it."""

    def __init__(self, gateway: TcpGateway, inbox: Inbox, clock: VirtualClock, metrics: Metrics) -> None:
        self.gateway = gateway
        self.inbox = inbox
        self.clock = clock
        self.metrics = metrics
        self.port = int(gateway.addresses[0].rpartition(":")[2])
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self) -> Reading:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers.append(writer)
        return reader, writer

    def count(self, metric: str) -> float:
        for line in self.metrics.exposition()[0].decode().splitlines():
            if line.startswith(metric):
                return float(line.rpartition(" ")[2])
        return 0.0

    @property
    def open_connections(self) -> int:
        return int(self.count('arc_connections_open{protocol="dc09"}'))

    def leave(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def hall(
    *,
    answers_at_once: bool = True,
    codec: Callable[[], Codec] = new_codec,
    connections_max: int = 100,
    per_source_max: int = 100,
    profiles: Profiles | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> AsyncIterator[Hall]:
    inbox, clock = Inbox(answers_at_once=answers_at_once), VirtualClock()
    metrics = Metrics(version="test", channels=[])
    gateway = TcpGateway(
        name="dc09-tcp",
        protocol="dc09",
        listeners=[listener()],
        new_codec=codec,
        intake=inbox,
        clock=clock,
        metrics=metrics,
        connections_max=connections_max,
        connections_per_source_max=per_source_max,
        idle_timeout_s=300.0,
        profiles=profiles,
        tls_context=tls_context,
    )
    await gateway.start()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(gateway.run())
        opened = Hall(gateway, inbox, clock, metrics)
        try:
            yield opened
        finally:
            running.cancel()
            await gateway.close()
            opened.leave()
            await a_while()


@pytest.fixture(autouse=True)
def _swept_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the gateway does every few seconds happens at once."""
    monkeypatch.setattr(tcp, "SWEEP_S", 0.001)


async def reply(reader: asyncio.StreamReader) -> tuple[str, str]:
    return ack_of(await in_time(reader.readuntil(b"\r")))


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the far end has let us go."""
    try:
        return await in_time(reader.read()) == b""
    except ConnectionResetError:
        return True


# -------------------------------------------------------------------------------------------------------------- streams


async def test_a_read_is_not_a_frame() -> None:
    async with hall() as here:
        reader, writer = await here.connect()
        for each in alarm(1):
            writer.write(bytes([each]))
            await writer.drain()
        assert await reply(reader) == ("ack", "0001")
        writer.write(alarm(2) + alarm(3) + alarm(4)[:10])
        assert [await reply(reader) for _ in range(2)] == [("ack", "0002"), ("ack", "0003")]
        writer.write(alarm(4)[10:])
        assert await reply(reader) == ("ack", "0004")
        assert here.inbox.sequences == ["0001", "0002", "0003", "0004"]
        assert {fact.peer for fact in here.inbox.frames} == {f"127.0.0.1:{writer.get_extra_info('sockname')[1]}"}


async def test_a_reply_goes_to_the_connection_its_frame_came_from() -> None:
    async with hall(answers_at_once=False) as here:
        one, other = await here.connect(), await here.connect()
        one[1].write(alarm(1))
        await until(lambda: len(here.inbox.frames) == 1)
        other[1].write(alarm(2))
        await until(lambda: len(here.inbox.frames) == 2)
        here.inbox.answer(1, ReplyKind.NAK)
        here.inbox.answer(0)
        assert await reply(one[0]) == ("ack", "0001")
        assert (await reply(other[0]))[0] == "nak"


async def test_a_panel_that_has_gone_is_not_answered() -> None:
    async with hall(answers_at_once=False) as here:
        _, writer = await here.connect()
        writer.write(alarm(1))
        await until(lambda: len(here.inbox.frames) == 1)
        gone = writer.get_extra_info("socket")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a goodbye
        writer.transport.abort()
        await until(lambda: here.open_connections == 0)
        here.inbox.answer()


# --------------------------------------------------------------------------------------------------------------- limits


async def test_connections_are_limited() -> None:
    async with hall(connections_max=2) as here:
        first, _ = await here.connect(), await here.connect()
        await until(lambda: here.open_connections == 2)
        refused, _ = await here.connect()
        assert await ended(refused)
        assert here.count('arc_connections_refused_total{limit="connections"}') == 1
        first[1].close()
        await until(lambda: here.open_connections == 1)
        reader, writer = await here.connect()
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")


async def test_connections_of_one_source_are_limited() -> None:
    async with hall(per_source_max=1) as here:
        await here.connect()
        await until(lambda: here.open_connections == 1)
        refused, _ = await here.connect()
        assert await ended(refused)
        assert here.count('arc_connections_refused_total{limit="connections_per_source"}') == 1
        source = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        source.bind(("127.0.0.2", 0))
        source.setblocking(False)
        await asyncio.get_running_loop().sock_connect(source, ("127.0.0.1", here.port))
        reader, writer = await asyncio.open_connection(sock=source)
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")
        writer.close()


async def test_a_silent_connection_is_let_go() -> None:
    async with hall() as here:
        silent, (reader, writer) = (await here.connect())[0], await here.connect()
        await until(lambda: here.open_connections == 2)
        here.clock.advance(299)
        writer.write(PANEL.null(sequence=0))
        assert await reply(reader) == ("ack", "0000")
        here.clock.advance(2)
        assert await ended(silent)
        assert here.open_connections == 1
        assert here.count('arc_connections_refused_total{limit="idle"}') == 1


class Loud(Dc09Codec):
    """Answers with more than anybody reads."""

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        return bytes(1 << 20)


async def test_a_peer_that_does_not_read_is_cut_off() -> None:
    def loud() -> Loud:
        return Loud(lambda _: WireProfile(), pad=bytes)

    async with hall(codec=loud) as here:
        _, writer = await here.connect()
        await until(lambda: here.open_connections == 1)
        cast(asyncio.Transport, writer.transport).pause_reading()
        assert REPLY_BYTES_MAX < 1 << 20
        for sequence in range(1, 100):
            if here.open_connections == 0:
                break
            writer.write(alarm(sequence))
            await a_while()
        assert here.open_connections == 0
        assert len(here.inbox.frames) < 99


# ----------------------------------------------------------------------------------------------------- end of a stream


async def test_a_panel_that_closes_is_forgotten_at_once() -> None:
    """A panel that connects for every message must not hold a place for the length of the idle timeout."""
    async with hall(connections_max=1) as here:
        for sequence in range(1, 6):
            reader, writer = await here.connect()
            writer.write(alarm(sequence))
            assert await reply(reader) == ("ack", f"{sequence:04d}")
            writer.close()
            await until(lambda: here.open_connections == 0)


async def test_a_panel_that_closes_its_side_gets_the_replies_it_is_owed() -> None:
    async with hall(answers_at_once=False) as here:
        reader, writer = await here.connect()
        writer.write(alarm(1) + alarm(2))
        writer.write_eof()
        await until(lambda: len(here.inbox.frames) == 2)
        await a_while()
        assert here.open_connections == 1
        here.inbox.answer()
        assert await reply(reader) == ("ack", "0001")
        assert here.open_connections == 1
        here.inbox.answer(kind=ReplyKind.NONE)
        assert await ended(reader)
        assert here.open_connections == 0


async def test_a_frame_that_the_machine_cannot_decide_on_is_owed_nothing() -> None:
    async with hall(answers_at_once=False) as here:
        reader, writer = await here.connect()
        writer.write(alarm(1))
        writer.write_eof()
        await until(lambda: here.inbox.owed == 1)
        here.inbox.fail()
        assert await ended(reader)
        assert here.open_connections == 0


async def test_whoever_is_on_the_way_in_when_the_stop_comes_is_let_go() -> None:
    """It would be listened to for as long as the stop lasts; let go, it calls whoever comes next."""
    async with hall() as here:
        with listener() as door, socket.create_connection(door.getsockname()) as caller:
            caller.sendall(alarm(1))
            entering, _ = door.accept()
            await here.gateway.stop_taking()
            await asyncio.get_running_loop().connect_accepted_socket(lambda: Connection(here.gateway), entering)
            await a_while()
        assert (here.open_connections, here.inbox.frames) == (0, [])


async def test_a_caller_who_has_gone_before_it_is_let_in_is_let_go() -> None:
    async with hall() as here:
        complaints = vanished(here.port)
        reader, writer = await here.connect()
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")
        assert here.open_connections == 1
    assert complaints == []


async def test_half_a_frame_at_the_end_is_not_forgotten() -> None:
    async with hall() as here:
        _, writer = await here.connect()
        writer.write(alarm(1)[:30])
        writer.write_eof()
        await until(lambda: len(here.inbox.malformed) == 1)
        assert here.inbox.malformed[0].malformed.raw == alarm(1)[:30]


# ------------------------------------------------------------------------------------------------------ a full machine


async def test_a_full_machine_stops_reading_and_goes_on_when_it_has_room() -> None:
    async with hall() as here:
        (reader, writer), (late_reader, late_writer) = await here.connect(), await here.connect()
        here.inbox.fill()
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")
        writer.write(alarm(2))
        late_writer.write(alarm(3))
        newcomer_reader, newcomer_writer = await here.connect()
        newcomer_writer.write(alarm(4))
        await until(lambda: here.open_connections == 3)
        await a_while()
        newcomer_writer.write(alarm(5))
        await a_while()
        assert set(here.inbox.sequences) <= {"0001", "0004"}, "one read of a newcomer at the most"
        here.clock.advance(1000)
        await a_while()
        assert here.open_connections == 3, "whoever is not read from is not silent"
        here.inbox.empty()
        assert await reply(reader) == ("ack", "0002")
        assert await reply(late_reader) == ("ack", "0003")
        assert [await reply(newcomer_reader) for _ in range(2)] == [("ack", "0004"), ("ack", "0005")]


# -------------------------------------------------------------------------------------------------------- a clean stop


async def test_a_stop_takes_nothing_new_and_still_answers() -> None:
    async with hall(answers_at_once=False) as here:
        reader, writer = await here.connect()
        writer.write(alarm(1))
        await until(lambda: len(here.inbox.frames) == 1)
        await here.gateway.stop_taking()
        writer.write(alarm(2))
        await a_while()
        assert here.inbox.sequences == ["0001"]
        here.inbox.answer()
        assert await reply(reader) == ("ack", "0001")
        with pytest.raises(ConnectionRefusedError):
            await here.connect()
        await here.gateway.close()
        assert await ended(reader)


async def test_a_stop_of_a_full_machine_takes_nothing_new_either() -> None:
    async with hall() as here:
        reader, writer = await here.connect()
        here.inbox.fill()
        writer.write(alarm(1))
        assert await reply(reader) == ("ack", "0001")
        writer.write(alarm(2))
        await here.gateway.stop_taking()
        here.inbox.empty()
        await a_while()
        assert here.inbox.sequences == ["0001"]


async def test_addresses_are_for_people() -> None:
    async with hall() as here:
        assert here.gateway.addresses == (f"127.0.0.1:{here.port}",)
    assert address_text(("::1", 5000, 0, 0)) == "[::1]:5000"
