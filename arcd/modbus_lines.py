"""Lines to Modbus devices, TCP or RTU over a serial port: one master each, whoever reads or switches on it.

One rule: a request has its answer, or a reason why there is none that says whether the device may have done it. Nothing
is repeated here: a read comes again with the next poll, and a switch that may have happened is a person's matter.

A serial port is opened as those of receiver lines are (`gateways.serial`), in a thread of its own: pymodbus would open
it in the loop, and a driver may take its time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol, cast

from msgspec import Struct
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException
from pymodbus.pdu import ModbusPDU

from arcd.gateways.line import PortError
from arcd.gateways.serial import OpenSerial, SerialMode, SerialPort, open_serial
from arcd.heeding import heeding_a_stop
from protocols.modbus_points import Block, Table

# The library reports every unanswered request as an error of its own; what it means is said by whoever asked.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

# Modbus Application Protocol V1.1b3, 7: what a device answers when it does not do what it was asked.
EXCEPTIONS = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    6: "device busy",
    10: "gateway path unavailable",
    11: "gateway target does not answer",
}


CLOSING_TURNS = 3  # of the loop, in which it gives back a port that was hung up on


class LineSpec(Struct, frozen=True, kw_only=True):
    """How a line is reached, and its devices: name → unit. Either `address` (host, port) or `serial`."""

    name: str
    devices: dict[str, int]
    address: tuple[str, int] | None = None
    serial: Path | None = None
    baud_rate: int = 19200  # MODBUS over Serial Line V1.02, 3.2: default 19200, even parity, one stop bit
    parity: str = "E"
    stop_bits: int = 1
    timeout_s: float = 1.0
    poll_s: float = 1.0
    lost_after_s: float = 10.0

    @property
    def where(self) -> str:
        if self.address is not None:
            return f"{self.address[0]}:{self.address[1]}"
        return str(self.serial)


class LineError(Exception):
    """`was_sent`: the device may have got the request. `is_answer`: it answered, and said no; `is_for_good`: and would
    say so again."""

    def __init__(self, reason: str, *, was_sent: bool, is_answer: bool = False, is_for_good: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.was_sent = was_sent
        self.is_answer = is_answer
        self.is_for_good = is_for_good


class BusLine(Protocol):
    """What may be asked of a line. The twin without a bus is `arcd.modbus_memory`."""

    async def read(self, device: str, block: Block) -> Sequence[int]: ...

    async def write_coil(self, device: str, coil: int, *, on: bool) -> None: ...


class BusLines(Protocol):
    def of(self, device: str) -> BusLine | None: ...


class ModbusLine:
    def __init__(self, spec: LineSpec, *, open_serial: OpenSerial = open_serial) -> None:
        self.spec = spec
        self._port: SerialPort | None = None
        if spec.serial is not None:
            mode = SerialMode(baud=spec.baud_rate, parity=spec.parity, stop=spec.stop_bits)
            self._port = SerialPort(str(spec.serial), mode, open_serial=open_serial, open_s_max=spec.timeout_s)
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._turn = asyncio.Lock()  # one request at a time: what a serial line needs anyhow

    async def read(self, device: str, block: Block) -> Sequence[int]:
        """`block.count` bits (0, 1) or registers. LineError."""
        unit = self.spec.devices[device]
        async with self._turn:
            with heeding_a_stop():
                client = await self._connected()
            ask = {
                Table.COIL: client.read_coils,
                Table.DISCRETE_INPUT: client.read_discrete_inputs,
                Table.INPUT_REGISTER: client.read_input_registers,
                Table.HOLDING_REGISTER: client.read_holding_registers,
            }[block.table]
            try:
                with heeding_a_stop():
                    answer = await ask(block.address, count=block.count, device_id=unit)
            except (ModbusException, OSError, ValueError) as error:
                self._hang_up(error)
                raise _no_answer(error) from None
        values = _answered(answer).bits if block.table.is_bits else _answered(answer).registers
        if len(values) < block.count:
            raise LineError("a short answer", was_sent=True, is_answer=True)
        return [int(value) for value in values[: block.count]]

    async def write_coil(self, device: str, coil: int, *, on: bool) -> None:
        """LineError; with `was_sent` the coil may be switched all the same."""
        unit = self.spec.devices[device]
        async with self._turn:
            with heeding_a_stop():
                client = await self._connected()
            try:
                with heeding_a_stop():
                    answer = await client.write_coil(coil, on, device_id=unit)
            except (ModbusException, OSError, ValueError) as error:
                self._hang_up(error)
                raise _no_answer(error) from None
        _answered(answer)

    async def close(self) -> None:
        if self._port is not None:
            self._port.abandon()
        self._hang_up(None)

    async def _connected(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        """An open connection is used again; one that broke is opened anew, once."""
        client = self._client
        if client is not None and client.connected:
            return client
        if client is not None:
            client.close()
        self._client = client = self._new_client()
        try:
            async with asyncio.timeout(self.spec.timeout_s * 2):
                is_open = await client.connect()
        except (ModbusException, OSError, TimeoutError):
            is_open = False
        if not is_open:
            self._hang_up(None)
            raise LineError("no connection", was_sent=False)
        return client

    def _new_client(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        spec = self.spec
        if spec.address is not None:
            host, port = spec.address
            return AsyncModbusTcpClient(
                host, port=port, name=spec.name, timeout=spec.timeout_s, retries=0, reconnect_delay=0
            )
        assert self._port is not None, "a line is an address or a serial port"
        client = AsyncModbusSerialClient(
            str(spec.serial), name=spec.name, timeout=spec.timeout_s, retries=0, reconnect_delay=0
        )
        client.ctx.call_create = partial(_open, self._port, client)
        return client

    def _hang_up(self, error: Exception | None) -> None:
        """After a silence, too: a late answer to this request must not be taken for the answer to the next one."""
        client, self._client = self._client, None
        if client is not None:
            client.close()


class ModbusLines:
    """Every line of the settings, found by the device on it."""

    def __init__(self, lines: Sequence[LineSpec]) -> None:
        self.lines = tuple(ModbusLine(spec) for spec in lines)
        self._by_device = {device: line for line in self.lines for device in line.spec.devices}

    def of(self, device: str) -> ModbusLine | None:
        return self._by_device.get(device)

    async def close(self) -> None:
        for line in self.lines:
            await line.close()


async def _open(
    port: SerialPort, client: AsyncModbusSerialClient
) -> tuple[asyncio.BaseTransport | None, asyncio.BaseProtocol]:
    """As pymodbus calls what makes its connections; OSError is what it expects."""
    for _ in range(CLOSING_TURNS):
        await asyncio.sleep(0)
    try:
        # It has the methods that are called, and not the base class.
        await port.open(cast(asyncio.Protocol, client.ctx))
    except PortError as error:
        raise OSError(error.detail) from None
    return client.ctx.transport, client.ctx


def _answered(answer: ModbusPDU) -> ModbusPDU:
    if answer.isError():
        code = getattr(answer, "exception_code", 0)
        what = f"exception {code} ({EXCEPTIONS.get(code, 'unknown')})"
        raise LineError(what, was_sent=True, is_answer=True, is_for_good=code in (1, 2, 3))
    return answer


def _no_answer(error: Exception) -> LineError:
    """The library's texts hold addresses; these are a few phrases."""
    if isinstance(error, ConnectionException):
        return LineError("connection broken", was_sent=True)
    return LineError("no answer in time" if isinstance(error, ModbusException) else "connection broken", was_sent=True)
