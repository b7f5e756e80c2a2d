"""A recording of what passed over a line: bytes, which way, when.

    {"arcd_capture": 1, "of": "surgard-1", "dialect": "surgard", "at": 1796000000000000000}
    {"at": 1796000000123456789, "way": "in", "hex": "353031…"}

One rule: one read or write is one row, as it came, so that a replay splits the stream where the line did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct

VERSION = 1
ROWS_MAX = 10_000_000  # read back at most
ROW_BYTES_MAX = 1 << 20  # one line of the file


class Head(Struct, frozen=True, kw_only=True):
    arcd_capture: int = VERSION
    of: str  # name of the line, or the port
    dialect: str = ""  # "": not known
    at: int = 0  # ns since 1970 UTC


class Passed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`lost`: so many rows before this one were not taken down, because whoever reads them was too slow."""

    at: int
    way: Literal["in", "out"]  # as the daemon sees it: in came from the receiver
    hex: str
    lost: int = 0

    @property
    def data(self) -> bytes:
        return bytes.fromhex(self.hex)


class CaptureError(ValueError):
    """The file is no capture. The text names the line."""


def row(at: int, way: Literal["in", "out"], data: bytes, lost: int = 0) -> Passed:
    return Passed(at=at, way=way, hex=data.hex(), lost=lost)


def encoded(part: Head | Passed) -> bytes:
    return msgspec.json.encode(part) + b"\n"


def read(lines: Iterator[bytes]) -> tuple[Head, Iterator[Passed]]:
    """The head at once, the rows as they are asked for. CaptureError."""
    try:
        head = msgspec.json.decode(next(lines, b""), type=Head)
    except msgspec.DecodeError:
        raise CaptureError("line 1: this is no capture made by arcctl capture") from None
    if head.arcd_capture != VERSION:
        raise CaptureError(f"line 1: made by another release: version {head.arcd_capture}, we read {VERSION}")
    return head, _rows(lines)


def _rows(lines: Iterator[bytes]) -> Iterator[Passed]:
    decoder = msgspec.json.Decoder(Passed)
    for number, line in enumerate(lines, start=2):
        if number > ROWS_MAX or len(line) > ROW_BYTES_MAX:
            raise CaptureError(f"line {number}: longer than a capture may be")
        if not line.strip():
            continue
        try:
            passed = decoder.decode(line)
            bytes.fromhex(passed.hex)
        except (msgspec.DecodeError, ValueError) as error:
            raise CaptureError(f"line {number}: {error}") from None
        yield passed
