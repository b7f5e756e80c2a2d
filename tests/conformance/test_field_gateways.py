"""What gateways without a panel at the other end promise as well (arcd.gateways): buses, mail, JSON.

`test_gateways` speaks DC-09 to every transport; here each far end speaks its own language. A new one joins by a `Way`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib
import pytest
from pymodbus.client import AsyncModbusTcpClient

from arcd.gateways import Gateway
from arcd.gateways.modbus import ModbusGateway
from arcd.modbus_lines import ModbusLine
from protocols.codec import Kind
from tests.arcd.gateways import test_http_intake, test_modbus_writers, test_smtp
from tests.arcd.gateways.inbox import Inbox, a_while
from tests.arcd.gateways.plant import a_line, a_map, a_site_with, contact, tcp_plant
from tests.arcd.gateways.test_modbus import Machine
from tests.patience import PATIENCE_S, until


@dataclass
class Way:
    """`report` makes the far end report one alarm; "" when it was told "taken", else what it was told."""

    gateway: Gateway
    inbox: Inbox
    report: Callable[[], Awaitable[str]]
    waits_for_an_answer: bool = True  # a bus that is polled is told nothing


@asynccontextmanager
async def modbus_way(tmp_path: Path) -> AsyncIterator[Way]:
    async with tcp_plant() as (plant, address):
        machine, line = Machine(), ModbusLine(a_line(address))
        gateway = ModbusGateway(
            name="modbus", lines=[line], field=a_map(a_site_with(contact("door", 0))),
            levels=machine.levels.__contains__, intake=machine, clock=test_modbus_writers.VirtualClock(),
        )  # fmt: skip
        await gateway.start()

        async def report() -> str:
            await plant.set("discrete_input", 0, 1)
            await gateway.poll(line)
            return ""

        yield Way(gateway, machine, report, waits_for_an_answer=False)
        await gateway.close()


@asynccontextmanager
async def writers_way(tmp_path: Path) -> AsyncIterator[Way]:
    async with test_modbus_writers.a_scene(answers_at_once=False) as scene:
        client = AsyncModbusTcpClient("127.0.0.1", port=scene.port, timeout=PATIENCE_S, retries=0, reconnect_delay=0)
        await client.connect()

        async def report() -> str:
            answer = await client.write_coil(3, True, device_id=7)
            return str(answer) if answer.isError() else ""

        yield Way(scene.gateway, scene.machine, report)
        client.close()


@asynccontextmanager
async def smtp_way(tmp_path: Path) -> AsyncIterator[Way]:
    async with test_smtp.a_scene(tmp_path, answers_at_once=False) as scene:

        async def report() -> str:
            try:
                await scene.send()
            except (aiosmtplib.SMTPException, OSError) as error:
                return str(error) or "no connection"
            return ""

        yield Way(scene.gateway, scene.inbox, report)


@asynccontextmanager
async def http_way(tmp_path: Path) -> AsyncIterator[Way]:
    async with test_http_intake.a_scene(tmp_path, answers_at_once=False) as scene:

        async def report() -> str:
            answer = await scene.post({"id": "1"})
            return "" if answer.status_code == 200 else answer.text

        yield Way(scene.gateway, scene.inbox, report)


WAYS = {"modbus": modbus_way, "modbus-writers": writers_way, "smtp": smtp_way, "http": http_way}


@pytest.fixture(params=list(WAYS))
async def way(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Way]:
    async with WAYS[request.param](tmp_path) as opened:
        assert opened.gateway.name == request.param
        yield opened


async def test_it_says_where_it_is(way: Way) -> None:
    assert way.gateway.addresses
    assert all(way.gateway.addresses)


async def test_one_report_is_one_fact_of_a_known_account_and_keeps_what_came(way: Way) -> None:
    reporting = asyncio.get_running_loop().create_task(way.report())
    await until(lambda: bool(way.inbox.frames))
    await a_while()
    (fact,) = way.inbox.frames
    assert fact.gateway == way.gateway.name
    assert fact.trace
    assert fact.peer
    received = fact.received
    assert (received.kind, received.origin.account, len(received.signals)) == (Kind.SIGNALS, "2001", 1)
    assert received.fingerprint
    assert received.raw
    if way.waits_for_an_answer:
        assert not reporting.done(), "nothing is said before the commit"
        way.inbox.answer()
    assert await reporting == ""


async def test_what_was_taken_before_a_stop_is_still_answered(way: Way) -> None:
    reporting = asyncio.get_running_loop().create_task(way.report())
    await until(lambda: bool(way.inbox.frames))
    await way.gateway.stop_taking()
    if way.waits_for_an_answer:
        way.inbox.answer()
    assert await reporting == ""


async def test_after_a_stop_nothing_is_taken_and_nobody_is_told_that_it_was(way: Way) -> None:
    await way.gateway.stop_taking()
    told = await way.report()
    assert way.inbox.frames == []
    assert told or not way.waits_for_an_answer


async def test_a_full_machine_takes_nothing_until_it_has_room(way: Way) -> None:
    way.inbox.fill()
    reporting = asyncio.get_running_loop().create_task(way.report())
    await until(lambda: way.inbox.waiting)
    await a_while()
    assert (way.inbox.frames, reporting.done()) == ([], False)
    way.inbox.empty()
    await until(lambda: bool(way.inbox.frames))
    if way.waits_for_an_answer:
        way.inbox.answer()
    assert await reporting == ""


async def test_closing_twice_is_closing(way: Way) -> None:
    await way.gateway.close()
    await way.gateway.close()
