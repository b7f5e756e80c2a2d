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
from arcd.gateways.line_tcp import Network, keep_alive
from arcd.gateways.listeners import Listeners
from arcd.metrics import Metrics
from arcd.sockets import address_text

log = structlog.get_logger(__name__)

LOOK_S = 1.0  # a listener that is gone is had again within it


class DoorTransport:
    """Implements `arcd.forwarding.line_output.Transport`."""

    def __init__(self, listeners: Sequence[socket.socket], *, allowed: Sequence[Network], metrics: Metrics) -> None:
        self.listeners = Listeners("output", listeners, self._begin)
        self.where = ", ".join(self.listeners.addresses)
        self._allowed = tuple(allowed)
        self._metrics = metrics
        self._output: LineOutput | None = None

    async def run(self, output: LineOutput) -> None:
        self._output = output
        await self.listeners.start()
        while True:
            await asyncio.sleep(LOOK_S)
            for mended in await self.listeners.look():
                log.warning("output.listens_again", output=output.form, why=mended)
            if self.listeners.troubles:
                output.detail = "; ".join(self.listeners.troubles)

    async def _begin(self, listener: socket.socket) -> asyncio.Server:
        output = self._output
        assert output is not None
        return await asyncio.get_running_loop().create_server(lambda: _Visitor(self, output), sock=listener)

    def close(self) -> None:
        self.listeners.close()

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
