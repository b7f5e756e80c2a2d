"""The other formats taken apart: what is checked, and the fields that the codec read.

One rule: what carries no check value is shown by its fields only; nothing is called right that nobody can check.
"""

from __future__ import annotations

import re

from fastcrc.crc16 import arc as crc16

from protocols import contact_id
from protocols.codec import Received, WireItem
from protocols.dissection.parts import Cutting, Part, shown
from protocols.espa444.block import ETX, RS, STX, US, check_of
from protocols.receiver_lines import galaxy

_DC07 = re.compile(rb"\n([0-9A-Fa-f]{4})([0-9A-Fa-f]{2})")


def dissect_dc07(data: bytes) -> tuple[Part, ...]:
    """The compact form; the quoted one is DC-09's shape."""
    cutting = Cutting(data)
    cutting.take("lf", 1)
    end = data.find(b"\r")
    covered = data[7 : end if end >= 0 else len(data)]
    crc = cutting.take("crc", 4)
    if re.fullmatch(rb"[0-9A-Fa-f]{4}", crc) is None or not re.match(rb"[0-9A-Fa-f]{2}", data[5:]):
        cutting.broken("CRC (four hex digits) and length (two)")
        return tuple(cutting.parts)
    cutting.judge(is_right=int(crc, 16) == crc16(covered), would_be=f"{crc16(covered):04X}")
    length = cutting.take("length", 2)
    cutting.judge(is_right=int(length, 16) == len(covered), would_be=f"{len(covered):02X}")
    for name, width in (("form", 1), ("sequence", 4), ("receiver", 2), ("line", 2)):
        cutting.take(name, width)
    if cutting.data[cutting.at : cutting.at + 1] != b"[":
        cutting.broken("[ before the data, behind letter, sequence (4), receiver (2) and line (2)")
        return tuple(cutting.parts)
    cutting.take("open", 1)
    close = data.rfind(b"]")
    cutting.take("data", (close if close >= 0 else len(data)) - cutting.at, key=" ")
    cutting.take("close", 1)
    cutting.take("cr", 1)
    cutting.rest()
    return tuple(cutting.parts)


def dissect_galaxy(data: bytes) -> tuple[Part, ...]:
    cutting = Cutting(data)
    while cutting.at < len(data):
        start = cutting.at
        length = cutting.take("length", 1)[0] - 0x40
        if length < 0:
            cutting.broken("a length byte of 40h or more")
            break
        cutting.judge(
            is_right=start + length + 3 <= len(data), would_be=f"at most {max(len(data) - start - 3, 0):02X}h"
        )
        cutting.take("command", 1)
        cutting.take("payload", length)
        if check := cutting.take("check", 1):
            computed = galaxy.check_of(data[start : cutting.at - 1])
            cutting.judge(is_right=check[0] == computed, would_be=f"{computed:02X}h")
    return tuple(cutting.parts)


def dissect_espa(data: bytes) -> tuple[Part, ...]:
    cutting = Cutting(data)
    cutting.take("soh", 1)
    end = data.find(bytes((ETX,)), 1)
    stx = data.find(bytes((STX,)), 1)
    if end < 0 or not 0 < stx < end:
        cutting.broken("header, STX, records, ETX and BCC behind SOH")
        return tuple(cutting.parts)
    cutting.take("header", stx - 1)
    cutting.take("stx", 1)
    for record in data[stx + 1 : end].split(bytes((RS,))):
        kind = record.lstrip(b" ").partition(bytes((US,)))[0]
        cutting.take("record", len(record), key=shown(kind[:1]))
        if cutting.at < end:
            cutting.take("rs", 1)
    cutting.take("etx", 1)
    if check := cutting.take("bcc", 1):
        computed = check_of(data[1 : end + 1])
        cutting.judge(is_right=check[0] & 0x7F == computed, would_be=f"{computed:02X}h")
    else:
        cutting.broken(f"BCC {check_of(data[1 : end + 1]):02X}h")
    cutting.rest()
    return tuple(cutting.parts)


def dissect_digits(digits: str) -> tuple[Part, ...]:
    """Sixteen Contact ID digits of a telephone line."""
    cutting = Cutting(digits.encode("ascii"))
    for name, width in (("account", 4), ("mt", 2), ("q", 1), ("code", 3), ("area", 2), ("address", 3)):
        cutting.take(name, width)
    cutting.take("check", 1)
    right = contact_id.checksum(digits[:15].upper())
    cutting.judge(is_right=digits[15:16].upper() == right, would_be=right)
    return tuple(cutting.parts)


def dissect_line(data: bytes, items: tuple[WireItem, ...]) -> tuple[Part, ...]:
    """A receiver's line without check value: what the codec found in it."""
    parts: list[Part] = []
    for item in items:
        if not isinstance(item, Received):
            continue
        fields = (
            ("form", item.token),
            ("receiver", item.origin.receiver),
            ("line", item.origin.line),
            ("sequence", item.sequence),
            ("account", item.origin.account or None),
        )
        at = max(data.find(item.raw), 0)
        parts += [Part(name=name, at=at, shown=value) for name, value in fields if value is not None]
    return tuple(parts)
