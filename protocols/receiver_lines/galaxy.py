"""Honeywell Galaxy over TCP: the blocks of the DC-03 link layer, each answered by itself.

    length + 40h, command, payload, check        check = FFh XOR all bytes before it
    # account     N event blocks     A text of the event before     0 end of data
    40 38 87 (8: acknowledged)       40 39 86 (9: rejected)

One rule: every block gets its answer after what it brought is on disk. The text of an event comes only after the event
has been acknowledged, so the event is handed on at once, and its text behind it as what continues it.

Sources: ZebMcKayhan/SIA-Server (its code; the formula in its README differs from it), pysiaalarm #41 and #75. DC-03
itself counts the length in six bits and uses the highest one for a reverse channel; Galaxy is seen to send longer
blocks, up to 191 bytes: `has_reverse_channel` chooses. The account is told again with every connection.
"""

from __future__ import annotations

from functools import reduce
from itertools import accumulate
from operator import xor
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from protocols import sia
from protocols.codec import Kind, Malformed, Origin, Received, ReplyKind, Speaker, WireItem
from protocols.content import ACCOUNT_CHARS_MAX, DecodedContent, opaque_signal
from protocols.receiver_lines.cutting import NOISE_KEPT_BYTES_MAX, NOISE_RUN_BYTES_MAX
from protocols.receiver_lines.line_codec import fingerprint
from protocols.signals import Signal

PROTOCOL: Final = "galaxy"
PAYLOAD_BYTES_MAX: Final = 0xFF - 0x40
BLOCK_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + 3
# The private 8-bit characters of the text blocks are those of code page 437 as far as seen: 8Fh Å, 99h Ö.
TEXT_ENCODING: Final = "cp437"
TEXT_OF_PREVIOUS: Final = "text_of_previous"
NO_ACCOUNT: Final = "no_account"

_OFFSET: Final = 0x40
_ACCOUNT, _EVENT, _OLD_EVENT, _TEXT, _END = b"#NOA0"
_KNOWN: Final = frozenset(b"#NOA0CEP@?&XLVvI123456789")  # DC-03 function letters; others open no block


class GalaxyDialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    has_reverse_channel: bool = False
    heartbeat_period_s: float = 0.0  # none: a panel connects when it has something to say


GALAXY: Final = GalaxyDialect()


