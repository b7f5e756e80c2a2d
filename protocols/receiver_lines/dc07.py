"""SIA DC-07 computer interface, as a Bosch D6600 prints it in SIA/CIS mode and as DC-07 itself frames it.

    LF 3E67 14 E 0104 01 01 [#4444|NOP] CR           CRC, length, format letter, sequence, receiver, line, data
    LF 3E67 002A "SIA-DCS" 0007 R01 L01 [#4444|NOP] CR     the quoted form of the standard, which DC-09 grew out of

CRC-16/ARC and length (two hex digits, in the quoted form 0 and three) both cover everything between them and CR.
Checked on the four frames the D6600 manual prints (conettix.manymanuals 25993).

One rule: a wrong CRC or length is Malformed and gets no answer, so that the receiver sends again. The text of DC-07
could not be had: the quoted form is read as DC-09 writes it and answered in kind; the compact form is answered 06
or 15.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from fastcrc.crc16 import arc as crc16
from msgspec import Struct
from msgspec.structs import replace

from protocols import contact_id, sia
from protocols.codec import Malformed, Received, ReplyKind, WireItem
from protocols.content import DecodedContent
from protocols.dc09.frame import encode_frame
from protocols.receiver_lines.cutting import LINE_BYTES_MAX, Line, LineCutter
from protocols.receiver_lines.line_codec import LineCodec, LineReplies, own_heartbeat, relayed, text_of, unread
from protocols.receiver_lines.pulse import PulseRule, PulseTable, decode_pulse
from protocols.receiver_lines.superfast import decode_superfast, is_superfast
from protocols.signals import Scheme, Signal

PROTOCOL: Final = "dc07"
HEARTBEAT_PERIOD_S: Final = 30.0
FBI: Final = "F"
COMPACT_BYTES_MAX: Final = 0xFF  # two hex digits of length

_FRAME = re.compile(rb"([0-9A-Fa-f]{4})(?:(0[0-9A-Fa-f]{3})(?=\")|([0-9A-Fa-f]{2}))(.*)", re.DOTALL)
# Format letters stand for the panel's language: E, m, v are printed, and F is FBI Superfast (D6600 manual, 3.2.12).
_COMPACT = re.compile(r"(.)([0-9]{4})([0-9A-Za-z]{2})([0-9A-Za-z]{2})\[(.*)\]", re.DOTALL)
_QUOTED = re.compile(
    r'"([A-Za-z0-9-]{1,16})"([0-9]{4})((?:R([0-9A-Fa-f]{1,6}))?(?:L([0-9A-Fa-f]{0,6}))?)(?:#[^\[]{0,32})?\[(.*)\]',
    re.DOTALL,
)
_FBI: Final = re.compile(r"#([0-9A-Fa-f]{3,16})\|(.{4})")
_REPLIES: Final = frozenset({"ACK", "NAK", "DUH"})
_LINK_TESTS: Final = frozenset({"NULL"})
_DECODERS: Final[dict[str, Callable[..., DecodedContent]]] = {
    "SIA-DCS": sia.decode_blocks,
    "ADM-CID": contact_id.decode_text,
}


class Dc07Dialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    heartbeat_period_s: float = HEARTBEAT_PERIOD_S
    pulse_rules: tuple[PulseRule, ...] = ()


D6600: Final = Dc07Dialect()


class Dc07Codec(LineCodec):
    def __init__(self, dialect: Dc07Dialect = D6600) -> None:
        self.dialect = dialect
        self._table = PulseTable(dialect.pulse_rules)
        super().__init__(LineCutter(PROTOCOL, opening=b"\n", closing=b"\r"), self._read_line, LineReplies())

    def encode_reply(self, received: Received, reply: ReplyKind, now: int) -> bytes:
        if received.reply_context and reply is not ReplyKind.NONE:
            word = {ReplyKind.ACK: b'"ACK"', ReplyKind.NAK: b'"NAK"'}.get(reply, b'"DUH"')
            return encode_frame(word + received.reply_context + b"[]")
        return super().encode_reply(received, reply, now)

    def _read_line(self, line: Line) -> list[WireItem]:
        found = _FRAME.fullmatch(line.body)
        if found is None:
            return [unread(PROTOCOL, line)]
        crc, quoted_length, length, covered = found.groups()
        stated = int(quoted_length or length, 16)
        if stated != len(covered):
            return [_malformed("length", f"the line says {stated} bytes, CR came after {len(covered)}", line)]
        computed = crc16(covered)
        if computed != int(crc, 16):
            return [_malformed("crc", f"the line says CRC {crc.decode()}, its bytes give {computed:04X}", line)]
        text, remarks = text_of(covered)
        read = self._read_quoted if quoted_length else self._read_compact
        return [read(line, text, remarks) or unread(PROTOCOL, line)]

    def _read_compact(self, line: Line, text: str, remarks: tuple[str, ...]) -> WireItem | None:
        found = _COMPACT.fullmatch(text)
        if found is None:
            return None
        token, sequence, receiver, number, data = found.groups()
        if not data:
            return replace(own_heartbeat(PROTOCOL, line, receiver=receiver, number=number), sequence=sequence)
        fbi = _FBI.fullmatch(data) if token == FBI else None
        if fbi is not None and is_superfast(fbi[2]):
            content = decode_superfast(fbi[2], account=fbi[1], table=self._table)
        else:
            content = self._decode(data)
        return relayed(
            PROTOCOL, token, line, content, receiver=receiver, number=number, sequence=sequence, remarks=remarks
        )

    def _read_quoted(self, line: Line, text: str, remarks: tuple[str, ...]) -> WireItem | None:
        found = _QUOTED.fullmatch(text)
        if found is None:
            return None
        token, sequence, where, receiver, number, data = found.groups()
        echo = f"{sequence}{where}".encode("ascii")
        if token in _REPLIES:
            return _malformed("direction", f"a reply ({token}) arrived where a receiver sends: is this a loop?", line)
        if token in _LINK_TESTS:
            beat = own_heartbeat(PROTOCOL, line, receiver=receiver, number=number, remarks=remarks)
            return replace(beat, sequence=sequence, reply_context=echo)
        decoder = _DECODERS.get(token)
        content = self._decode(data) if decoder is None else decoder(data, account="")
        item = relayed(
            PROTOCOL, token, line, content, receiver=receiver, number=number, sequence=sequence, remarks=remarks
        )
        return replace(item, reply_context=echo)

    def _decode(self, data: str) -> DecodedContent:
        """The first language that can be read: the format letter cannot be relied on."""
        for decoder in (sia.decode_blocks, contact_id.decode_text):
            content = decoder(data, account="")
            if content.understood:
                return content
        account, _, event = data.removeprefix("#").partition("|")
        if not data.startswith("#") or len(account) > 16 or not event.strip():
            return sia.decode_blocks(data, account="")
        return decode_pulse(event.strip(), account=account, form="event", table=self._table)


def _malformed(reason: str, detail: str, line: Line) -> Malformed:
    return Malformed(protocol=PROTOCOL, reason=reason, detail=detail, raw=line.raw)


# ---------------------------------------------------------------------------------------------------------- writing


def encode_line(
    signal: Signal,
    *,
    account: str,
    sequence: str,
    receiver: str = "01",
    line: str = "01",
    letter: str = "v",
) -> bytes:
    """One signal in the compact form. `letter` names the panel's language as the receiver would."""
    content = DecodedContent(account=account, signals=(signal,))
    if signal.scheme is Scheme.SIA:
        data = sia.encode_blocks(content)
    elif signal.scheme is Scheme.CONTACT_ID:
        data = contact_id.encode_text(content)
    elif signal.scheme is Scheme.OPAQUE:
        data = f"#{account}|{signal.text or signal.code}"
    else:
        raise ValueError(f"{signal.scheme} code {signal.code} has no DC-07 form: map it to a Contact ID or SIA code")
    return encode_compact(data, sequence=sequence, receiver=receiver, line=line, letter=letter)


