"""What the codecs of all receiver lines share: cut, read, answer with one control character.

One rule: a line that was cut whole is never lost, and it gets one answer. A dialect that cannot read it hands it on as
OPAQUE, and the receiver is told ACK after the commit as for any other: a receiver repeats a refused message before
everything behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from msgspec import Struct

from protocols.codec import Kind, Malformed, Origin, Received, ReplyKind, Speaker, WireItem
from protocols.content import DecodedContent, opaque_signal
from protocols.dc09.text import decode_text
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.signals import Signal

FINGERPRINT_BYTES: Final = 16
TEXT_ENCODING: Final = "cp1252"  # receivers print ASCII; what is more is taken as the Windows code page of their makers

HEARTBEAT: Final = "heartbeat"  # `Received.token` of a receiver's proof of life
STATUS: Final = "status"  # `Received.token` of what a receiver says of itself
UNREAD: Final = "unread"  # `Received.token` of a line that fits no form of the dialect

# Remarks of this layer, beside those of protocols.content.
HEADER_DIGITS: Final = "header_digits"  # receiver and line have other widths than the dialect says
GLUED: Final = "glued"  # several messages with one end
NOT_READ: Final = "not_understood"

# `Received.reply_context` of all but the last message of one line: the last one's reply is the line's.
SILENT: Final = b"silent"

ReadLine = Callable[[Line], list[WireItem]]


class LineReplies(Struct, frozen=True, kw_only=True):
    """What our side answers. Sur-Gard, Ademco 685 and Radionics: ACK 06, NAK 15 (MX8000 8.x, MLR2-E)."""

    ack: bytes = b"\x06"
    nak: bytes = b"\x15"


class LineCodec:
    """One line's reader and writer. Silence and retransmission are the gateway's and the core's."""

    def __init__(self, cutter: LineCutter, read: ReadLine, replies: LineReplies) -> None:
        self._cutter = cutter
        self._read = read
        self._replies = replies

    def greeting(self) -> bytes:
        return b""

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        found: list[WireItem] = []
        for cut in self._cutter.receive(data):
            found += [cut] if isinstance(cut, Malformed) else self._read(cut)
        return found

    def receive_eof(self) -> list[WireItem]:
        return list(self._cutter.finish())

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        if reply is ReplyKind.NONE or received.reply_context == SILENT:
            return b""
        return self._replies.ack if reply is ReplyKind.ACK else self._replies.nak


def text_of(body: bytes) -> tuple[str, tuple[str, ...]]:
    """The characters of a line and the remarks on how they were read. Spaces at its end pad it and say nothing."""
    return decode_text(body.rstrip(b" "), TEXT_ENCODING)


def fingerprint(body: bytes) -> str:
    """The whole line: most of these formats have no sequence number, so a repeated line is the same line."""
    return blake2b(body, digest_size=FINGERPRINT_BYTES).hexdigest()


def relayed(
    protocol: str,
    token: str,
    line: Line,
    content: DecodedContent,
    *,
    receiver: str | None = None,
    number: str | None = None,
    sequence: str | None = None,
    remarks: tuple[str, ...] = (),
    speaker: Speaker = Speaker.RELAY,
    is_understood: bool | None = None,
) -> Received:
    """A message of an account that a receiver passes on. `number` is the line's, as printed."""
    understood = content.understood if is_understood is None else is_understood
    return Received(
        protocol=protocol,
        kind=Kind.SIGNALS if understood else Kind.OPAQUE,
        token=token,
        origin=Origin(account=content.account, receiver=receiver, line=number),
        session_account=content.account,
        speaker=speaker,
        sequence=sequence,
        signals=content.signals,
        remarks=tuple(dict.fromkeys((*remarks, *content.remarks))),
        raw=line.raw,
        fingerprint=fingerprint(line.body),
    )


def own_heartbeat(
    protocol: str, line: Line, *, receiver: str | None = None, number: str | None = None, remarks: tuple[str, ...] = ()
) -> Received:
    """A receiver's proof of life."""
    return Received(
        protocol=protocol,
        kind=Kind.LINK_TEST,
        token=HEARTBEAT,
        origin=Origin(account="", receiver=receiver, line=number),
        session_account="",
        speaker=Speaker.RECEIVER,
        remarks=remarks,
        raw=line.raw,
        fingerprint=fingerprint(line.body),
    )


def own_status(
    protocol: str,
    line: Line,
    signals: tuple[Signal, ...],
    *,
    receiver: str | None = None,
    number: str | None = None,
    remarks: tuple[str, ...] = (),
) -> Received:
    """What a receiver reports of itself: printer, telephone line, mains."""
    return Received(
        protocol=protocol,
        kind=Kind.SIGNALS,
        token=STATUS,
        origin=Origin(account="", receiver=receiver, line=number),
        session_account="",
        speaker=Speaker.RECEIVER,
        signals=signals,
        remarks=remarks,
        raw=line.raw,
        fingerprint=fingerprint(line.body),
    )


def unread(protocol: str, line: Line) -> WireItem:
    """A line that fits no form: kept whole and shown. Bytes that print nothing are noise, which is not answered."""
    text, remarks = text_of(line.body)
    if not text.isprintable() or not text.strip():
        return Malformed(protocol=protocol, reason="noise", detail="characters that no receiver prints", raw=line.raw)
    content = DecodedContent(
        account="", signals=(opaque_signal(UNREAD, text),), remarks=(*remarks, NOT_READ), understood=False
    )
    return relayed(protocol, UNREAD, line, content)
