"""A plant to read from: pymodbus' own server over TCP, or RTU over two pseudo-terminals, with contacts to close."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from arcd.core.field import Point
from arcd.core.site import Account, Site, System, Zone
from arcd.field_map import FieldMap
from arcd.modbus_lines import LineSpec
from protocols.modbus_points import PointSpec, Table
from tests.arcd.gateways.inbox import a_while
from tests.patience import PATIENCE_S
from tests.ports import own_port
from tests.sites import a_site

PLACES = 64
FUNCTIONS = {"coil": 5, "discrete_input": 2, "holding_register": 6, "input_register": 4}

Action = Callable[..., Awaitable[ExcCodes | None]]
Server = ModbusTcpServer | ModbusSerialServer


def _device(unit: int, action: Action) -> SimDevice:
    bits = [SimData(0, count=PLACES, values=False, datatype=DataType.BITS)]
    registers = [SimData(0, count=PLACES, values=0, datatype=DataType.REGISTERS)]
    return SimDevice(unit, simdata=(list(bits), list(bits), list(registers), list(registers)), action=action)


class Plant:
    """`restart` takes it away and brings it back at the same place, as a power cut does; values survive in `held`."""

    def __init__(
        self, start: Callable[[list[SimDevice]], Awaitable[Server]], units: tuple[int, ...], *, is_busy: bool = False
    ) -> None:
        self._start = start
        self._units = units
        self.server: Server | None = None
        self.held: dict[tuple[int, str, int], int] = {}
        self.switched_on: list[str] = []  # coils, in the order written
        self.is_busy = is_busy

    async def _asked(
        self, function: int, _start: int, address: int, _count: int, _now: list[int], values: list[bool] | None
    ) -> ExcCodes | None:
        if self.is_busy:
            return ExcCodes.DEVICE_BUSY
        if function == 5 and values == [True]:
            self.switched_on.append(str(address))
        return None

    async def start(self) -> None:
        self.server = await self._start([_device(unit, self._asked) for unit in self._units])
        for (unit, table, address), value in self.held.items():
            await self._put(unit, table, address, value)

    async def set(self, table: str, address: int, value: int, *, unit: int = 1) -> None:
        self.held[unit, table, address] = value
        if self.server is not None:
            await self._put(unit, table, address, value)

    async def _put(self, unit: int, table: str, address: int, value: int) -> None:
        assert self.server is not None
        is_bits = table in ("coil", "discrete_input")
        values: list[int] | list[bool] = [bool(value)] if is_bits else [value]
        await self.server.async_setValues(unit, FUNCTIONS[table], address, values)

    async def coil(self, address: int, *, unit: int = 1) -> bool:
        assert self.server is not None
        return bool((await self.server.async_getValues(unit, 1, address, 1))[0])

    async def stop(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            for connection in list(server.active_connections.values()):
                connection.close()
            await server.shutdown()


@asynccontextmanager
async def tcp_plant(
    *, units: tuple[int, ...] = (1,), is_busy: bool = False
) -> AsyncIterator[tuple[Plant, tuple[str, int]]]:
    with own_port() as port:
        address = ("127.0.0.1", port)

        async def start(devices: list[SimDevice]) -> ModbusTcpServer:
            server = ModbusTcpServer(devices, address=address)
            await server.serve_forever(background=True)
            return server

        plant = Plant(start, units, is_busy=is_busy)
        await plant.start()
        try:
            yield plant, address
        finally:
            await plant.stop()


@asynccontextmanager
async def scripted_bus(answer: bytes) -> AsyncIterator[tuple[str, int]]:
    """A peer that says the same to everything: nothing, or nonsense."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while await reader.read(260):
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        await a_while()


@asynccontextmanager
async def serial_plant(*, units: tuple[int, ...] = (1,)) -> AsyncIterator[tuple[Plant, Path]]:
    """Two pseudo-terminals with a cable between them."""
    loop = asyncio.get_running_loop()
    ours, theirs = pty.openpty(), pty.openpty()
    for master, slave in (ours, theirs):
        tty.setraw(master)
        tty.setraw(slave)
        os.set_blocking(master, False)

    def carry(source: int, target: int) -> None:
        os.write(target, os.read(source, 4096))

    loop.add_reader(ours[0], carry, ours[0], theirs[0])
    loop.add_reader(theirs[0], carry, theirs[0], ours[0])

    async def start(devices: list[SimDevice]) -> ModbusSerialServer:
        server = ModbusSerialServer(devices, port=os.ttyname(theirs[1]), baudrate=19_200)
        await server.serve_forever(background=True)
        return server

    plant = Plant(start, units)
    await plant.start()
    try:
        yield plant, Path(os.ttyname(ours[1]))
    finally:
        await plant.stop()
        for master, slave in (ours, theirs):
            loop.remove_reader(master)
            os.close(master)
            os.close(slave)


def contact(
    point: str, address: int, *, table: Table = Table.DISCRETE_INPUT, code: str = "BA", **spec: object
) -> Point:
    return Point(
        id=point,
        device="plc",
        spec=PointSpec(table=table, address=address, **spec),  # type: ignore[arg-type]  # – a test's shorthand
        code=code,
        zone="1",
    )


def a_site_with(*points: Point, site_id: str = "S-1", account: str = "2001") -> Site:
    system = System(
        id="building", kind="technical", accounts=(Account(number=account),), zones=(Zone(number="1"),), points=points
    )
    return a_site(site_id, systems=(system,))


def a_map(*sites: Site) -> FieldMap:
    field = FieldMap()
    for site in sites:
        field.update_site(site)
    return field


def a_line(where: tuple[str, int] | Path, **fields: object) -> LineSpec:
    settings: dict[str, object] = {
        "name": "line", "devices": {"plc": 1}, "timeout_s": PATIENCE_S, "lost_after_s": 5.0, "parity": "N",
    }  # fmt: skip
    key = "serial" if isinstance(where, Path) else "address"
    return LineSpec(**settings | fields | {key: where})  # type: ignore[arg-type]  # – a test's shorthand