class GalaxyCodec:
    """One connection of one panel."""

    def __init__(self, dialect: GalaxyDialect = GALAXY) -> None:
        self.dialect = dialect
        self._buffer = b""
        self._noise = b""
        self._noise_bytes = 0
        self._account = ""
        self._last: tuple[Signal, ...] = ()  # of the block before, waiting for their text
        self._last_fingerprint = ""

    def greeting(self) -> bytes:
        return b""

    def receive_data(self, data: bytes, now: int) -> list[WireItem]:
        buffer, items, at = self._buffer + data, list[WireItem](), 0
        sums = list(accumulate(buffer, xor, initial=0xFF))  # so that no run of noise costs more than its length
        while at < len(buffer):
            length = self._payload_length(buffer[at])
            if length is None or (at + 1 < len(buffer) and buffer[at + 1] not in _KNOWN):
                self._add_noise(buffer[at : at + 1], items)
                at += 1
                continue
            end = at + length + 3
            if end > len(buffer):
                break
            block = buffer[at:end]
            if 0xFF ^ sums[at] ^ sums[end - 1] != block[-1]:
                self._add_noise(buffer[at : at + 1], items)
                at += 1
                continue
            self._end_noise(items)
            items.append(self._read(block))
            at = end
        self._buffer = buffer[at:]
        assert len(self._buffer) < BLOCK_BYTES_MAX
        return items

    def receive_eof(self) -> list[WireItem]:
        """What waits for the rest of a block that never came may still hold whole blocks behind its first byte."""
        items: list[WireItem] = []
        while self._buffer:
            waiting, self._buffer = self._buffer, b""
            self._add_noise(waiting[:1], items)
            items += self.receive_data(waiting[1:], 0)
        self._end_noise(items)
        return items

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        if reply is ReplyKind.NONE:
            return b""
        return encode_block(b"8" if reply is ReplyKind.ACK else b"9")

    def _payload_length(self, first: int) -> int | None:
        if first < _OFFSET:
            return None
        return first & 0x3F if self.dialect.has_reverse_channel else first - _OFFSET

    def _read(self, block: bytes) -> Received:
        command, payload = block[1], block[2:-1]
        text = payload.decode(TEXT_ENCODING)
        if command == _ACCOUNT:
            self._account, self._last = text.strip()[:ACCOUNT_CHARS_MAX], ()
            return self._received(block, Kind.LINK_TEST, ())
        if command == _END:
            self._last = ()
            return self._received(block, Kind.LINK_TEST, ())
        if command == _TEXT:
            return self._read_text(block, text)
        content = sia.decode_blocks(f"{chr(command)}{text}", account=self._account)
        if "|" in text:
            # A bar has no meaning inside one block; read as several it could name another account.
            content = DecodedContent(
                account=self._account, signals=(opaque_signal(chr(command), text),), understood=False
            )
        self._last = content.signals if command in (_EVENT, _OLD_EVENT) and content.understood else ()
        kind = Kind.SIGNALS if content.understood else Kind.OPAQUE
        received = self._received(block, kind, content.signals, content.remarks)
        self._last_fingerprint = received.fingerprint
        return received

    def _read_text(self, block: bytes, text: str) -> Received:
        if not self._last:
            return self._received(block, Kind.OPAQUE, (opaque_signal("A", text),))
        signals = tuple(replace(signal, text=text.strip()) for signal in self._last)
        self._last = ()
        received = self._received(block, Kind.SIGNALS, signals, (TEXT_OF_PREVIOUS,))
        return replace(received, continues=self._last_fingerprint)

    def _received(
        self, block: bytes, kind: Kind, signals: tuple[Signal, ...], remarks: tuple[str, ...] = ()
    ) -> Received:
        if not self._account:
            remarks = (*remarks, NO_ACCOUNT)
        said = f"{self._account}|{''.join(signal.code for signal in signals)}|".encode() + block
        return Received(
            protocol=PROTOCOL,
            kind=kind,
            token=chr(block[1]),
            origin=Origin(account=self._account),
            session_account=self._account,
            speaker=Speaker.PANEL,
            signals=signals,
            remarks=remarks,
            raw=block,
            fingerprint=fingerprint(said),
        )

    def _add_noise(self, data: bytes, items: list[WireItem]) -> None:
        if not self._noise_bytes and data in (b"\x00", b"\r", b"\n"):
            return
        self._noise += data[: NOISE_KEPT_BYTES_MAX - len(self._noise)]
        self._noise_bytes += len(data)
        if self._noise_bytes == NOISE_RUN_BYTES_MAX:
            self._end_noise(items)

    def _end_noise(self, items: list[WireItem]) -> None:
        if self._noise_bytes:
            detail = f"{self._noise_bytes} bytes that make no block: length, command or check do not fit"
            items.append(_malformed("noise", detail, self._noise))
        self._noise, self._noise_bytes = b"", 0


def _malformed(reason: str, detail: str, raw: bytes) -> Malformed:
    return Malformed(protocol=PROTOCOL, reason=reason, detail=detail, raw=raw)


def check_of(block: bytes) -> int:
    return reduce(xor, block, 0xFF)


def encode_block(command: bytes, payload: bytes = b"") -> bytes:
    """One block of either side."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise ValueError(f"a block holds {PAYLOAD_BYTES_MAX} bytes, this one has {len(payload)}: shorten the text")
    block = bytes((len(payload) + _OFFSET,)) + command + payload
    return block + bytes((check_of(block),))


def encode_event(signal: Signal, *, account: str) -> list[bytes]:
    """The blocks of one event, each to be sent after the one before was acknowledged."""
    bare = replace(signal, text=None)
    event = sia.encode_blocks(DecodedContent(account=account, signals=(bare,))).partition("|")[2]
    blocks = [
        encode_block(b"#", account.encode("ascii")),
        encode_block(event[:1].encode("ascii"), event[1:].encode("ascii")),
    ]
    if signal.text:
        blocks.append(encode_block(b"A", signal.text.encode(TEXT_ENCODING)))
    return [*blocks, encode_block(b"0")]
