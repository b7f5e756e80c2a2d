"""Devices that write to us, with pymodbus' client in the device's place."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient

from arcd.clock import VirtualClock
from arcd.gateways.modbus_writers import CONNECTIONS_MAX, ModbusWriters, WriterSpec
from arcd.metrics import Metrics
from protocols.codec import ReplyKind
from protocols.modbus_points import Table
from tests.arcd.gateways.inbox import a_while, listener
from tests.arcd.gateways.plant import a_map, a_site_with, contact
from tests.arcd.gateways.test_modbus import Machine
from tests.patience import PATIENCE_S, in_time, until

POINTS = (
    contact("door", 3, table=Table.COIL),
    contact("heat", 10, table=Table.HOLDING_REGISTER, code="WA", above=50.0),
)


class Scene:
    def __init__(self, gateway: ModbusWriters, machine: Machine, clock: VirtualClock, port: int) -> None:
        self.gateway, self.machine, self.clock, self.port = gateway, machine, clock, port


@asynccontextmanager
async def a_scene(
    *, networks: tuple[str, ...] = ("127.0.0.0/8",), answers_at_once: bool = True, silence_s: float = 30.0
) -> AsyncIterator[Scene]:
    machine, clock, bound = Machine(), VirtualClock(), listener()
    machine.answers_at_once = answers_at_once
    gateway = ModbusWriters(
        name="modbus-writers",
        spec=WriterSpec(devices={"plc": 7}, networks=networks, silence_s=silence_s),
        listeners=[bound],
        field=a_map(a_site_with(*POINTS)),
        levels=machine.levels.__contains__,
        intake=machine,
        clock=clock,
        metrics=Metrics(version="test", channels=[]),
    )
    await gateway.start()
    try:
        yield Scene(gateway, machine, clock, bound.getsockname()[1])
    finally:
        await gateway.close()
        await a_while()


@asynccontextmanager
async def a_device(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=PATIENCE_S, retries=0, reconnect_delay=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


async def test_what_is_written_is_an_edge_once() -> None:
    async with a_scene() as scene, a_device(scene.port) as device:
        assert not (await device.write_coil(3, True, device_id=7)).isError()
        assert scene.machine.take() == [("BA", "new")]
        assert not (await device.write_coil(3, True, device_id=7)).isError()
        assert scene.machine.take() == []
        assert not (await device.write_coils(0, [False] * 8, device_id=7)).isError()
        assert scene.machine.take() == [("BR", "restore")]
        assert not (await device.write_registers(8, [0, 0, 51, 0], device_id=7)).isError()
        assert scene.machine.take() == [("WA", "new")]
        assert (await device.read_holding_registers(10, count=1, device_id=7)).registers == [51]
        assert (await device.read_coils(3, count=1, device_id=7)).bits[0] is False


async def test_the_answer_leaves_after_the_commit() -> None:
    async with a_scene(answers_at_once=False) as scene, a_device(scene.port) as device:
        writing = asyncio.get_running_loop().create_task(device.write_coil(3, True, device_id=7))
        await until(lambda: bool(scene.machine.frames))
        await a_while()
        assert not writing.done()
        scene.machine.answer()
        assert not (await writing).isError()


async def test_a_refused_signal_is_no_success() -> None:
    async with a_scene(answers_at_once=False) as scene, a_device(scene.port) as device:
        writing = asyncio.get_running_loop().create_task(device.write_coil(3, True, device_id=7))
        await until(lambda: bool(scene.machine.frames))
        scene.machine.answer(kind=ReplyKind.DUH)
        answer = await writing
        assert (answer.isError(), answer.exception_code) == (True, 4)


@pytest.mark.parametrize(
    ("unit", "address", "code"), [(8, 3, 11), (7, 40, 2)], ids=["a unit nobody has", "an address nobody looks at"]
)
async def test_what_means_nothing_is_said_to_the_device(unit: int, address: int, code: int) -> None:
    async with a_scene() as scene, a_device(scene.port) as device:
        answer = await device.write_coil(address, True, device_id=unit)
        assert (answer.isError(), answer.exception_code) == (True, code)
        assert scene.machine.take() == []
        inputs = await device.read_discrete_inputs(0, count=1, device_id=7)
        assert (inputs.isError(), inputs.exception_code) == (True, 1)


async def test_silence_is_a_fault_and_ends_with_two_writes() -> None:
    async with a_scene() as scene, a_device(scene.port) as device:
        scene.gateway.tick()
        assert scene.machine.take() == []
        scene.clock.advance(31)
        scene.gateway.tick()
        assert scene.machine.take() == [("device_lost", "new")]
        scene.gateway.tick()
        assert scene.machine.take() == []
        await device.write_coil(3, True, device_id=7)
        assert scene.machine.take() == [("BA", "new")]
        scene.clock.advance(30)
        await device.write_coil(3, True, device_id=7)
        assert scene.machine.take() == [("device_lost", "restore")]


async def test_a_device_whose_every_pause_is_too_long_is_one_fault() -> None:
    async with a_scene() as scene, a_device(scene.port) as device:
        told = []
        for _ in range(20):
            scene.clock.advance(31)
            scene.gateway.tick()
            await device.write_coil(3, False, device_id=7)
            scene.gateway.tick()
            told += scene.machine.take()
        assert told == [("device_lost", "new")]


async def test_a_device_that_may_be_silent_for_long_is_believed_after_a_minute() -> None:
    async with a_scene(silence_s=3600.0) as scene, a_device(scene.port) as device:
        scene.clock.advance(3601)
        scene.gateway.tick()
        await device.write_coil(3, False, device_id=7)
        scene.clock.advance(59)
        scene.gateway.tick()
        assert scene.machine.take() == [("device_lost", "new")]
        scene.clock.advance(1)
        scene.gateway.tick()
        assert scene.machine.take() == [("device_lost", "restore")]


async def test_only_its_networks_may_write() -> None:
    async with a_scene(networks=("192.0.2.0/24",)) as scene:
        client = AsyncModbusTcpClient("127.0.0.1", port=scene.port, timeout=PATIENCE_S, retries=0, reconnect_delay=0)
        await client.connect()
        await until(lambda: not client.connected)
        client.close()
        assert scene.machine.facts == []


async def test_bytes_that_are_no_request_are_kept_and_end_the_conversation() -> None:
    async with a_scene() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await reader.read() == b""
        writer.close()
        (fact,) = scene.machine.malformed
        assert (fact.malformed.protocol, fact.malformed.reason) == ("modbus", "syntax")


@pytest.mark.parametrize(
    "frame",
    [
        b"\0\1\0\0\0\2\x07\x63",  # a function code nobody knows
        b"\0\1\0\0\0\3\x07\x05\0",  # a write that ends in the middle
        b"\0\1\0\0\0\x08\x07\x10\0\1\0\1\2\0",  # a count that does not fit
        b"\0\1\0\0\0\2\x07\x85",  # an answer in the place of a request
    ],
)
async def test_requests_that_cannot_be_meant_are_answered_with_an_exception(frame: bytes) -> None:
    async with a_scene() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        writer.write(frame)
        head = await in_time(reader.readexactly(8))
        assert head[:2] == b"\0\1"
        assert head[7] & 0x80
        writer.close()


async def test_pipelined_requests_are_answered_in_order_under_their_own_numbers() -> None:
    async with a_scene() as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        ask = b"\0\0\0\6\x07\5\0\3"
        writer.write(b"\0\1" + ask + b"\xff\0" + b"\0\2" + ask + b"\0\0")
        answers = await in_time(reader.readexactly(24))
        assert (answers[:2], answers[12:14]) == (b"\0\1", b"\0\2")
        assert scene.machine.take() == [("BA", "new"), ("BR", "restore")]
        writer.close()


async def test_connections_are_bounded() -> None:
    async with a_scene() as scene:
        held = [socket.create_connection(("127.0.0.1", scene.port)) for _ in range(CONNECTIONS_MAX)]
        await until(lambda: len(scene.gateway._writers) == CONNECTIONS_MAX)
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        assert await reader.read() == b""
        writer.close()
        for each in held:
            each.close()


async def test_after_a_stop_nothing_is_taken() -> None:
    async with a_scene() as scene, a_device(scene.port) as device:
        await scene.gateway.stop_taking()
        answer = await device.write_coil(3, True, device_id=7)
        assert answer.isError()
        assert scene.machine.take() == []
