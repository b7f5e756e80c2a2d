"""A receiver of DC-09 on loopback: real sockets, the real codec and reply policy, and ways to misbehave."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Protocol, cast

import pytest
import trustme

from arcd.cli.wires import SocketWire
from arcd.clock import SystemClock
from protocols.codec import Malformed, Received, WireProfile
from protocols.dc09 import Dc09Codec, ReplyPolicy, reply_for
from protocols.secrets import WireKey
from tests.arcd.cli.in_thread import in_thread
from tests.patience import PATIENCE_S, until

KEY = "00112233445566778899aabbccddeeff"
KEYED_ACCOUNT = "1002"
KNOWN = frozenset({"1001", "0042", KEYED_ACCOUNT})

LOOK_S = 0.005

Twist = Callable[[int, bytes], list[bytes]]  # (number of the frame from 0, honest reply) → what is really sent


class FarEnd(Protocol):
    """`silences` counts what has been taken and will not be answered."""

    silences: threading.Semaphore


def hear_silences(monkeypatch: pytest.MonkeyPatch, far: FarEnd) -> None:
    """Whoever waits for a reply has waited long enough when the far end has decided to give none, and no sooner."""
    receive = SocketWire.receive

    def patient(wire: SocketWire, timeout_s: float) -> bytes | None:
        if timeout_s <= 0:  # a look at what is there, and no waiting
            return receive(wire, timeout_s)
        give_up_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < give_up_s:
            if (arrived := receive(wire, LOOK_S)) is not None:
                return arrived
            if far.silences.acquire(blocking=False):
                return None
        raise AssertionError("neither a reply nor a silence")

    monkeypatch.setattr(SocketWire, "receive", patient)


def honest(number: int, reply: bytes) -> list[bytes]:
    return [reply]


class Receiver:
    """What arrived, and how it is answered."""

    def __init__(self, twist: Twist = honest, *, closes: bool = False) -> None:
        self.received: list[Received | Malformed] = []
        self.raw: list[bytes] = []
        self.port = 0
        self.connections = 0
        self.silences = threading.Semaphore(0)
        self.writers: set[asyncio.StreamWriter] = set()
        self._twist = twist
        self._closes = closes
        self._clock = SystemClock()
        self._key = WireKey.parse(KEY)

    def answers(self, codec: Dc09Codec, data: bytes) -> list[bytes]:
        sent: list[bytes] = []
        for item in codec.receive_data(data, self._clock.now()):
            number = len(self.received)
            self.received.append(item)
            honest_reply = b""
            if isinstance(item, Received):
                kind = reply_for(item, account_known=item.session_account in KNOWN, policy=ReplyPolicy())
                honest_reply = codec.encode_reply(item, kind, self._clock.now())
            parts = self._twist(number, honest_reply)
            if not parts:
                self.silences.release()
            sent += parts
        return sent

    def codec(self, *, datagram: bool = False) -> Dc09Codec:
        return Dc09Codec(self._profile, pad=lambda count: b"\x41" * count, datagram=datagram)

    def _profile(self, account: str) -> WireProfile:
        return WireProfile(key=self._key if account == KEYED_ACCOUNT else None)

    async def serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.add(writer)
        try:
            await self._serve(reader, writer)
        finally:
            self.writers.discard(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        codec = self.codec()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(4096):
                self.raw.append(data)
                for part in self.answers(codec, data):
                    writer.write(part)
                    await writer.drain()
                if self._closes:
                    break
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self.transport is not None
        self.receiver.raw.append(data)
        for part in self.receiver.answers(self.receiver.codec(datagram=True), data):
            self.transport.sendto(part, addr)


@contextlib.contextmanager
def receiving(
    twist: Twist = honest, *, udp: bool = False, closes: bool = False, tls: trustme.LeafCert | None = None
) -> Iterator[Receiver]:
    """A receiver in a thread of its own, because arcctl blocks this one."""
    receiver = Receiver(twist, closes=closes)
    with in_thread(lambda: _listen(receiver, udp=udp, tls=tls)):
        yield receiver


@contextlib.asynccontextmanager
async def _listen(receiver: Receiver, *, udp: bool, tls: trustme.LeafCert | None) -> AsyncIterator[None]:
    if udp:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(receiver), local_addr=("127.0.0.1", 0))
        receiver.port = transport.get_extra_info("sockname")[1]
        yield
        transport.close()
        return
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.configure_cert(context)
    server = await asyncio.start_server(receiver.serve_tcp, "127.0.0.1", 0, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield
    for writer in receiver.writers:
        writer.transport.abort()
    await until(lambda: not receiver.writers)
