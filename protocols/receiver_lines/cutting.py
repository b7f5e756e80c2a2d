"""Cutting a receiver's byte stream into lines: an opening byte (or none), a closing byte, a limit.

One rule: the outcome depends on the bytes alone, never on how they were read, and every byte that belongs to no line is
reported. What a line says is its dialect's business.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from protocols.codec import Malformed

# The longest line any dialect prints is a SIA message with texts; a Sur-Gard buffer holds 256 bytes a message (MLR2-E).
LINE_BYTES_MAX: Final = 1024
NOISE_KEPT_BYTES_MAX: Final = 256  # of a run of noise, for people to look at
NOISE_RUN_BYTES_MAX: Final = 65_536  # a longer run is reported in several items, so that it shows while it lasts
IDLE: Final = b"\x00\r\n"  # seen between good lines and never worth a report


class Line(Struct, frozen=True):
    """Everything between the opening and the closing byte. `raw` has those too."""

    body: bytes
    raw: bytes


class LineCutter:
    """One connection's buffer. Without `opening` any byte but an idle one opens a line.

    An opening byte inside a line means that the line before it was cut short. Lines longer than the limit are
    Malformed, and what follows up to the next boundary is noise.
    """

    __slots__ = (
        "_boundary",
        "_buffer",
        "_closing",
        "_idle",
        "_is_skipping",
        "_noise",
        "_noise_bytes",
        "_opening",
        "_opens",
        "_protocol",
    )

    def __init__(self, protocol: str, *, opening: bytes = b"", closing: bytes, idle: bytes = IDLE) -> None:
        assert closing, "a line has to end somewhere"
        self._protocol = protocol
        self._opening = opening
        self._closing = closing
        self._idle = idle
        self._opens = re.compile(b"[" + re.escape(opening or closing) + b"]")
        self._boundary = re.compile(b"[" + re.escape(opening + closing) + b"]")
        self._buffer = b""
        self._noise = b""
        self._noise_bytes = 0
        self._is_skipping = False  # past the limit of a line that has no opening byte to wait for

    def receive(self, data: bytes) -> list[Line | Malformed]:
        buffer, items, at = self._buffer + data, list[Line | Malformed](), 0
        while at < len(buffer):
            start = self._find_start(buffer, at)
            if start > at:
                self._add_noise(buffer[at:start], items)
                at = start
                continue
            self._end_noise(items)
            found = self._boundary.search(buffer, at + len(self._opening[:1]), at + LINE_BYTES_MAX)
            if found is None:
                if len(buffer) - at < LINE_BYTES_MAX:
                    break
                end = at + LINE_BYTES_MAX
                items.append(self._malformed("oversize", f"no end within {LINE_BYTES_MAX} bytes", buffer[at:end]))
                self._is_skipping = not self._opening
                at = end
            elif found[0] in self._closing:
                raw = buffer[at : found.end()]
                if self._says_something(raw[:-1]):
                    items.append(Line(raw[len(self._opening[:1]) : -1], raw))
                at = found.end()
            else:
                raw = buffer[at : found.start()]
                if self._says_something(raw):
                    items.append(self._malformed("length", "cut short by the start of another", raw))
                at = found.start()
        self._buffer = buffer[at:]
        assert len(self._buffer) < LINE_BYTES_MAX
        return items

    def finish(self) -> list[Malformed]:
        """The stream ended: what is left was no whole line."""
        items: list[Line | Malformed] = []
        left, self._buffer = self._buffer, b""
        self._end_noise(items)
        if self._says_something(left):
            items.append(self._malformed("length", "the stream ended inside a line", left))
        return [item for item in items if isinstance(item, Malformed)]

    def _says_something(self, raw: bytes) -> bool:
        """Boundaries with nothing between them are idle characters too."""
        return bool(raw[len(self._opening[:1]) :].strip(self._idle))

    def _find_start(self, buffer: bytes, at: int) -> int:
        """Where the next line opens; the buffer's end when that is not in it."""
        if self._opening:
            found = self._opens.search(buffer, at)
            return found.start() if found is not None else len(buffer)
        if self._is_skipping:
            found = self._boundary.search(buffer, at)
            if found is None:
                return len(buffer)
            self._is_skipping = False
            return found.end()
        return at + len(buffer[at:]) - len(buffer[at:].lstrip(self._idle))

    def _add_noise(self, data: bytes, items: list[Line | Malformed]) -> None:
        while data:
            if not self._noise_bytes:
                data = data.lstrip(self._idle)
            room = NOISE_RUN_BYTES_MAX - self._noise_bytes
            part, data = data[:room], data[room:]
            self._noise += part[: NOISE_KEPT_BYTES_MAX - len(self._noise)]
            self._noise_bytes += len(part)
            if self._noise_bytes == NOISE_RUN_BYTES_MAX:
                self._end_noise(items)

    def _end_noise(self, items: list[Line | Malformed]) -> None:
        if self._noise_bytes:
            items.append(self._malformed("noise", f"{self._noise_bytes} bytes that open no line", self._noise))
        self._noise, self._noise_bytes = b"", 0

    def _malformed(self, reason: str, detail: str, raw: bytes) -> Malformed:
        return Malformed(protocol=self._protocol, reason=reason, detail=detail, raw=raw)
