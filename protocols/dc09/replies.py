"""Replies to a panel, exact to the byte (DC-09-2013 5.5.3; protocols.md 1.4).

RSP is the positive answer that carries something to the panel: data and extended data, as in a message. It is the only
way a command reaches one; what may be sent is a new key (K), because nothing else is defined (protocols.md 1.8).

One rule: it writes what it is told to write. Which reply a frame gets is `reply_policy`'s and the core's decision.

The echo is the frame's own text from the sequence number to the account: leading zeros, letter case and a missing
receiver number come back as they were sent (a reply with the text `None` in place of R made panels repeat for ever).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from msgspec import Struct

from protocols.codec import ReplyKind
from protocols.dc09.cipher import PadSource, encrypt_content
from protocols.dc09.frame import encode_frame
from protocols.dc09.timestamp import format_timestamp
from protocols.secrets import WireKey

# NAK names no account and no sequence: it answers what could not be trusted (DC-09-2013 5.5.3.2).
_NAK: Final = b'"NAK"0000R0L0A0[]_'


class KeySlot(Enum):
    """Which of the account's keys opened the frame; the reply is sealed with the same one."""

    NONE = b"-"
    CURRENT = b"c"
    PREVIOUS = b"p"
    OFFERED = b"o"


_SLOTS: Final = {slot.value: slot for slot in KeySlot}


class ReplyContext(Struct, frozen=True, gc=False, kw_only=True):
    """What a reply repeats, as the bytes a Received carries: CRC form, key slot, echo. No key material."""

    is_binary_crc: bool
    slot: KeySlot
    echo: bytes

    @classmethod
    def unpack(cls, packed: bytes) -> ReplyContext:
        assert packed[:1] in (b"A", b"B")
        return cls(is_binary_crc=packed[:1] == b"B", slot=_SLOTS[packed[1:2]], echo=packed[2:])

    def pack(self) -> bytes:
        return (b"B" if self.is_binary_crc else b"A") + self.slot.value + self.echo


def encode_reply(reply: ReplyKind, context: ReplyContext, key: WireKey | None, now: int, pad: PadSource) -> bytes:
    """The reply's bytes. An ACK of an encrypted frame needs its key; without it there is silence, never a plain ACK."""
    match reply:
        case ReplyKind.NONE:
            return b""
        case ReplyKind.NAK:
            body = _NAK + format_timestamp(now)
        case ReplyKind.DUH:
            body = b'"DUH"' + context.echo + b"[]"
        case ReplyKind.ACK if context.slot is KeySlot.NONE:
            body = b'"ACK"' + context.echo + b"[]"
        case ReplyKind.ACK:
            if key is None:
                return b""
            sealed = encrypt_content(key, b"]_" + format_timestamp(now), pad)
            body = b'"*ACK"' + context.echo + b"[" + sealed
        case ReplyKind.RSP:
            return encode_response(b"", (), context, key, now, pad)
    return encode_frame(body, is_binary_crc=context.is_binary_crc)


def encode_response(
    data: bytes,
    extended: Sequence[bytes],
    context: ReplyContext,
    key: WireKey | None,
    now: int,
    pad: PadSource,
) -> bytes:
    """RSP: `extended` without brackets, letter first. Encrypted where the frame was; without its key, silence."""
    content = b"[".join(field + b"]" for field in (data, *extended)) + b"_" + format_timestamp(now)
    if context.slot is KeySlot.NONE:
        body = b'"RSP"' + context.echo + b"[" + content
    elif key is None:
        return b""
    else:
        body = b'"*RSP"' + context.echo + b"[" + encrypt_content(key, content, pad)
    return encode_frame(body, is_binary_crc=context.is_binary_crc)
