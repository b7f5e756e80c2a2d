"""A receiver line, whatever carries it: one receiver (or paging system) at the far end, one message at a time.

One rule: an acknowledgement that names no message is for the newest one only, and is given once.
A receiver that has repeated itself while we were still committing would take a second ACK for one of its next message.
Losing and opening the transport is not done here: see `kept_open`, `serial` and `line_tcp`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

import structlog
from msgspec.structs import replace

from arcd.clock import Clock
from arcd.core.facts.receiver_lines import LineFault
from arcd.gateways import Intake
from arcd.gateways.reading import SWEEP_S, Reader
from arcd.metrics import Metrics
from protocols.codec import Codec, Kind, Received, ReplyKind, Speaker, WireItem

log = structlog.get_logger(__name__)

# Messages of one line that wait for their commit. A receiver sends one and waits; what sends more than this without
# waiting is not read on until some are through, and other lines do not feel it.
OWED_MAX = 64
REPLY_BYTES_MAX = 4_096  # not taken by the far end; beyond it the line is opened anew
TAPS_MAX = 4  # captures of one line at the same time

# "in" or "out", and the bytes; must neither wait nor raise.
Tap = Callable[[str, bytes], None]


class PortError(Exception):
    """A port cannot be opened."""

    def __init__(self, fault: LineFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class Port(Protocol):
    """How the transport of a line is opened. It is never open twice at once."""

    @property
    def where(self) -> str:
        """For people: "/dev/ttyS0 9600 8N1"."""
        ...

    async def open(self, protocol: asyncio.Protocol) -> None:
        """Return when `protocol` is connected. PortError."""
        ...

    def abandon(self) -> None:
        """The daemon stops: nothing that is still being opened is wanted any more."""
        ...


class Line:
    """What every connection of one line shares."""

    def __init__(
        self,
        *,
        name: str,
        protocol: str,
        new_codec: Callable[[], Codec],
        intake: Intake,
        clock: Clock,
        metrics: Metrics,
        receiver: str | None = None,
    ) -> None:
        """`receiver`: number under which the site base knows this receiver, in place of the one it sends."""
        self.name = name
        self.protocol = protocol
        self.new_codec = new_codec
        self.intake = intake
        self.clock = clock
        self.metrics = metrics
        self.reader = Reader(gateway=name, intake=intake, clock=clock)
        self.held = asyncio.Event()  # a connection is not read from
        self._receiver = receiver
        self._taps: list[Tap] = []

    def named(self, received: Received) -> Received:
        if self._receiver is None:
            return received
        return replace(received, origin=replace(received.origin, receiver=self._receiver))

    async def room(self) -> None:
        """Return when somebody who is held may be read from again, or after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SWEEP_S):
                await self.held.wait()
                await self.intake.room()
                self.held.clear()

    def tap(self, tap: Tap) -> Callable[[], None] | None:
        """Let somebody see the bytes as they pass; call what is returned to end it. None: too many look on already."""
        if len(self._taps) >= TAPS_MAX:
            return None
        self._taps.append(tap)
        return partial(self._taps.remove, tap)

    @property
    def may_be_tapped(self) -> bool:
        return len(self._taps) < TAPS_MAX

    def passed(self, way: str, data: bytes) -> None:
        for tap in self._taps:
            tap(way, data)


class LineConnection(asyncio.Protocol):
    """From `connection_made` to `connection_lost`: feed the codec, hand over what it found, write what is answered."""

    def __init__(self, line: Line, peer: str = "", ended: Callable[[LineConnection], None] | None = None) -> None:
        self.peer = peer
        self.heard_s = line.clock.monotonic_s()
        self.over = asyncio.Event()
        self.proved = asyncio.Event()  # something valid was heard, or it is over
        self.fault = LineFault.CLOSED
        self.detail = ""
        self._line = line
        self._ended = ended
        self._codec = line.new_codec()
        self._transport: asyncio.Transport | None = None
        self._newest = 0  # number of the newest message; the only one that may still be answered
        self._owed = 0
        self._is_held = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    # ------------------------------------------------------------------------------------------- asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Transports of serial ports and of uvloop have the methods and not always the base class.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=REPLY_BYTES_MAX)
        self._write(self._codec.greeting())

    def data_received(self, data: bytes) -> None:
        line = self._line
        line.passed("in", data)
        self._take(self._codec.receive_data(data, line.clock.now()))
        if not line.intake.has_room or self._owed >= OWED_MAX:
            self.hold()

    def pause_writing(self) -> None:
        log.warning("line.not_reading", line=self._line.name)
        self.fault, self.detail = LineFault.FAILED, "the far end does not take what it is answered"
        if self._transport is not None:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self.fault, self.detail = LineFault.CLOSED, str(exc)
        self._take(self._codec.receive_eof())
        self._transport = None
        self.over.set()
        self.proved.set()
        if self._ended is not None:
            self._ended(self)

    # --------------------------------------------------------------------------------------------------- the gateway's

    def heard(self) -> None:
        """Something valid has come."""
        self.heard_s = self._line.clock.monotonic_s()
        self.proved.set()
        self._line.intake.hear_line(self._line.name)

    def hold(self) -> None:
        """Read nothing until `read_on`."""
        self._is_held = True
        self._line.held.set()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        if self._is_held and self._owed < OWED_MAX and self._line.intake.has_room:
            self._is_held = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # ------------------------------------------------------------------------------------------------------- inside

    def _take(self, items: list[WireItem]) -> None:
        line = self._line
        for item in items:
            if not isinstance(item, Received):
                line.reader.take(self._codec, item, self.peer, self._write)
                continue
            self._newest += 1
            self.heard()
            received = line.named(item)
            if received.kind is Kind.LINK_TEST and received.speaker is Speaker.RECEIVER:
                # The receiver's own heartbeat: nothing to keep. The core counts it as a sign of life.
                line.metrics.heartbeat(line.protocol)
                self._write(self._codec.encode_reply(received, ReplyKind.ACK, line.clock.now()))
                continue
            self._owed += 1
            line.reader.take(self._codec, received, self.peer, partial(self._reply, self._newest, received.sequence))

    def _reply(self, number: int, sequence: str | None, data: bytes) -> None:
        self._owed -= 1
        if number == self._newest or (sequence is not None and sequence.encode() in data):
            self._write(data)
        if self._is_held:
            self.read_on()

    def _write(self, data: bytes) -> None:
        if data and self.is_open:
            assert self._transport is not None
            self._line.passed("out", data)
            self._transport.write(data)