def encode_heartbeat(*, sequence: str, receiver: str = "01", line: str = "01", letter: str = " ") -> bytes:
    return encode_compact("", sequence=sequence, receiver=receiver, line=line, letter=letter)


def encode_compact(data: str, *, sequence: str, receiver: str = "01", line: str = "01", letter: str = "v") -> bytes:
    body = f"{letter}{sequence}{receiver}{line}[{data}]"
    if _COMPACT.fullmatch(body) is None or not body.isprintable():
        raise ValueError("a DC-07 line has one letter, four digits, receiver and line of two, and printable data")
    covered = body.encode("cp1252")
    if len(covered) > COMPACT_BYTES_MAX:
        raise ValueError(f"the compact form holds {COMPACT_BYTES_MAX} bytes, this one has {len(covered)}: shorten it")
    return b"\n%04X%02X%b\r" % (crc16(covered), len(covered), covered)


def encode_quoted(
    token: str, data: str, *, sequence: str, receiver: str | None = None, line: str | None = None
) -> bytes:
    where = ("" if receiver is None else f"R{receiver}") + ("" if line is None else f"L{line}")
    body = f'"{token}"{sequence}{where}[{data}]'
    if _QUOTED.fullmatch(body) is None or not body.isprintable() or len(body) > LINE_BYTES_MAX - 10:
        raise ValueError("token, sequence, receiver, line or data does not fit a DC-07 line")
    return encode_frame(body.encode("cp1252"))
