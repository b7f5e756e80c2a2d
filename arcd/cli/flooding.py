"""Many panels at once: a bounded load on a receiver, and how long each ACK took.

One rule: everything is bounded (messages, rate, connections, time) before the first byte, and a connection has one
message under way, as a panel has. What is slow shows as a lower rate than asked for, never as a growing queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from arcd.cli.wires import READ_BYTES_MAX, Receiver, Transport, WireError
from arcd.clock import Clock
from protocols.dc09 import Dialler, ReplyReceived

MESSAGES_MAX = 1_000_000
RATE_MAX = 20_000.0
CONNECTIONS_MAX = 1_000
SECONDS_MAX = 3_600.0

SEQUENCES = 9_999  # 0001 to 9999; then the zone moves on, or the receiver would see repetitions
OPENED_AT_ONCE_MAX = 64  # connections being opened, so that a thousand are no storm of their own

CLOSING_S = 0.1  # for the goodbyes of TLS

UNANSWERED = "unanswered"


class Load(Struct, frozen=True, kw_only=True):
    """`message(account, number)` gives (token, data) of the message with that number, from 0."""

    accounts: tuple[str, ...]
    messages: int
    rate_per_s: float | None  # of all together; None: as fast as the receiver answers
    connections: int
    seconds_max: float
    timeout_s: float
    message: Callable[[str, int], tuple[str, str]]
    dialler: Callable[[str], Dialler]
    is_stamped: bool = False


class Outcome(Struct, frozen=True, kw_only=True):
    sent: int
    replies: dict[str, int]  # "ack", "nak", "duh", "unanswered" → how many
    seconds: float
    elapsed_s: tuple[float, ...]  # of each acknowledged message, in ascending order

    @property
    def acknowledged(self) -> int:
        return self.replies.get("ack", 0)

    def percentile_s(self, percent: float) -> float | None:
        if not self.elapsed_s:
            return None
        return self.elapsed_s[min(len(self.elapsed_s) - 1, int(len(self.elapsed_s) * percent / 100))]


class Line(Protocol):
    """One panel's way, opened already."""

    def send(self, frame: bytes) -> None: ...

    async def receive(self) -> bytes:
        """b"" when the other side has closed."""
        ...

    async def close(self) -> None: ...


class _Stream:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, frame: bytes) -> None:
        self._writer.write(frame)

    async def receive(self) -> bytes:
        try:
            return await self._reader.read(READ_BYTES_MAX)
        except ConnectionError:
            return b""

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                await self._writer.wait_closed()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self._arrived: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._arrived.put_nowait(data)

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.sendto(frame)

    async def receive(self) -> bytes:
        return await self._arrived.get()

    async def close(self) -> None:
        assert self.transport is not None
        self.transport.close()


async def open_line(receiver: Receiver, context: ssl.SSLContext | None) -> Line:
    """WireError when that is impossible."""
    try:
        if receiver.transport is Transport.UDP:
            loop = asyncio.get_running_loop()
            transport, datagrams = await loop.create_datagram_endpoint(
                _Datagrams, remote_addr=(receiver.host, receiver.port)
            )
            datagrams.transport = transport
            return datagrams
        name = (receiver.server_name or receiver.host) if context is not None else None
        return _Stream(*await asyncio.open_connection(receiver.host, receiver.port, ssl=context, server_hostname=name))
    except (OSError, UnicodeError) as error:
        raise receiver.failure(error) from error


class Flood:
    def __init__(self, receiver: Receiver, load: Load, clock: Clock, told: Callable[[int, int], None]) -> None:
        assert 0 < load.messages <= MESSAGES_MAX
        assert 0 < load.connections <= CONNECTIONS_MAX
        self._receiver = receiver
        self._load = load
        self._clock = clock
        self._told = told
        self._context = receiver.tls_context() if receiver.transport is Transport.TLS else None
        self._next = 0
        self._replies: Counter[str] = Counter()
        self._elapsed_s: list[float] = []
        self._started_s = 0.0

    async def run(self) -> Outcome:
        """WireError when no connection can be opened. Ends with the last message, or when the time is up."""
        load = self._load
        gate = asyncio.Semaphore(OPENED_AT_ONCE_MAX)

        async def opened() -> Line:
            async with gate, asyncio.timeout(load.timeout_s):
                return await open_line(self._receiver, self._context)

        count = min(load.connections, load.messages)
        lines = await asyncio.gather(*(opened() for _ in range(count)), return_exceptions=True)
        usable = [line for line in lines if not isinstance(line, BaseException)]
        if not usable:
            await asyncio.sleep(CLOSING_S)  # what failed half-way is still being taken down
            raise _first_failure(lines, self._receiver)
        self._started_s = self._clock.monotonic_s()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(load.seconds_max), asyncio.TaskGroup() as panels:
                    for index, line in enumerate(usable):
                        panels.create_task(self._panel(line, load.accounts[index % len(load.accounts)]))
        finally:
            await asyncio.gather(*(line.close() for line in usable))
        return Outcome(
            sent=sum(self._replies.values()),
            replies=dict(self._replies),
            seconds=self._clock.monotonic_s() - self._started_s,
            elapsed_s=tuple(sorted(self._elapsed_s)),
        )

    async def _panel(self, line: Line, account: str) -> None:
        load, dialler = self._load, self._load.dialler(account)
        while self._next < load.messages:
            number, self._next = self._next, self._next + 1
            if load.rate_per_s is not None:
                await asyncio.sleep(self._started_s + number / load.rate_per_s - self._clock.monotonic_s())
            token, data = load.message(account, number)
            frame = dialler.message(
                token,
                data,
                sequence=number % SEQUENCES + 1,
                now=self._clock.now() if load.is_stamped or dialler.key is not None else None,
                pad=os.urandom,
            )
            sent_s = self._clock.monotonic_s()
            line.send(frame)
            reply = await self._reply(line, dialler)
            if reply is None:
                self._replies[UNANSWERED] += 1
            else:
                self._replies[reply.kind.value] += 1
                if reply.kind.value == "ack":
                    self._elapsed_s.append(self._clock.monotonic_s() - sent_s)
            self._told(sum(self._replies.values()), load.messages)

    async def _reply(self, line: Line, dialler: Dialler) -> ReplyReceived | None:
        buffer = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._load.timeout_s):
                while arrived := await line.receive():
                    buffer += arrived
                    reply = dialler.read_reply(buffer, self._clock.now())
                    if reply is not None:
                        return reply
                # Closed: as fast as an error can come, messages would be counted as sent; a panel would wait.
                await asyncio.sleep(self._load.timeout_s)
        return None


def _first_failure(lines: list[Line | BaseException], receiver: Receiver) -> BaseException:
    for failure in lines:
        if isinstance(failure, WireError):
            return failure
    return receiver.failure(TimeoutError())
