"""Field devices that write to us: a Modbus TCP server whose coils and holding registers they set.

One rule: the answer that lets a device forget what it wrote leaves after the commit of what it meant. A device that
has written nothing for `silence_s` is a fault, like one that does not answer when it is polled. It is believed again
after two writes no further apart than that, or, where that is long, a minute after one.

Frames are read and written by pymodbus; connections are ours, so that their number, their sources and their memory are
bounded. Only what a point of the site base looks at is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import math
import socket
from collections.abc import Mapping, Sequence

import structlog
from msgspec import Struct
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ExceptionResponse, ModbusPDU

from arcd.clock import Clock
from arcd.core.effects import Reply
from arcd.core.supervision.watch import BACK_HEARTBEATS, BACK_S, QUICK_S
from arcd.field_map import FieldMap, WiredPoint
from arcd.gateways import Intake
from arcd.gateways.bus import PROTOCOL, Bus, Levels
from arcd.gateways.listeners import Listeners
from arcd.gateways.reading import Reader
from arcd.metrics import Metrics
from arcd.sockets import address_text
from protocols.codec import Malformed, ReplyKind
from protocols.modbus_points import PointSpec, Table

log = structlog.get_logger(__name__)

CONNECTIONS_MAX = 64
ADU_BYTES_MAX = 260  # MODBUS Messaging on TCP/IP V1.0b, 4.1
COMMIT_S = 20.0  # longer than any healthy commit; the device then repeats
TICK_S = 0.5  # how often debounced levels and silences are looked at
IDLE_S = 600.0

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Function codes that set what a point may look at (V1.1b3, 6), and those that read it back.
_TABLES = {
    1: Table.COIL,
    3: Table.HOLDING_REGISTER,
    5: Table.COIL,
    6: Table.HOLDING_REGISTER,
    15: Table.COIL,
    16: Table.HOLDING_REGISTER,
    22: Table.HOLDING_REGISTER,
    23: Table.HOLDING_REGISTER,
}


class WriterSpec(Struct, frozen=True, kw_only=True):
    """`devices`: name → unit that the device writes to; `networks`: where it may connect from."""

    devices: dict[str, int]
    networks: tuple[str, ...]
    silence_s: float = 300.0


class ModbusWriters:
    def __init__(
        self, *, name: str, spec: WriterSpec, listeners: Sequence[socket.socket], field: FieldMap, levels: Levels,
        intake: Intake, clock: Clock, metrics: Metrics,
    ) -> None:  # fmt: skip
        self.name = name
        self._spec = spec
        self.listeners = Listeners(name, listeners, self._begin)
        self._field = field
        self._intake = intake
        self._clock = clock
        self._metrics = metrics
        self._bus = Bus(gateway=name, intake=intake, clock=clock, levels=levels)
        self._reader = Reader(gateway=name, intake=intake, clock=clock)
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(network) for network in spec.networks)
        self._by_unit = {unit: device for device, unit in spec.devices.items()}
        self._values: dict[str, dict[tuple[Table, int], int]] = {device: {} for device in spec.devices}
        self._heard_s = dict.fromkeys(spec.devices, clock.monotonic_s())
        self._beats = dict.fromkeys(spec.devices, 0)  # consecutive writes
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_taking = True

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.listeners.addresses

    async def start(self) -> None:
        await self.listeners.start()

    async def _begin(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.start_server(self._serve, sock=listener, limit=4 * ADU_BYTES_MAX)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await self._intake.room()
            self.tick()

    def tick(self) -> None:
        """What time alone changes: a level that has stood long enough, a device that has fallen silent."""
        self._reader.fold()
        if not self._is_taking:
            return
        for device in self._spec.devices:
            wired = self._field.points_of(device)
            silent = self._clock.monotonic_s() - self._heard_s[device] > self._spec.silence_s
            readings = {} if silent else self._readings(device, wired)
            unread = {each.key: "nothing written" for each in wired} if silent else {}
            self._bus.take(device, readings, unread, wired, lost_after_s=0.0, back_after_s=self._back_after_s(device))

    def _back_after_s(self, device: str) -> float:
        if self._beats[device] >= BACK_HEARTBEATS:
            return 0.0
        return BACK_S if self._spec.silence_s > QUICK_S else math.inf

    async def stop_taking(self) -> None:
        self._is_taking = False
        self.listeners.close()
        self._reader.flush()

    async def close(self) -> None:
        self.listeners.close()
        for writer in list(self._writers):
            writer.close()

    # ---------------------------------------------------------------------------------------------------- connections

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None or not self._admits(str(peer[0])):
            writer.close()
            return
        self._writers.add(writer)
        self._metrics.connection_opened(PROTOCOL)
        try:
            await self._converse(reader, writer, address_text(peer))
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # it went away, or said nothing for too long: silence is watched in `tick`
        finally:
            self._writers.discard(writer)
            self._metrics.connection_closed(PROTOCOL)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _admits(self, host: str) -> bool:
        if len(self._writers) >= CONNECTIONS_MAX:
            self._metrics.connection_refused("connections")
            return False
        address = ipaddress.ip_address(host)
        if not any(address in network for network in self._networks):
            self._metrics.connection_refused("source")
            log.warning("modbus.source_refused", gateway=self.name)
            return False
        return True

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        """One request after the other: the next one is not read before this one is answered."""
        framer = FramerSocket(DecodePDU(True))
        while True:
            async with asyncio.timeout(IDLE_S):
                head = await reader.readexactly(6)
                length = int.from_bytes(head[4:6], "big")
                if head[2:4] != b"\0\0" or not 2 <= length <= ADU_BYTES_MAX - 6:
                    return self._malformed("syntax", "no Modbus TCP header", head, peer)
                frame = head + await reader.readexactly(length)
            try:
                _, request = framer.handleFrame(frame, 0, 0)
            except (ModbusException, ValueError, IndexError, ArithmeticError):
                request = None
            answer: ModbusPDU
            if request is None:
                self._malformed("syntax", "a request that is none", frame, peer)
                answer = ExceptionResponse(frame[7], ExcCodes.ILLEGAL_FUNCTION)
                request = answer
                answer.dev_id, answer.transaction_id = frame[6], int.from_bytes(frame[:2], "big")
            else:
                await self._intake.room()
                answer = await self._answer(request)
            writer.write(framer.buildFrame(answer))
            await writer.drain()

    async def _answer(self, request: ModbusPDU) -> ModbusPDU:
        device = self._by_unit.get(request.dev_id)
        answer: ModbusPDU
        if device is None:
            answer = ExceptionResponse(request.function_code, ExcCodes.GATEWAY_NO_RESPONSE)
        elif request.function_code not in _TABLES or not self._is_taking:
            answer = ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_FUNCTION)
        else:
            try:
                answer = await request.datastore_update(_Unit(self, device), request.dev_id)  # type: ignore[arg-type]  # – asks for no more of it
            except (ModbusException, ValueError, IndexError):
                answer = ExceptionResponse(request.function_code, ExcCodes.ILLEGAL_VALUE)
        answer.dev_id, answer.transaction_id = request.dev_id, request.transaction_id
        return answer

    def _malformed(self, reason: str, detail: str, raw: bytes, peer: str) -> None:
        self._reader.malformed(Malformed(protocol=PROTOCOL, reason=reason, detail=detail, raw=raw), peer)

    # --------------------------------------------------------------------------------------------------------- values

    def value_of(self, device: str, table: Table, address: int) -> int | None:
        return self._values[device].get((table, address))

    async def set_values(self, device: str, table: Table, address: int, values: Sequence[int]) -> ExcCodes | None:
        """None once everything it means is committed."""
        wired = self._field.points_of(device)
        wanted = {place for each in wired for place in _places(each.point.spec)}
        written = {(table, address + index): int(value) for index, value in enumerate(values)}
        if not written.keys() & wanted:
            return ExcCodes.ILLEGAL_ADDRESS
        kept = {place: value for place, value in self._values[device].items() if place in wanted}
        self._values[device] = kept | {place: value for place, value in written.items() if place in wanted}
        now_s = self._clock.monotonic_s()
        is_next = now_s - self._heard_s[device] <= self._spec.silence_s
        self._beats[device] = self._beats[device] + 1 if is_next else 1
        self._heard_s[device] = now_s
        replies: list[Reply | None] = []
        committed = asyncio.Event()

        def replied(reply: Reply | None) -> None:
            replies.append(reply)
            committed.set()

        posted = self._bus.take(
            device, self._readings(device, wired), {}, wired, lost_after_s=0.0,
            back_after_s=self._back_after_s(device), replied=replied,
        )  # fmt: skip
        try:
            async with asyncio.timeout(COMMIT_S):
                while len(replies) < posted:
                    committed.clear()
                    await committed.wait()
        except TimeoutError:
            return ExcCodes.DEVICE_BUSY
        is_taken = all(reply is not None and reply.reply is ReplyKind.ACK for reply in replies)
        return None if is_taken else ExcCodes.DEVICE_FAILURE

    def _readings(self, device: str, wired: Sequence[WiredPoint]) -> Mapping[str, Sequence[int]]:
        """Of the points that have been written whole."""
        held = self._values[device]
        readings = {}
        for each in wired:
            values = [held.get(place) for place in _places(each.point.spec)]
            if None not in values:
                readings[each.key] = [value for value in values if value is not None]
        return readings


class _Unit:
    """What pymodbus' requests ask of a data store, for one device."""

    def __init__(self, writers: ModbusWriters, device: str) -> None:
        self._writers = writers
        self._device = device

    async def async_getValues(  # noqa: N802 – the library's name
        self, _unit: int, function: int, address: int, count: int = 1
    ) -> list[int] | ExcCodes:
        table = _TABLES[function]
        values = [self._writers.value_of(self._device, table, address + index) for index in range(count)]
        if all(value is None for value in values):
            return ExcCodes.ILLEGAL_ADDRESS
        return [value or 0 for value in values]

    async def async_setValues(  # noqa: N802 – the library's name
        self, _unit: int, function: int, address: int, values: Sequence[int]
    ) -> ExcCodes | None:
        return await self._writers.set_values(self._device, _TABLES[function], address, values)


def _places(spec: PointSpec) -> tuple[tuple[Table, int], ...]:
    return tuple((spec.table, spec.address + index) for index in range(spec.length))
