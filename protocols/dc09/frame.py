"""Framing: LF crc 0LLL body CR (DC-09-2013 5.5.1; DC-07 App. B for the CRC).

One rule: a frame ends where its length says, and the outcome depends on the bytes alone, never on how the network cut
them into reads. No account, key or clock is known here; the only question asked outside is whether an account's CRC
is to be ignored.

How a broken frame is left behind, earliest evidence first:
  1. CR where the body is grammatically whole, before the stated end: the length field is wrong.
  2. The start of another frame (LF, CRC, 0LLL, quote) inside the body: this one was cut short.
  3. The stated end is no CR, or the CRC differs.
The next search begins after that CR or at that start, so a good frame behind a bad one is never swallowed.
2 holds even where the outer length and CRC fit. No text of the standard holds an LF, let alone a whole frame start;
whoever gets one into a zone name makes the outer frame Malformed, which people see, whatever the reads were.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from fastcrc.crc16 import arc as crc16  # poly 8005 reflected, init 0, no final xor: check value BB3Dh
from msgspec import Struct

from protocols.codec import Malformed
from protocols.dc09.body import HEADER, blank_keys, is_whole

PROTOCOL: Final = "dc09"

BODY_BYTES_MAX: Final = 0xFFF  # '0' and three hex digits (DC-09-2013 5.5.1)
FRAME_BYTES_MAX: Final = BODY_BYTES_MAX + 10  # LF, 4 CRC digits, 4 length digits, CR
BUFFER_BYTES_MAX: Final = FRAME_BYTES_MAX  # what may stay unread between two calls
NOISE_KEPT_BYTES_MAX: Final = 256  # of a run of noise, for people to look at
NOISE_RUN_BYTES_MAX: Final = 65_536  # a longer run is reported in several items, so that it shows while it lasts

_CR: Final = 0x0D
_IDLE: Final = b"\x00\r\n"  # seen between good frames (vectors BB86, 78FC) and never worth a report
# Panels of 2007-2012 send the CRC as two raw bytes, big endian, so those two may be any value, LF and quote included.
_START: Final = re.compile(rb'\n(?:([0-9A-Fa-f]{4})|([\x00-\xff]{2}))(0[0-9A-Fa-f]{3})"')
_START_BYTES_MAX: Final = 10
_BINARY_START_BYTES: Final = 8

DECIMAL_LENGTH: Final = "decimal_length"
CRC_IGNORED: Final = "crc_ignored"
LENGTH_IGNORED: Final = "length_ignored"
BINARY_CRC: Final = "binary_crc"


class Frame(Struct, frozen=True, gc=False):
    """One frame that arrived whole. `raw` is everything from LF to CR."""

    body: bytes
    raw: bytes
    is_binary_crc: bool
    remarks: tuple[str, ...]


# What a frame start says: where the frame and its body begin, where it says it ends, its length digits and its CRC.
_Start = tuple[int, int, int, bytes, int, bool]


def encode_frame(body: bytes, *, is_binary_crc: bool = False) -> bytes:
    if len(body) > BODY_BYTES_MAX:
        raise ValueError(f"a DC-09 body has at most {BODY_BYTES_MAX} bytes, this one has {len(body)}: send less text")
    crc = crc16(body)
    check = crc.to_bytes(2, "big") if is_binary_crc else b"%04X" % crc
    return b"\n%b0%03X%b\r" % (check, len(body), body)


class FrameReader:
    """Cuts a byte stream into frames. `receive` any number of bytes, then `finish` when the stream has ended."""

    __slots__ = ("_buffer", "_ignores_crc", "_noise", "_noise_bytes")

    def __init__(self, ignores_crc: Callable[[str], bool] = lambda account: False) -> None:
        self._ignores_crc = ignores_crc
        self._buffer = b""
        self._noise = b""  # the first bytes of the current run
        self._noise_bytes = 0

    def receive(self, data: bytes) -> list[Frame | Malformed]:
        buffer = self._buffer + data if self._buffer else data
        items: list[Frame | Malformed] = []
        at = 0
        while at < len(buffer):
            found = _START.match(buffer, at) or _START.search(buffer, at)
            start = found.start() if found is not None else _unfinished_start(buffer, at)
            if start > at:
                self._add_noise(buffer[at:start], items)
                at = start
            if found is None:
                break
            if self._noise_bytes:
                self._end_noise(items)
            judged = self._judge(buffer, found)
            if judged is None:
                break
            item, at = judged
            items.append(item)
        self._buffer = buffer[at:]
        assert len(self._buffer) <= BUFFER_BYTES_MAX
        return items

    def finish(self) -> list[Frame | Malformed]:
        """The stream ended: what is left over was no frame."""
        items: list[Frame | Malformed] = []
        left, self._buffer = self._buffer, b""
        if _START.match(left) is None:
            self._add_noise(left, items)
            if self._noise_bytes:
                self._end_noise(items)
        else:
            items.append(_malformed("length", "the stream ended inside a frame", left))
        return items

    def _judge(self, buffer: bytes, found: re.Match[bytes]) -> tuple[Frame | Malformed, int] | None:
        """The frame that starts here and where the next one may start; None while bytes are missing."""
        begin, body_begin = found.start(), found.end() - 1
        digits = found[3]
        end = body_begin + int(digits, 16)
        if found[1] is not None:
            crc, is_binary = int(found[1], 16), False
        else:
            crc, is_binary = int.from_bytes(found[2], "big"), True
        # The good path: all there, ended by CR, CRC right, and no control character that could make it doubtful.
        if end < len(buffer) and buffer[end] == _CR:
            body = buffer[body_begin:end]
            if crc16(body) == crc and b"\r" not in body and b"\n" not in body:
                remarks = (BINARY_CRC,) if is_binary else ()
                return Frame(body, buffer[begin : end + 1], is_binary, remarks), end + 1
        return self._judge_doubtful(buffer, (begin, body_begin, end, digits, crc, is_binary))

    def _judge_doubtful(self, buffer: bytes, stated: _Start) -> tuple[Frame | Malformed, int] | None:
        begin, body_begin, end, _, crc, is_binary = stated
        limit = begin + FRAME_BYTES_MAX
        first_cr = buffer.find(b"\r", body_begin, limit)
        other = _START.search(buffer, body_begin, limit)
        other_seen = other.end() - 1 if other is not None else limit
        is_ended = end < len(buffer)

        if 0 <= first_cr < (limit if other is None else other.start()):
            # A CR right behind an LF may be the first bytes of a binary CRC: see the whole start before judging by it.
            line = buffer.rfind(b"\n", max(body_begin, first_cr - 2), first_cr)
            if line >= 0 and len(buffer) < line + _BINARY_START_BYTES:
                return None
        if 0 <= first_cr < (end if other is None else min(end, other.start())) and is_whole(
            buffer[body_begin:first_cr]
        ):
            return self._close(buffer, stated, first_cr)
        if is_ended and end < other_seen and buffer[end] == _CR:
            body = buffer[body_begin:end]
            if crc16(body) == crc:
                remarks = (BINARY_CRC,) if is_binary else ()
                return Frame(body, buffer[begin : end + 1], is_binary, remarks), end + 1
        if other is not None and other_seen < end:
            return _malformed("length", "cut short by the start of another frame", buffer[begin : other.start()]), (
                other.start()
            )
        if not is_ended:
            return None
        if first_cr >= 0 and (other is None or first_cr < other.start()):
            return self._close(buffer, stated, first_cr)
        if other is not None:
            return _malformed("length", "no CR before the next frame", buffer[begin : other.start()]), other.start()
        if len(buffer) < limit:
            return None
        return _malformed("oversize", f"no CR within {FRAME_BYTES_MAX} bytes", buffer[begin:limit]), limit

    def _close(self, buffer: bytes, stated: _Start, at: int) -> tuple[Frame | Malformed, int]:
        """Judge a frame that ended at the CR at `at` although its length or its CRC says otherwise."""
        begin, body_begin, end, digits, crc, is_binary = stated
        body, raw = buffer[body_begin:at], buffer[begin : at + 1]
        computed = crc16(body)
        remarks: tuple[str, ...] = (BINARY_CRC,) if is_binary else ()
        # A 4F39 dialer prints the length in decimal (pysiaalarm fixture 57150047); the CRC proves that it is whole.
        if computed == crc and digits.isdigit() and int(digits) == len(body):
            return Frame(body, raw, is_binary, (*remarks, DECIMAL_LENGTH)), at + 1
        header = HEADER.match(body)
        if header is not None and is_whole(body) and self._ignores_crc(header[6].decode("ascii")):
            remarks += (CRC_IGNORED,) if computed != crc else ()
            remarks += (LENGTH_IGNORED,) if at != end else ()
            return Frame(body, raw, is_binary, remarks), at + 1
        if at == end:
            return _malformed("crc", f"the frame says CRC {crc:04X}, its bytes give {computed:04X}", raw), at + 1
        return _malformed("length", f"the frame says {end - body_begin} bytes, CR came after {len(body)}", raw), at + 1

    def _add_noise(self, data: bytes, items: list[Frame | Malformed]) -> None:
        while data:
            if not self._noise_bytes:
                data = data.lstrip(_IDLE)
            part, data = (
                data[: NOISE_RUN_BYTES_MAX - self._noise_bytes],
                data[NOISE_RUN_BYTES_MAX - self._noise_bytes :],
            )
            self._noise += part[: NOISE_KEPT_BYTES_MAX - len(self._noise)]
            self._noise_bytes += len(part)
            if self._noise_bytes == NOISE_RUN_BYTES_MAX:
                self._end_noise(items)

    def _end_noise(self, items: list[Frame | Malformed]) -> None:
        items.append(_malformed("noise", f"{self._noise_bytes} bytes that start no frame", self._noise))
        self._noise, self._noise_bytes = b"", 0


def _unfinished_start(buffer: bytes, at: int) -> int:
    """Where a frame start may be arriving at the end of the buffer; its end when there is none."""
    possible = buffer.find(b"\n", max(at, len(buffer) - _START_BYTES_MAX + 1))
    return possible if possible >= 0 else len(buffer)


def _malformed(reason: str, detail: str, raw: bytes) -> Malformed:
    return Malformed(protocol=PROTOCOL, reason=reason, detail=detail, raw=blank_keys(raw))
