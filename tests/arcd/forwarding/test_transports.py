"""Outputs on real sockets and a pseudo-terminal: slow software, strangers, a frame cut off, a plug pulled."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from msgspec.structs import replace

from arcd.clock import Clock, SystemClock
from arcd.forwarding.door import DoorTransport
from arcd.forwarding.feed import Outgoing
from arcd.forwarding.forms import AUTOMATION, Form, printer
from arcd.forwarding.line_output import LineOutput, PortTransport, Transport
from arcd.forwarding.memory import MemorySoftware
from arcd.gateways.line_tcp import Network, TcpClientPort
from arcd.gateways.serial import SerialMode, SerialPort
from arcd.metrics import Metrics
from protocols import contact_id, sia
from protocols.codec import Origin
from protocols.receiver_lines import ademco685, surgard
from protocols.receiver_lines.talking import ACK, NAK
from tests.arcd.gateways.far_receiver import Cable
from tests.patience import PATIENCE_S, until
from tests.virtual_time import over_loopback, running_clock

SURGARD = AUTOMATION["surgard"](surgard.MLR2, None, None)
A_685 = AUTOMATION["ademco685"](ademco685.MX8000, None, None)
CALM = replace(A_685, manner=replace(A_685.manner, reply_within_s=PATIENCE_S))  # says nothing a second time by itself
HERE = ipaddress.ip_network("127.0.0.1")


def out(zone: int = 15) -> Outgoing:
    signal = contact_id.signal("130", area="01", address=f"{zone:03d}")
    return Outgoing(seq=zone, index=0, at=0, origin=Origin(account="1234"), signal=signal)


@asynccontextmanager
async def running(
    transport: Transport, form: Form = SURGARD, *, clock: Clock | None = None
) -> AsyncIterator[LineOutput]:
    output = LineOutput(
        form="surgard", transport=transport, manner=form.manner, heartbeat=form.heartbeat, encode=printer(form, {}),
        clock=clock or running_clock(),
    )  # fmt: skip
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(output.run())
        await asyncio.sleep(0)
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield output
        finally:
            output.close()
            task.cancel()
            await asyncio.sleep(0.01)  # transports report their end


def a_door(allowed: Network = HERE) -> tuple[DoorTransport, int]:
    listener = socket.create_server(("127.0.0.1", 0))
    door = DoorTransport([listener], allowed=[allowed], metrics=Metrics(version="test"))
    return door, listener.getsockname()[1]


@over_loopback
async def test_software_that_connects_is_slow_refuses_and_comes_anew() -> None:
    door, port = a_door()
    async with running(door) as output, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(output.send(out()))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        message = b"5011 181234E13001015\x14"
        assert await reader.readexactly(len(message)) == message
        assert await reader.readexactly(len(message)) == message, "slow: it is said again"
        writer.write(NAK)
        await reader.readexactly(len(message))
        assert not sending.done()
        # It comes anew without having hung up: the newest connection counts.
        again, other = await asyncio.open_connection("127.0.0.1", port)
        assert await again.readexactly(len(message)) == message
        other.write(ACK)
        assert await sending == ""
        assert await reader.read() == b"", "the one before was closed"
        output.close()
        assert output.where == f"127.0.0.1:{port}", "also when the door is shut"
        for each in (writer, other):
            each.close()


@over_loopback
async def test_a_stranger_is_shown_nothing() -> None:
    door, port = a_door(ipaddress.ip_network("192.0.2.0/24"))
    async with running(door) as output, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(output.send(out()))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert not output.is_up
        writer.close()
        sending.cancel()


@over_loopback
async def test_software_that_listens_hangs_up_in_the_middle_of_a_message() -> None:
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readexactly(5) if not got else await reader.readuntil(b"\x14"))
        if len(got) > 1:
            writer.write(ACK)
            await writer.drain()
            await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = PortTransport(TcpClientPort("127.0.0.1", port), again_s=(0.01, 0.02))
    async with running(transport) as output:
        assert await output.send(out()) == ""
    server.close()
    assert got == [b"5011 ", b"5011 181234E13001015\x14"], "the whole message again"


async def test_a_serial_line_is_unplugged_between_message_and_answer(tmp_path: Path) -> None:
    cable = Cable(tmp_path).plug()
    transport = PortTransport(SerialPort(str(cable.path), SerialMode()), again_s=(0.01, 0.02))
    async with running(transport, CALM, clock=SystemClock()) as output, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(output.send(out()))
        heard = bytearray()

        def hears() -> bool:
            heard.extend(cable.read())
            return heard.endswith(b"\r")

        await until(hears)
        assert heard == b"\n11 1234 18 E130 01 C015 \r"
        cable.unplug()
        await until(lambda: not output.is_up)
        heard.clear()
        cable.plug()
        await until(hears)
        assert heard == b"\n11 1234 18 E130 01 C015 \r"
        cable.send(ACK)
        assert await sending == ""
    cable.unplug()


@over_loopback
async def test_what_a_form_cannot_say_is_said_bare_or_refused() -> None:
    encode = printer(SURGARD, {"1234": "A234"})
    loud = replace(sia.signal("BA", area="1", zone="3"), text="a]b", extra=(("xM", "00"),))
    assert encode(replace(out(), signal=loud)) == b"S011[#A234|Nri1/BA3]\x14"
    async with running(MemorySoftware(lambda _: ACK), A_685) as output:
        assert "no Contact ID code" in await output.send(replace(out(), signal=sia.signal("JV")))
