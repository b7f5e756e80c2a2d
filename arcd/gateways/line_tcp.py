"""Automation lines over TCP, both ways round: receivers that listen (we connect), and receivers that connect to us.

One rule: whoever may speak on a line that listens is named in the settings; everybody else is let go before a byte of
theirs is read. What a receiver says there is not signed by anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import os
import socket
from collections.abc import Sequence
from typing import cast

import structlog

from arcd.core.facts.receiver_lines import LineFault
from arcd.gateways.callers import serve
from arcd.gateways.line import Line, LineConnection, PortError
from arcd.gateways.listeners import Listeners
from arcd.sockets import address_text

log = structlog.get_logger(__name__)

CONNECT_S_MAX = 10.0
# A receiver that was switched off leaves a connection that nobody closes: the kernel asks after a minute without bytes.
KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT = 60, 10, 3

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FAULTS = {errno.EACCES: LineFault.DENIED, errno.EPERM: LineFault.DENIED}


def keep_alive(connected: socket.socket) -> None:
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEPALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEPALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEPALIVE_COUNT),
    ):
        connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class TcpClientPort:
    """Implements `arcd.gateways.line.Port`: a receiver that listens, as System 5 does on port 1025."""

    def __init__(self, host: str, port: int, *, connect_s_max: float = CONNECT_S_MAX) -> None:
        self._host = host
        self._port = port
        self._connect_s_max = connect_s_max

    @property
    def where(self) -> str:
        return address_text((self._host, self._port))

    async def open(self, protocol: asyncio.Protocol) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_s_max):
                transport, _ = await loop.create_connection(lambda: protocol, self._host, self._port)
        except TimeoutError:
            raise PortError(LineFault.SLOW, f"no answer within {self._connect_s_max:g} s") from None
        except OSError as error:
            detail = os.strerror(error.errno) if error.errno else str(error)
            raise PortError(_FAULTS.get(error.errno or 0, LineFault.ABSENT), detail) from None
        with contextlib.suppress(OSError):  # it has hung up already, and `connection_lost` will say so
            keep_alive(transport.get_extra_info("socket"))

    def abandon(self) -> None:
        """Whoever runs `open` is cancelled, and the socket with it."""


class LineServerGateway:
    """Receivers, or panels that keep no connection, connect to us.

    That nobody is connected is no fault by itself: some connect for every message. Silence is.
    """

    def __init__(
        self, line: Line, listeners: Sequence[socket.socket], *, allowed: Sequence[Network], connections_max: int = 16
    ) -> None:
        self.line = line
        self.listeners = Listeners(line.name, listeners, self._begin)
        self._allowed = tuple(allowed)
        self._connections_max = connections_max
        self._connections: dict[LineConnection, None] = {}  # in the order in which they came
        self._is_taking = True

    @property
    def name(self) -> str:
        return self.line.name

    @property
    def addresses(self) -> tuple[str, ...]:
        return self.listeners.addresses

    async def start(self) -> None:
        await self.listeners.start()

    async def _begin(self, listener: socket.socket) -> asyncio.Server:
        return await serve(listener, lambda: _Accepted(self, self.line))

    async def run(self) -> None:
        while True:
            await self.line.room()
            for connection in self._connections if self._is_taking else ():
                connection.read_on()
            self.line.reader.fold()

    async def stop_taking(self) -> None:
        self._is_taking = False
        self.listeners.close()
        for connection in self._connections:
            connection.hold()
        self.line.reader.flush()

    async def close(self) -> None:
        for connection in list(self._connections):
            connection.close()
        self.listeners.close()

    def admit(self, connection: LineConnection, host: str) -> bool:
        address = ipaddress.ip_address(host.partition("%")[0])
        if not self._is_taking or not any(address in network for network in self._allowed):
            self.line.metrics.connection_refused("source")
            log.warning("line.stranger", line=self.name, host=host)
            return False
        if len(self._connections) >= self._connections_max:
            # The receiver that has come anew matters more than a connection that its last power cut left behind.
            oldest = min(self._connections, key=lambda each: each.heard_s)
            self.line.metrics.connection_refused("connections")
            self.dismiss(oldest)
            oldest.close()
        self._connections[connection] = None
        self.line.metrics.connection_opened(self.line.protocol)
        return True

    def dismiss(self, connection: LineConnection) -> None:
        if connection in self._connections:
            del self._connections[connection]
            self.line.metrics.connection_closed(self.line.protocol)


class _Accepted(LineConnection):
    def __init__(self, gateway: LineServerGateway, line: Line) -> None:
        super().__init__(line, ended=gateway.dismiss)
        self._gateway = gateway

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        if peer is None:  # gone while it waited to be let in
            transport.abort()
            return
        self.peer = address_text(peer)
        if not self._gateway.admit(self, str(peer[0])):
            transport.abort()
            return
        with contextlib.suppress(OSError):  # it has hung up already
            keep_alive(transport.get_extra_info("socket"))
        super().connection_made(transport)
