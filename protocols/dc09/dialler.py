"""The panel's side of DC-09: messages out, replies in. For test signals, benchmarks and tests of the receiver.

One rule: no socket, no clock, no random numbers and no sequence of its own; the caller has those. Retrying is the
caller's too (DC-09-2013: the same bytes again, until a reply comes).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from protocols.codec import ReplyKind
from protocols.dc09.body import HEADER, REPLY, Content, cut_blanked, cut_content
from protocols.dc09.cipher import PadSource, content_start, decrypt_content, decrypt_text, encrypt_content
from protocols.dc09.extended import KEY_LETTER
from protocols.dc09.frame import Frame, FrameReader, encode_frame
from protocols.dc09.text import decode_text
from protocols.dc09.timestamp import NANOSECONDS, format_timestamp, parse_timestamp
from protocols.secrets import WireKey

SEQUENCE_MAX: Final = 9999  # 0001 follows; 0000 is seen on link tests

_KINDS: Final = {
    b"ACK": ReplyKind.ACK,
    b"NAK": ReplyKind.NAK,
    b"DUH": ReplyKind.DUH,
    b"RSP": ReplyKind.ACK,  # a positive answer that carries data to the panel (protocols.md 1.4)
}


class ReplyReceived(Struct, frozen=True, kw_only=True):
    kind: ReplyKind
    token: str  # as sent: RSP counts as ACK and can be told from it here
    sequence: str  # NAK says 0000, some receivers echo it there too
    account: str
    is_encrypted: bool
    # The receiver's clock minus ours; after a NAK add it to our own time and send again. None without a timestamp.
    clock_offset_s: float | None
    data: str = ""
    extended: tuple[str, ...] = ()  # of an RSP, letter first, key material blanked
    new_key: WireKey | None = None  # of an encrypted RSP that changes the key: use it from the next message on


class Dialler(Struct, frozen=True):
    """One panel: what it writes into the header of every message. A key makes every message encrypted."""

    account: str
    receiver: str | None = None
    line: str | None = "0"  # None leaves the whole field out, as some dialers do
    key: WireKey | None = None
    is_binary_crc: bool = False

    def null(self, *, sequence: int, now: int | None = None, pad: PadSource | None = None) -> bytes:
        return self.message("NULL", "", sequence=sequence, now=now, pad=pad)

    def sia_dcs(
        self,
        blocks: str,
        *,
        sequence: int,
        now: int | None = None,
        pad: PadSource | None = None,
        extended: Sequence[str] = (),
    ) -> bytes:
        """`blocks` without the account: `Nri1/BA001`."""
        data = f"#{self.account}|{blocks}"
        return self.message("SIA-DCS", data, sequence=sequence, now=now, pad=pad, extended=extended)

    def adm_cid(
        self,
        event: str,
        *,
        sequence: int,
        now: int | None = None,
        pad: PadSource | None = None,
        extended: Sequence[str] = (),
    ) -> bytes:
        """`event` without the account: `1130 01 015`."""
        data = f"#{self.account}|{event}"
        return self.message("ADM-CID", data, sequence=sequence, now=now, pad=pad, extended=extended)

    def message(
        self,
        token: str,
        data: str | bytes,
        *,
        sequence: int,
        now: int | None = None,
        pad: PadSource | None = None,
        extended: Sequence[str | bytes] = (),
    ) -> bytes:
        """One frame of any token. `extended` are fields without brackets, letter first: `M0026b9e4268b`.

        With `now` it bears a timestamp. A Dialler with a key needs both `now` and `pad`.
        """
        fields = [_as_bytes(field) for field in (data, *extended)]
        if any(_is_breaking(field) for field in fields):
            raise ValueError("data and extended data may not hold ], CR or LF: DC-09 knows no way to escape them")
        content = b"[".join(field + b"]" for field in fields)
        if now is not None:
            content += b"_" + format_timestamp(now)
        header = self._header(token, sequence)
        if self.key is not None:
            if now is None or pad is None:
                raise ValueError("an encrypted message needs the time and a source for its pad")
            content = encrypt_content(self.key, content, pad)
        return encode_frame(header + content, is_binary_crc=self.is_binary_crc)

    def read_reply(self, data: bytes, now: int) -> ReplyReceived | None:
        """The first reply in what has been read so far; None while there is none, or none that our key opens."""
        reader = FrameReader()
        for item in reader.receive(data):
            reply = self._decode_reply(item, now) if isinstance(item, Frame) else None
            if reply is not None:
                return reply
        return None

    def _header(self, token: str, sequence: int) -> bytes:
        if not 0 <= sequence <= SEQUENCE_MAX:
            raise ValueError(f"a sequence number is 0 to {SEQUENCE_MAX}")
        mark = "*" if self.key is not None else ""
        receiver = "" if self.receiver is None else f"R{self.receiver}"
        line = "" if self.line is None else f"L{self.line}"
        header = f'"{mark}{token}"{sequence:04d}{receiver}{line}#{self.account}['.encode()
        if HEADER.fullmatch(header) is None:
            raise ValueError("token, receiver, line or account does not fit a DC-09 header")
        return header

    def _decode_reply(self, frame: Frame, now: int) -> ReplyReceived | None:
        found = REPLY.match(frame.body)
        if found is None:
            return None
        content = self._open_reply(frame.body, found.end(), is_encrypted=bool(found[1]))
        if content is None:
            return None
        at = None if content.timestamp is None else parse_timestamp(content.timestamp)
        return ReplyReceived(
            kind=_KINDS[found[2]],
            token=found[2].decode(),
            sequence=found[3].decode(),
            account=found[6].decode(),
            is_encrypted=bool(found[1]),
            clock_offset_s=None if at is None else (at - now) / NANOSECONDS,
            data=decode_text(content.data, "utf-8")[0],
            extended=tuple(decode_text(field, "utf-8")[0] for field in content.fields),
            new_key=self._offered_key(frame.body, found) if found[1] and found[2] == b"RSP" else None,
        )

    def _offered_key(self, body: bytes, found: re.Match[bytes]) -> WireKey | None:
        """The K of an answer that has been opened already, read before it is blanked. None for one that is no key."""
        plain = None if self.key is None else decrypt_text(self.key, body[found.end() :])
        content = None if plain is None else cut_content(plain, content_start(plain))
        for field in content.fields if content is not None else ():
            if field[:1] == KEY_LETTER.encode():
                try:
                    return WireKey.parse("hex:" + field[1:].decode("ascii"))
                except ValueError:
                    return None
        return None

    def _open_reply(self, body: bytes, start: int, *, is_encrypted: bool) -> Content | None:
        if not is_encrypted:
            opened = cut_blanked(body, start)
        else:
            opened = None if self.key is None else decrypt_content(self.key, body[start:])
        return None if opened is None else opened[0]


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


def _is_breaking(field: bytes) -> bool:
    return b"]" in field or b"\r" in field or b"\n" in field
