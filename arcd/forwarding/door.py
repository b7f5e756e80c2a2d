"""A place where automation software connects to us, as it does to a System 5 on port 1025.

One rule: whoever may connect is named in the settings; everybody else is let go before a byte is written, because what
goes out here is where the alarms are. One connection counts at a time: the newest.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Sequence
from typing import cast

import structlog

from arcd.forwarding.line_output import LineOutput, OutputConnection
from arcd.gateways.connection import address_text
from arcd.gateways.line_tcp import Network, keep_alive
from arcd.metrics import Metrics

log = structlog.get_logger(__name__)


class DoorTransport:
    """Implements `arcd.forwarding.line_output.Transport`."""

    def __init__(self, listeners: Sequence[socket.socket], *, allowed: Sequence[Network], metrics: Metrics) -> None:
        # Taken down now: it is asked for in the last moments as well, when the sockets are closed.
        self.where = ", ".join(address_text(listener.getsockname()) for listener in listeners)
        self._listeners = listeners
        self._allowed = tuple(allowed)
        self._metrics = metrics
        self._servers: list[asyncio.Server] = []

    async def run(self, output: LineOutput) -> None:
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            self._servers.append(await loop.create_server(lambda: _Visitor(self, output), sock=listener))
        await loop.create_future()

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def admits(self, host: str) -> bool:
        address = ipaddress.ip_address(host.partition("%")[0])
        if any(address in network for network in self._allowed):
            return True
        self._metrics.connection_refused("source")
        log.warning("output.stranger", host=host)
        return False


class _Visitor(OutputConnection):
    def __init__(self, door: DoorTransport, output: LineOutput) -> None:
        super().__init__(output, "")
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        if peer is None or not self._door.admits(str(peer[0])):
            cast(asyncio.Transport, transport).abort()
            return
        self.peer = address_text(peer)
        with contextlib.suppress(OSError):  # it has hung up already
            keep_alive(transport.get_extra_info("socket"))
        super().connection_made(transport)
