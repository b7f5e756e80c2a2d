"""DC-09 (and every other stream codec) over TCP.

One rule: a connection costs a bounded amount of memory and time, whoever opens it. Limits are per process and per
source address; a panel that is silent for too long is let go, a peer that does not read its replies is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from typing import cast

import structlog

from arcd.clock import Clock
from arcd.gateways import Intake
from arcd.gateways.reading import Reader
from arcd.metrics import Metrics
from protocols.codec import Codec, Received

log = structlog.get_logger(__name__)

SWEEP_S = 5.0  # how often idle connections are looked for
BACKLOG = 4096  # requirements 6.2: the kernel's queue carries panels over a restart
REPLY_BYTES_MAX = 256 * 1024  # unsent replies of one connection; beyond it the peer has stopped reading


class TcpGateway:
    def __init__(
        self,
        *,
        name: str,
        protocol: str,
        listeners: Sequence[socket.socket],
        new_codec: Callable[[], Codec],
        intake: Intake,
        clock: Clock,
        metrics: Metrics,
        connections_max: int = 10_000,
        connections_per_source_max: int = 1_000,
        idle_timeout_s: float = 300.0,
    ) -> None:
        self.name = name
        self.protocol = protocol
        self.intake = intake
        self.clock = clock
        self.reader = Reader(gateway=name, intake=intake, clock=clock)
        self.new_codec = new_codec
        self.metrics = metrics
        self._listeners = listeners
        self._connections_max = connections_max
        self._per_source_max = connections_per_source_max
        self._idle_timeout_s = idle_timeout_s
        self._servers: list[asyncio.Server] = []
        self._connections: set[_Connection] = set()
        self._sources: dict[str, int] = {}
        self._held_back = asyncio.Event()  # set while nobody is read from
        self._is_taking = True

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address_text(listener.getsockname()) for listener in self._listeners)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            self._servers.append(await loop.create_server(lambda: _Connection(self), sock=listener, backlog=BACKLOG))

    async def run(self) -> None:
        """Let idle connections go, fold malformed bytes, and read on when the machine has room again."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_S):
                    await self._held_back.wait()
                    await self.intake.room()
                    self._read_on()
            self._sweep()

    def _read_on(self) -> None:
        self._held_back.clear()
        if self._is_taking:
            for connection in self._connections:
                connection.read_on()

    async def stop_taking(self) -> None:
        self._is_taking = False
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.hold()
        self.reader.flush()

    async def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        for server in self._servers:
            server.close()

    # ------------------------------------------------------------------------------------------- for the connections

    def admit(self, connection: _Connection, source: str) -> bool:
        if len(self._connections) >= self._connections_max:
            self.metrics.connection_refused("connections")
            return False
        if self._sources.get(source, 0) >= self._per_source_max:
            self.metrics.connection_refused("connections_per_source")
            return False
        self._connections.add(connection)
        self._sources[source] = self._sources.get(source, 0) + 1
        self.metrics.connection_opened(self.protocol)
        return True

    def dismiss(self, connection: _Connection, source: str) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self.metrics.connection_closed(self.protocol)
        left = self._sources[source] - 1
        if left:
            self._sources[source] = left
        else:
            del self._sources[source]

    def hold_all(self) -> None:
        """The machine is full: nobody is read from until it has room."""
        if not self._held_back.is_set():
            self._held_back.set()
            for connection in self._connections:
                connection.hold()

    @property
    def is_holding(self) -> bool:
        return self._held_back.is_set()

    def _sweep(self) -> None:
        self.reader.fold()
        oldest_s = self.clock.monotonic_s() - self._idle_timeout_s
        for connection in list(self._connections):
            if connection.heard_s < oldest_s and not self.is_holding:
                self.metrics.connection_refused("idle")
                connection.close()


class _Connection(asyncio.Protocol):
    """One panel's connection: feed the codec, hand over what it found."""

    def __init__(self, gateway: TcpGateway) -> None:
        self._gateway = gateway
        self._codec = gateway.new_codec()
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._source = ""
        self._owed = 0  # frames that have not had their reply
        self._has_ended = False
        self.heard_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop's have the methods and not always the base class
        peer = transport.get_extra_info("peername")
        self._peer, self._source = address_text(peer), str(peer[0])
        self.heard_s = self._gateway.clock.monotonic_s()
        if not self._gateway.admit(self, self._source):
            transport.abort()
            return
        self._transport = transport
        transport.set_write_buffer_limits(high=REPLY_BYTES_MAX)
        if self._gateway.is_holding:
            self.hold()

    def data_received(self, data: bytes) -> None:
        gateway = self._gateway
        self.heard_s = gateway.clock.monotonic_s()
        items = self._codec.receive_data(data, gateway.clock.now())
        self._owed += sum(isinstance(item, Received) for item in items)
        gateway.reader.take(self._codec, items, self._peer, self._write)
        if not gateway.intake.has_room:
            gateway.hold_all()
        if gateway.is_holding:
            self.hold()  # uvloop begins to read after `connection_made`, whatever was asked there

    def eof_received(self) -> bool:
        self._gateway.reader.take(self._codec, self._codec.receive_eof(), self._peer, self._write)
        self._has_ended = True
        return self._owed > 0  # half-closed: replies still owed are written, then it ends

    def pause_writing(self) -> None:
        # A peer that never reads its replies would make us keep them for it.
        log.warning("connection.not_reading", gateway=self._gateway.name)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._gateway.dismiss(self, self._source)
        self._transport = None

    def hold(self) -> None:
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def read_on(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self.heard_s = self._gateway.clock.monotonic_s()  # it was we who did not listen
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._transport.abort()
            else:
                self._transport.close()

    def _write(self, data: bytes) -> None:
        self._owed -= 1
        # The panel may have gone meanwhile; it repeats, and the repetition is recognised.
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        if self._has_ended and not self._owed:
            self._transport.close()


def address_text(sockname: object) -> str:
    assert isinstance(sockname, tuple)
    host, port = sockname[0], sockname[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
