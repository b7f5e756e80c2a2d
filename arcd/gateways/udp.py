"""DC-09 (and every other datagram codec) over UDP: one frame a datagram, the reply to where it came from.

One rule: a datagram that cannot be taken is not answered and is counted; the panel repeats the same bytes and is
recognised. Anybody can write anybody's address on a datagram, so that no source is ever shut out: a flood only loses
its own part. Genuine frames of configured accounts have a quarter of the machine per source, everything else a few
places, and bytes of a noisy source that begin like no frame are counted unread.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from typing import cast

import structlog

from arcd.clock import Clock
from arcd.gateways import Intake
from arcd.gateways.admission import STRANGER_FRAMES_MAX, Shares
from arcd.gateways.listeners import Listeners
from arcd.gateways.reading import SWEEP_S, Reader
from arcd.metrics import Metrics
from arcd.sockets import address_text
from protocols.codec import Codec, Profiles, Received, WireItem

# One source may have one part in so many of the frames that wait for their commit.
SOURCE_PART = 4

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
        profiles: Profiles | None = None,
        queue_depth_max: int = 10_000,
    ) -> None:
        """`profiles` tells whose frame one is; None: everybody's is as good."""
        self.name = name
        self.protocol = protocol
        self.intake = intake
        self.clock = clock
        self.metrics = metrics
        self.reader = Reader(gateway=name, intake=intake, clock=clock)
        self.new_codec = new_codec
        self.profiles = profiles
        self.genuine = Shares[None](max(1, queue_depth_max // SOURCE_PART), lambda _: None)
        self.strange = Shares[None](STRANGER_FRAMES_MAX, lambda _: None)
        self.listeners = Listeners(name, sockets, self._begin)
        self._is_taking = True

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.listeners.addresses

    @property
    def is_taking(self) -> bool:
        return self._is_taking and self.intake.has_room

    def is_genuine(self, received: Received) -> bool:
        if self.profiles is None:
            return True
        if received.problem is not None:
            return False
        session, origin = received.session_account, received.origin.account
        return self.profiles(session).is_configured or (origin != session and self.profiles(origin).is_configured)

    async def start(self) -> None:
        await self.listeners.start()

    async def _begin(self, bound: socket.socket) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=bound)
        return transport

    async def run(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.reader.fold()

    async def stop_taking(self) -> None:
        self._is_taking = False
        self.reader.flush()

    async def close(self) -> None:
        self.listeners.close()


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
        peer = address_text(addr)
        source = peer.rpartition(":")[0]  # as the reader folds it
        if data[:1] != b"\n" and gateway.reader.is_noisy(source):
            gateway.reader.count_noise(source)
            return
        for item in self._codec.receive_data(data, gateway.clock.now()):
            self._take(item, source, peer, addr)

    def _take(self, item: WireItem, source: str, peer: str, addr: tuple[str | int, ...]) -> None:
        gateway, transport = self._gateway, self._transport
        assert transport is not None
        if not isinstance(item, Received):
            gateway.reader.take(self._codec, item, peer, lambda _: None)
            return
        share = gateway.genuine if gateway.is_genuine(item) else gateway.strange
        if not share.has_room(source):
            gateway.metrics.connection_refused("source_share")
            return
        share.take(source)

        def write(reply: bytes) -> None:
            share.give_back(source)
            if reply and not transport.is_closing():
                transport.sendto(reply, addr)

        gateway.reader.take(self._codec, item, peer, write)

    def error_received(self, exc: Exception) -> None:
        # ICMP about an earlier reply ("port unreachable"): that panel has gone, it repeats.
        log.debug("datagram.undeliverable", gateway=self._gateway.name)
