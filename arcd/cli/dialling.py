"""A panel at the other end of the wire: sends DC-09 messages over TCP or UDP and waits for their replies.

One rule: it behaves as a panel does. The same bytes are sent again until a reply comes, a NAK's time is taken over and
the message sent once more, and only an ACK of this very message counts. What is sent is `protocols.dc09.dialler`'s.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from arcd.cli.failures import CliError
from arcd.clock import NS_PER_S, Clock
from protocols.codec import ReplyKind
from protocols.dc09 import FRAME_BYTES_MAX, Dialler, ReplyReceived

READ_BYTES_MAX = 65_536
# More unread answer than this comes from no receiver: the buffer is dropped and the wait goes on.
ANSWER_BYTES_MAX = 4 * FRAME_BYTES_MAX

_REPLY_HEAD_BYTES = 7  # LF, two bytes of a binary CRC, 0LLL: no CR before this is the end of a reply (protocols.md 1.1)


class Wire(Protocol):
    """The way to a receiver, opened by the first `send`."""

    def send(self, frame: bytes) -> None: ...

    def receive(self, timeout_s: float) -> bytes | None:
        """What arrived; b"" when the other side has closed; None when nothing came in time."""
        ...

    def close(self) -> None: ...


class WireError(CliError):
    """The receiver cannot be reached at all."""

    kind = "no_receiver"


class SocketWire:
    """TCP stays open between messages, as panels keep it; a UDP socket is connected so that a refusal is noticed."""

    def __init__(self, host: str, port: int, *, is_udp: bool, connect_timeout_s: float) -> None:
        self.address = f"{host} port {port}/{'udp' if is_udp else 'tcp'}"
        self._target = (host, port)
        self._kind = socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM
        self._connect_timeout_s = connect_timeout_s
        self._socket: socket.socket | None = None

    def send(self, frame: bytes) -> None:
        try:
            if self._socket is None:
                self._socket = self._connected()
            self._socket.sendall(frame)
        except (OSError, UnicodeError) as error:  # a name that no resolver could even be asked for is a UnicodeError
            self.close()
            raise self._failure(error) from error

    def receive(self, timeout_s: float) -> bytes | None:
        assert self._socket is not None, "a reply is waited for after something was sent"
        self._socket.settimeout(max(timeout_s, 0.001))  # 0 would mean "do not wait", which raises another error
        try:
            return self._socket.recv(READ_BYTES_MAX)
        except TimeoutError:
            return None
        except ConnectionResetError:
            return b""
        except OSError as error:
            self.close()
            raise self._failure(error) from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        found = socket.getaddrinfo(*self._target, type=self._kind)
        family, kind, protocol, _, address = found[0]
        made = socket.socket(family, kind, protocol)
        made.settimeout(self._connect_timeout_s)
        try:
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made

    def _failure(self, error: OSError | UnicodeError) -> WireError:
        if isinstance(error, socket.gaierror | UnicodeError):
            return WireError(f"the name {self._target[0]} is not known; check --host")
        if isinstance(error, ConnectionRefusedError):
            return WireError(f"nobody listens on {self.address}; start the receiver, or check --host, --port and --udp")
        if isinstance(error, TimeoutError):
            return WireError(f"no connection to {self.address} in time; check the address and what filters the way")
        return WireError(f"no connection to {self.address}: {error.strerror or error}")


class Sent(Struct, frozen=True, kw_only=True):
    """One message and what became of it. `frame` is the last one sent: a corrected clock makes a new one."""

    sequence: int
    frame: bytes
    transmissions: int
    reply: ReplyReceived | None
    elapsed_s: float  # from the first byte sent to the reply, or to giving up
    clock_corrected_s: float | None = None  # the correction a NAK asked for and the repeat used
    unread: bytes = b""  # an answer that was no reply we can read

    @property
    def is_acknowledged(self) -> bool:
        return self.reply is not None and self.reply.kind is ReplyKind.ACK


class Panel:
    """`transmissions_max` copies of the same bytes, `timeout_s` apart; the clock may be wrong on purpose."""

    def __init__(
        self,
        dialler: Dialler,
        wire: Wire,
        clock: Clock,
        *,
        timeout_s: float,
        transmissions_max: int,
        clock_offset_s: float = 0.0,
        pad: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.clock_offset_s = clock_offset_s
        self._dialler = dialler
        self._wire = wire
        self._clock = clock
        self._timeout_s = timeout_s
        self._transmissions_max = transmissions_max
        self._pad = pad

    @property
    def is_keyed(self) -> bool:
        return self._dialler.key is not None

    def send(
        self, token: str, data: str, sequence: int, *, extended: tuple[str, ...] = (), is_stamped: bool = True
    ) -> Sent:
        """One message; after a NAK with a time once more, with our clock corrected by it."""
        start_s = self._clock.monotonic_s()

        def build() -> bytes:
            return self._dialler.message(
                token,
                data,
                sequence=sequence,
                now=self._now() if is_stamped else None,
                pad=self._pad,
                extended=extended,
            )

        sent = self._transmit(build(), sequence, start_s)
        correction_s = sent.reply.clock_offset_s if sent.reply is not None else None
        if sent.reply is None or sent.reply.kind is not ReplyKind.NAK or correction_s is None or not is_stamped:
            return sent
        self.clock_offset_s += correction_s
        again = self._transmit(build(), sequence, start_s)
        return Sent(
            sequence=sequence,
            frame=again.frame,
            transmissions=sent.transmissions + again.transmissions,
            reply=again.reply,
            elapsed_s=again.elapsed_s,
            clock_corrected_s=correction_s,
            unread=again.unread,
        )

    def _now(self) -> int:
        return self._clock.now() + round(self.clock_offset_s * NS_PER_S)

    def _transmit(self, frame: bytes, sequence: int, start_s: float) -> Sent:
        reply, transmissions, unread = None, 0, b""
        while reply is None and transmissions < self._transmissions_max:
            self._wire.send(frame)
            transmissions += 1
            reply, unread = self._await_reply(sequence)
        elapsed_s = self._clock.monotonic_s() - start_s
        return Sent(
            sequence=sequence,
            frame=frame,
            transmissions=transmissions,
            reply=reply,
            elapsed_s=elapsed_s,
            unread=b"" if reply is not None else unread,
        )

    def _await_reply(self, sequence: int) -> tuple[ReplyReceived | None, bytes]:
        """The reply to this message, and what came that was none."""
        buffer = b""
        due_s = self._clock.monotonic_s() + self._timeout_s
        while (left_s := due_s - self._clock.monotonic_s()) > 0:
            arrived = self._wire.receive(left_s)
            if not arrived:
                if arrived is not None:  # closed: the next transmission connects anew
                    self._wire.close()
                break
            buffer = (buffer + arrived)[-ANSWER_BYTES_MAX:]
            while (reply := self._dialler.read_reply(buffer, self._now())) is not None:
                if reply.kind is ReplyKind.NAK or int(reply.sequence) == sequence:
                    return reply, b""
                buffer = _behind_first_reply(buffer)  # a late answer to an earlier transmission
        return None, buffer


def _behind_first_reply(buffer: bytes) -> bytes:
    start = buffer.find(b"\n")
    end = buffer.find(b"\r", start + _REPLY_HEAD_BYTES)
    return buffer[end + 1 :] if start >= 0 and end >= 0 else b""
