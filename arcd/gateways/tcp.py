"""DC-09 (and every other stream codec) over TCP, and over TLS where a certificate is given.

One rule: places are limited per process and per source address, and a flood of strangers takes none from panels
(`admission`). What one connection may cost is `connection`'s.

A connection is kept open after a reply unless its panel's account says otherwise: panels that are hung up on call the
receiver unavailable (ioBroker.sia #20, Ajax). One that is silent for longer than its account's idle limit, or the
gateway's, is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence

from arcd.clock import Clock
from arcd.gateways import Intake
from arcd.gateways.admission import STRANGER_FRAMES_MAX, Admission, Shares
from arcd.gateways.callers import serve
from arcd.gateways.connection import Connection
from arcd.gateways.listeners import Listeners
from arcd.gateways.reading import SWEEP_S, Reader
from arcd.gateways.tls import HANDSHAKE_TIMEOUT_S, HandshakeTurns
from arcd.metrics import Metrics
from protocols.codec import Codec, Profiles

# A frame that was begun and is not ended within this is none: 4 kB take a second on a GSM line (9,600 bit/s).
FRAME_TIMEOUT_S = 30.0


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
        frame_timeout_s: float = FRAME_TIMEOUT_S,
        profiles: Profiles | None = None,
        tls_context: ssl.SSLContext | None = None,
        handshake_timeout_s: float = HANDSHAKE_TIMEOUT_S,
    ) -> None:
        """`profiles` tells whose connection one is; None: everybody's is as good. A new `tls_context` may be set later,
        for the connections that come then."""
        self.name = name
        self.protocol = protocol
        self.intake = intake
        self.clock = clock
        self.reader = Reader(gateway=name, intake=intake, clock=clock)
        self.new_codec = new_codec
        self.metrics = metrics
        self.listeners = Listeners(name, listeners, self._begin)
        self.idle_timeout_s = idle_timeout_s
        self.frame_timeout_s = frame_timeout_s
        self.profiles = profiles
        self.tls_context = tls_context
        self.handshake_timeout_s = handshake_timeout_s
        self.turns = HandshakeTurns()
        self.shares: Shares[Connection] = Shares(STRANGER_FRAMES_MAX, self._go_on_soon)
        self._admission = Admission(
            places_max=connections_max,
            per_source_max=connections_per_source_max,
            refused=metrics.connection_refused,
        )
        self._connections: set[Connection] = set()
        self._held_back = asyncio.Event()  # set while nobody is read from
        self._is_taking = True

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.listeners.addresses

    async def start(self) -> None:
        await self.listeners.start()

    async def _begin(self, listener: socket.socket) -> asyncio.Server:
        return await serve(listener, lambda: Connection(self))

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
        self.listeners.close()
        for connection in self._connections:
            connection.hold()
        self.reader.flush()

    async def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self.listeners.close()

    # ------------------------------------------------------------------------------------------- for the connections

    def admit(self, connection: Connection, *, is_known: bool) -> bool:
        if not self._is_taking or not self._admission.admit(connection, is_known=is_known):
            return False  # not taking: it was on its way in when the listener was closed, and calls the next start
        self._connections.add(connection)
        self.metrics.connection_opened(self.protocol)
        return True

    def recognise(self, connection: Connection) -> None:
        self._admission.recognise(connection)

    def dismiss(self, connection: Connection) -> None:
        if self._admission.dismiss(connection):
            self._connections.discard(connection)
            self.metrics.connection_closed(self.protocol)

    def go_on(self, connection: Connection) -> None:
        """It may be read from again, for its own part."""
        if self._is_taking and not self.is_holding:
            connection.read_on()
            self.shares.wake(connection.source)

    def _go_on_soon(self, connection: Connection) -> None:
        # Not at once: a place becomes free at the end of a commit, and what is taken now begins another.
        asyncio.get_running_loop().call_soon(self.go_on, connection)

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
        if self.is_holding:
            return  # nobody is read from, so nobody is silent
        now_s = self.clock.monotonic_s()
        for connection in list(self._connections):
            limit = connection.overdue(now_s)
            if limit is not None:
                self.metrics.connection_refused(limit)
                connection.end(limit)
