"""A panel at the other end of the wire: sends DC-09 messages over TCP or UDP and waits for their replies.

One rule: it behaves as a panel does. The same bytes are sent again until a reply comes, a NAK's time is taken over and
the message sent once more, and only an ACK of this very message counts. What is sent is `protocols.dc09.dialler`'s.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from arcd.cli.wires import Wire
from arcd.clock import NS_PER_S, Clock
from protocols.codec import ReplyKind
from protocols.dc09 import FRAME_BYTES_MAX, Dialler, ReplyReceived

# More unread answer than this comes from no receiver: the buffer is dropped and the wait goes on.
ANSWER_BYTES_MAX = 4 * FRAME_BYTES_MAX

_REPLY_HEAD_BYTES = 7  # LF, two bytes of a binary CRC, 0LLL: no CR before this is the end of a reply (protocols.md 1.1)


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
    def has_new_key(self) -> bool:
        """The receiver has changed the key; later messages are sealed with the new one."""
        return self.reply is not None and self.reply.new_key is not None

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
        self.timeout_s = timeout_s
        self._transmissions_max = transmissions_max
        self._pad = pad
        self._last: tuple[bytes, int] | None = None  # frame and sequence number

    @property
    def is_keyed(self) -> bool:
        return self._dialler.key is not None

    def send(
        self,
        token: str,
        data: str,
        sequence: int,
        *,
        extended: tuple[str, ...] = (),
        is_stamped: bool = True,
        corrects_clock: bool = True,
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
        if (
            sent.reply is None
            or sent.reply.kind is not ReplyKind.NAK
            or correction_s is None
            or not (is_stamped and corrects_clock)
        ):
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

    def again(self) -> Sent:
        """The same bytes once more: a repetition, or a recording. ValueError before the first message."""
        if self._last is None:
            raise ValueError("nothing has been sent that could be sent again")
        return self._transmit(*self._last, self._clock.monotonic_s())

    def _now(self) -> int:
        return self._clock.now() + round(self.clock_offset_s * NS_PER_S)

    def _transmit(self, frame: bytes, sequence: int, start_s: float) -> Sent:
        reply, transmissions, unread = None, 0, b""
        self._last = (frame, sequence)
        while reply is None and transmissions < self._transmissions_max:
            self._wire.send(frame)
            transmissions += 1
            reply, unread = self._await_reply(sequence)
        elapsed_s = self._clock.monotonic_s() - start_s
        if reply is not None and reply.new_key is not None:
            self._dialler = replace(self._dialler, key=reply.new_key)
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
        due_s = self._clock.monotonic_s() + self.timeout_s
        while (left_s := due_s - self._clock.monotonic_s()) > 0:
            arrived = self._wire.receive(left_s)
            if not arrived:
                if arrived is not None:  # closed: the next transmission connects anew
                    self._wire.close()
                break
            buffer = (buffer + arrived)[-ANSWER_BYTES_MAX:]
            while (reply := self._dialler.read_reply(buffer, self._now())) is not None:
                # Several accounts may share a wire, and each counts its own messages.
                is_ours = reply.account.upper() == self._dialler.account.upper() and int(reply.sequence) == sequence
                if is_ours or reply.kind is ReplyKind.NAK:
                    return reply, b""
                buffer = _behind_first_reply(buffer)  # a late answer to an earlier transmission
        return None, buffer


def _behind_first_reply(buffer: bytes) -> bytes:
    start = buffer.find(b"\n")
    end = buffer.find(b"\r", start + _REPLY_HEAD_BYTES)
    return buffer[end + 1 :] if start >= 0 and end >= 0 else b""
