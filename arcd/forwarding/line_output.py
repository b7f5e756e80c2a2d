"""An automation line: a serial port or a TCP connection over which we talk as a receiver does.

One rule: `protocols.receiver_lines.talking` says what is written and when. A message that was under way when the
connection went is said again on the next one, before anything else; the formats have no mark for a repetition.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Protocol, cast

import structlog

from arcd.clock import Clock
from arcd.forwarding.feed import Outgoing
from arcd.gateways.kept_open import AGAIN_S_MAX, AGAIN_S_MIN
from arcd.gateways.line import Port, PortError
from protocols.receiver_lines.talking import NS, Manner, Talker, Told

log = structlog.get_logger(__name__)

WRITE_BYTES_MAX = 4_096  # one message and a heartbeat; what does not leave is opened anew
# Bytes that nobody acknowledges on the way end the connection, so that a dead one makes place for the next.
UNACKNOWLEDGED_MS_MAX = 30_000

Encode = Callable[[Outgoing], bytes]


class Transport(Protocol):
    """How connections come about: `PortTransport` opens one, `arcd.forwarding.door` waits for them."""

    @property
    def where(self) -> str: ...

    async def run(self, output: LineOutput) -> None: ...

    def close(self) -> None: ...


class LineOutput:
    """Implements `arcd.forwarding.courier.Sender`."""

    def __init__(
        self, *, form: str, transport: Transport, manner: Manner, heartbeat: bytes, encode: Encode, clock: Clock,
        shortened: Callable[[], int] = lambda: 0,
    ) -> None:  # fmt: skip
        self.form = form
        self.manner = manner
        self.heartbeat = heartbeat
        self.clock = clock
        self.detail = "not connected yet"
        self._transport = transport
        self._encode = encode
        self._connection: OutputConnection | None = None
        self._connected = asyncio.Event()
        self._attempts = 0
        self._shortened = shortened

    @property
    def where(self) -> str:
        return self._transport.where

    @property
    def is_up(self) -> bool:
        return self._connection is not None and not self._connection.is_failed

    @property
    def attempts(self) -> int:
        return self._attempts + (self._connection.attempts if self._connection is not None else 0)

    @property
    def shortened(self) -> int:
        return self._shortened()

    async def send(self, outgoing: Outgoing) -> str:
        try:
            message = self._encode(outgoing)
        except ValueError as error:
            return str(error)
        except Exception as error:
            # A defect of an encoder must not end the daemon: the journal would hand it the same signal at every start.
            log.exception("output.broke", form=self.form, entry=outgoing.seq)
            return f"it could not be written: {type(error).__name__}"
        while True:
            await self._connected.wait()
            connection = self._connection
            assert connection is not None
            match await connection.say(message):
                case Told.TAKEN:
                    return ""
                case Told.REFUSED:
                    return f"refused {self.manner.nak_attempts_max} times"
                case _:
                    pass  # the connection went: said again on the next one

    async def run(self) -> None:
        await self._transport.run(self)

    def close(self) -> None:
        self._transport.close()
        if self._connection is not None:
            self._connection.close()

    # -------------------------------------------------------------------------------------------- its connections call

    def begun(self, connection: OutputConnection) -> None:
        """The newest one counts: software that comes anew has left the one before it behind."""
        before, self._connection = self._connection, connection
        self.detail = f"connected: {connection.peer}"
        self._connected.set()
        if before is not None:
            self._attempts += before.attempts
            before.close()

    def ended(self, connection: OutputConnection, detail: str) -> None:
        if connection is self._connection:
            self._attempts += connection.attempts
            self._connection = None
            self._connected.clear()
            self.detail = detail or "the connection was closed"

    def failed(self) -> None:
        self.detail = "connected, and does not answer"

    def back(self, connection: OutputConnection) -> None:
        self.detail = f"connected: {connection.peer}"


class OutputConnection(asyncio.Protocol):
    def __init__(self, output: LineOutput, peer: str) -> None:
        self.peer = peer
        self.over = asyncio.Event()
        self.was_answered = False  # something was taken over it
        self._output = output
        self._talker = Talker(output.manner, output.heartbeat, self._now())
        self._transport: asyncio.Transport | None = None
        self._said: asyncio.Future[Told | None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_failed(self) -> bool:
        return self._talker.is_failed

    @property
    def attempts(self) -> int:
        return self._talker.attempts

    async def say(self, message: bytes) -> Told | None:
        """TAKEN, REFUSED, or None when the connection is gone before either."""
        if self.over.is_set():
            return None
        assert self._said is None, "one message at a time"
        said: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()
        self._said = said
        self._talker.say(message, self._now())
        self._act([])
        return await said

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()  # what was not written is said again elsewhere; flow control could hold it for ever

    # ------------------------------------------------------------------------------------------- asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Transports of serial ports and of uvloop have the methods and not always the base class.
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=WRITE_BYTES_MAX)
        connected = transport.get_extra_info("socket")
        if connected is not None:
            with contextlib.suppress(OSError):  # it has hung up already
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)
        self._output.begun(self)
        self._act([])

    def data_received(self, data: bytes) -> None:
        self._act(self._talker.receive_data(data, self._now()))

    def pause_writing(self) -> None:
        log.warning("output.not_reading", peer=self.peer)
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self.over.set()
        self._output.ended(self, str(exc) if exc is not None else "")
        self._settle(None)

    # ------------------------------------------------------------------------------------------------------- inside

    def _now(self) -> int:
        return round(self._output.clock.monotonic_s() * NS)

    def _on_time(self) -> None:
        self._act(self._talker.on_time(self._now()))

    def _act(self, told: list[Told]) -> None:
        for each in told:
            match each:
                case Told.TAKEN | Told.REFUSED:
                    self.was_answered = True
                    self._settle(each)
                case Told.FAILED:
                    self._output.failed()
                case Told.BACK:
                    self._output.back(self)
        output = self._talker.take_output()
        if output and self._transport is not None and not self._transport.is_closing():
            self._transport.write(output)
        self._wake()

    def _settle(self, told: Told | None) -> None:
        said, self._said = self._said, None
        if said is not None and not said.done():
            said.set_result(told)

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._talker.next_due()
        if due is not None and not self.over.is_set():
            # A little late rather than a little early, which would find nothing to do yet.
            delay_s = max(0.0, (due - self._now()) / NS) + 0.001
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._on_time)


class PortTransport:
    """A port that we open, again and again, ever more seldom up to a bound."""

    def __init__(self, port: Port, *, again_s: tuple[float, float] = (AGAIN_S_MIN, AGAIN_S_MAX)) -> None:
        self._port = port
        self._again_s = again_s

    @property
    def where(self) -> str:
        return self._port.where

    async def run(self, output: LineOutput) -> None:
        again_s = self._again_s[0]
        while True:
            connection = OutputConnection(output, self.where)
            try:
                await self._port.open(connection)
            except PortError as error:
                output.detail = f"{error.fault.value}: {error.detail}"
            else:
                await connection.over.wait()
                if connection.was_answered:
                    again_s = self._again_s[0]
            await asyncio.sleep(again_s)
            again_s = min(2 * again_s, self._again_s[1])

    def close(self) -> None:
        self._port.abandon()
