"""The wire to another centre: TCP, with or without TLS, and UDP.

One rule: one message, one reply. After a silence the connection is given up, so that a late reply cannot be taken for
that to the next message.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import Callable
from typing import Protocol, cast

from arcd.gateways.line_tcp import CONNECT_S_MAX, keep_alive
from arcd.sockets import address_text
from protocols.dc09.dialler import ReplyReceived

REPLY_BYTES_MAX = 8_192  # two of the longest frames
DATAGRAM_TRIES_MAX = 5  # SPT: up to 5 within the time for a reply (protocols.md 1.8)

# The reply in what has been read so far, if it is one to our message.
ReadReply = Callable[[bytes], ReplyReceived | None]


class WireError(Exception):
    """Nothing can be sent just now, or it broke off. The text is for people."""


class Wire(Protocol):
    @property
    def where(self) -> str: ...

    async def exchange(self, frame: bytes, read: ReadReply, within_s: float) -> ReplyReceived | None:
        """None: no reply in time. WireError."""
        ...

    def close(self) -> None: ...


class TcpWire:
    """Kept open between messages; the far end may close it whenever it likes."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None = None, tls_name: str = "") -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._tls_name = tls_name or host
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def where(self) -> str:
        return f"{address_text((self._host, self._port))}{' TLS' if self._tls is not None else ''}"

    async def exchange(self, frame: bytes, read: ReadReply, within_s: float) -> ReplyReceived | None:
        was_open = self._streams is not None
        try:
            return await self._exchange(frame, read, within_s)
        except WireError:
            if not was_open:
                raise
        return await self._exchange(frame, read, within_s)  # it had been closed since the last message

    async def _exchange(self, frame: bytes, read: ReadReply, within_s: float) -> ReplyReceived | None:
        if self._streams is None:
            self._streams = await self._open()
        reader, writer = self._streams
        got = b""
        try:
            async with asyncio.timeout(within_s):
                writer.write(frame)
                while data := await reader.read(REPLY_BYTES_MAX):
                    got += data
                    reply = read(got)
                    if reply is not None:
                        return reply
                    if len(got) > REPLY_BYTES_MAX:
                        break
        except TimeoutError:
            self.close()
            return None
        except asyncio.CancelledError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise WireError(_said(error)) from None
        self.close()
        raise WireError("the other centre closed the connection" if not data else "no reply in what it sent")

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(CONNECT_S_MAX):
                streams = await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, server_hostname=None if self._tls is None else self._tls_name
                )
        except TimeoutError:
            raise WireError(f"no connection within {CONNECT_S_MAX:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise WireError(f"its certificate: {error.verify_message}") from None
        except OSError as error:
            raise WireError(_said(error)) from None
        with contextlib.suppress(OSError):  # it has hung up already
            keep_alive(streams[1].get_extra_info("socket"))
        return streams

    def close(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].transport.abort()


class UdpWire:
    """A datagram, and the same again until one comes back."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._endpoint: tuple[asyncio.DatagramTransport, _Datagrams] | None = None

    @property
    def where(self) -> str:
        return f"{address_text((self._host, self._port))} UDP"

    async def exchange(self, frame: bytes, read: ReadReply, within_s: float) -> ReplyReceived | None:
        if self._endpoint is None:
            try:
                transport, datagrams = await asyncio.get_running_loop().create_datagram_endpoint(
                    _Datagrams, remote_addr=(self._host, self._port)
                )
            except OSError as error:
                raise WireError(_said(error)) from None
            self._endpoint = (transport, datagrams)
        transport, datagrams = self._endpoint
        datagrams.forget()
        for _ in range(DATAGRAM_TRIES_MAX):
            transport.sendto(frame)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s / DATAGRAM_TRIES_MAX):
                    while True:
                        reply = read(await datagrams.got.get())
                        if reply is not None:
                            return reply
        return None

    def close(self) -> None:
        endpoint, self._endpoint = self._endpoint, None
        if endpoint is not None:
            endpoint[0].abort()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue(DATAGRAM_TRIES_MAX)

    def datagram_received(self, data: bytes, addr: object) -> None:
        with contextlib.suppress(asyncio.QueueFull):  # a flood: the message is simply sent again
            self.got.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there, says its machine: the time for a reply passes as well."""

    def forget(self) -> None:
        while not self.got.empty():
            self.got.get_nowait()


def _said(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(cast(Exception, error))
