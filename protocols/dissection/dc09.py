"""DC-09 taken apart: LF, CRC, length, the header field by field, content, extended data, timestamp.

One rule: it goes on as far as it can be sure and then says what should have stood there.
"""

from __future__ import annotations

import re
from typing import Final

from fastcrc.crc16 import arc as crc16

from protocols.dc09.body import blank_keys, cut_content
from protocols.dc09.cipher import decrypt_content
from protocols.dissection.parts import Cutting, Part, shown
from protocols.secrets import WireKey

FRAME_START: Final = re.compile(rb'\n(?:[0-9A-Fa-f]{4}|[\x00-\xff]{2})0[0-9A-Fa-f]{3}"')
# Field, pattern, whether it must be there, and what it should look like (DC-09-2013 5.5.1).
_HEADER: Final = (
    ("id", re.compile(rb'"\*?[A-Za-z0-9][!#-~]{0,15}"'), True, 'an id in quotes: "SIA-DCS", "*ADM-CID", "NULL"'),
    ("sequence", re.compile(rb"[0-9]{4}"), True, "a sequence number of four digits"),
    ("receiver", re.compile(rb"R[0-9A-Fa-f]{0,6}"), False, ""),
    ("line", re.compile(rb"L[0-9A-Fa-f]{0,6}?(?=#|A0|\[)|L[0-9A-Fa-f]{0,6}"), False, ""),
    ("account", re.compile(rb"[#A][!$-Z\\^-{}~]{0,32}"), False, ""),
    ("open", re.compile(rb"\["), True, "[ before the data; L0 and #account stand in front of it"),
)
TIMESTAMP: Final = re.compile(rb"_[0-9]{2}:[0-9]{2}:[0-9]{2},[0-9]{2}-[0-9]{2}-[0-9]{4}")


def dissect_dc09(data: bytes, key: WireKey | None) -> tuple[Part, ...]:
    """`data` begins with LF; a frame that ends early is taken as far as it goes."""
    cutting = Cutting(blank_keys(data))
    if FRAME_START.match(data) is None:
        cutting.take("lf", 1)
        cutting.broken(
            'CRC (four hex digits), length (0 and three hex digits), then the id in quotes: 5FD50020"SIA-DCS"'
        )
        return tuple(cutting.parts)
    cutting.take("lf", 1)
    is_binary = re.match(rb'\n[0-9A-Fa-f]{4}0[0-9A-Fa-f]{3}"', data) is None
    end = data.rfind(b"\r")
    end = end if end >= 0 else len(data)
    body = data[1 + (2 if is_binary else 4) + 4 : end]
    _judge_crc(cutting, body, is_binary=is_binary)
    stated = cutting.take("length", 4)
    cutting.judge(is_right=int(stated, 16) == len(body), would_be=f"{len(body):04X}")
    _header(cutting, end, key)
    if cutting.at == end:
        cutting.take("cr", 1)
    cutting.rest()
    return tuple(cutting.parts)


def _judge_crc(cutting: Cutting, body: bytes, *, is_binary: bool) -> None:
    computed = crc16(body)
    stated = cutting.take("crc_binary" if is_binary else "crc", 2 if is_binary else 4)
    value = int.from_bytes(stated, "big") if is_binary else int(stated, 16)
    cutting.judge(is_right=value == computed, would_be=f"{computed:04X}")


def _header(cutting: Cutting, end: int, key: WireKey | None) -> None:
    is_encrypted = False
    for name, pattern, is_required, wanted in _HEADER:
        found = pattern.match(cutting.data, cutting.at, end)
        if found is None:
            if is_required:
                cutting.broken(wanted)
                return
            continue
        if name == "id":
            is_encrypted = found[0].startswith(b'"*')
        cutting.take(name, len(found[0]))
    if is_encrypted:
        _sealed(cutting, end, key)
    else:
        _content(cutting, end)


def _sealed(cutting: Cutting, end: int, key: WireKey | None) -> None:
    text = cutting.take("ciphertext", end - cutting.at)
    is_whole = re.fullmatch(rb"(?:[0-9A-Fa-f]{32})+", text) is not None
    cutting.judge(is_right=is_whole, would_be="hex digits, a multiple of 32")
    opened = decrypt_content(key, text) if key is not None and is_whole else None
    if opened is None:
        return
    content, clear = opened
    at = cutting.parts[-1].at
    cutting.parts += [
        Part(name="pad", at=at, shown=f"{content.start} bytes"),
        Part(name="data", at=at, shown=shown(clear[content.start : content.start + len(content.data)])),
        *(Part(name="extended", at=at, shown=shown(field), key=shown(field[:1])) for field in content.fields),
    ]
    if content.timestamp is not None:
        cutting.parts.append(Part(name="timestamp", at=at, shown=f"_{shown(content.timestamp)}"))


def _content(cutting: Cutting, end: int) -> None:
    content = cut_content(cutting.data[:end], cutting.at)
    if content is None:
        cutting.broken("data that ends with ]")
        return
    cutting.take("data", len(content.data), key=" ")
    cutting.take("close", 1)
    for field in content.fields:
        cutting.take("extended", len(field) + 2, key=shown(field[:1]))
    stamp = TIMESTAMP.match(cutting.data, cutting.at, end)
    if stamp is not None:
        cutting.take("timestamp", len(stamp[0]))
    elif cutting.at < end:
        cutting.take("unexpected", end - cutting.at)
        cutting.judge(is_right=False, would_be="_HH:MM:SS,MM-DD-YYYY or nothing")
