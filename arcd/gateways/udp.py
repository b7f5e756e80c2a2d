"""DC-09 (and every other datagram codec) over UDP: one frame a datagram, the reply to where it came from.

One rule: a datagram that cannot be taken is not answered; the panel repeats the same bytes and is recognised.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import cast

import structlog

from arcd.clock import Clock
from arcd.gateways import Intake
from arcd.gateways.reading import Reader
from arcd.gateways.tcp import SWEEP_S, address_text
from arcd.metrics import Metrics
from protocols.codec import Codec

log = structlog.get_logger(__name__)


class UdpGateway:
    def __init__(
        self,
        *,
        name: str,
        protocol: str,
        sockets: Sequence[socket.socket],
        new_codec: Callable[[], Codec],
        intake: Intake,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.name = name
        self.protocol = protocol
        self.intake = intake
        self.clock = clock
        self.metrics = metrics
        self.reader = Reader(gateway=name, intake=intake, clock=clock)
        self.new_codec = new_codec
        self._sockets = sockets
        self._transports: list[asyncio.DatagramTransport] = []
        self._is_taking = True

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(address_text(each.getsockname()) for each in self._sockets)

    @property
    def is_taking(self) -> bool:
        return self._is_taking and self.intake.has_room

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        for each in self._sockets:
            transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=each)
            self._transports.append(transport)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.reader.fold()

    async def stop_taking(self) -> None:
        self._is_taking = False
        self.reader.flush()

    async def close(self) -> None:
        for transport in self._transports:
            transport.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, gateway: UdpGateway) -> None:
        self._gateway = gateway
        # In datagram mode nothing of one datagram is left when the next one comes, so one codec serves every peer.
        self._codec = gateway.new_codec()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods and not the base class.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        gateway = self._gateway
        if not gateway.is_taking:
            gateway.metrics.connection_refused("queue")
            return
        transport = self._transport
        assert transport is not None

        def write(reply: bytes) -> None:
            if reply and not transport.is_closing():
                transport.sendto(reply, addr)

        items = self._codec.receive_data(data, gateway.clock.now())
        gateway.reader.take(self._codec, items, address_text(addr), write)

    def error_received(self, exc: Exception) -> None:
        # ICMP about an earlier reply ("port unreachable"): that panel has gone, it repeats.
        log.debug("datagram.undeliverable", gateway=self._gateway.name)
