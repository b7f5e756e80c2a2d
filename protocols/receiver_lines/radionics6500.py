"""Radionics and Bosch D6500 mode: fixed columns between a header and a trailer that are both programmable.

    ␊1011      4444 O    ␔           type 1, receiver 01, line 1, account up to column 15, event 16-17, zone 18-21
    ␊a011 1234 18 E13101015␔         Contact ID
    ␊S011[#1234|NBA01]␔              SIA
    ␊F011      12343013  ␔           FBI Superfast
     1011           @    ␔           heartbeat (header 20h)

One rule: header and trailer are set as the receiver is programmed, and another header than the agreed one loses
nothing. Source: Bosch/Radionics D6500/D6600 manual (conettix.manymanuals 25993), columns counted from the header byte.
Its printed example `[10]011ssssss4444sOssss[13]` has decimal LF and CR around it and no type byte: read as well.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from protocols import contact_id, sia
from protocols.codec import Malformed, WireItem
from protocols.content import DecodedContent
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.receiver_lines.line_codec import LineCodec, LineReplies, own_heartbeat, relayed, text_of, unread
from protocols.receiver_lines.pulse import PulseRule, PulseTable, decode_pulse
from protocols.receiver_lines.superfast import decode_superfast, is_superfast
from protocols.signals import Qualifier, Scheme, Signal

PROTOCOL: Final = "radionics6500"
HEARTBEAT_PERIOD_S: Final = 30.0

_HEADER = "[0-9A-Za-z]"  # lines above 9 are letters, A to W
_HEX = "[0-9A-Fa-f]"
_HEARTBEAT = re.compile(rf"1?({_HEADER}{{2}})({_HEADER}) *@ *")
_CONTACT_ID = re.compile(
    rf"a({_HEADER}{{2}})({_HEADER}) *({_HEX}{{3,6}}) *18 *([ERP136]) *({_HEX}{{3}}) *({_HEX}{{2}}) *({_HEX}{{3}}) *"
)
_SIA_BLOCKS = re.compile(rf"S({_HEADER}{{2}})({_HEADER})\[(.*)\] *", re.DOTALL)
_EVENT = re.compile(rf"1?({_HEADER}{{2}})({_HEADER}) +({_HEX}{{3,6}})(?: +| *(?=[^ ]))(.*)", re.DOTALL)
_FBI = re.compile(rf"F({_HEADER}{{2}})({_HEADER}) +({_HEX}{{4}})({_HEX}{{4}}) *")  # its account has four digits
_OTHER = re.compile(rf"([A-Za-z])({_HEADER}{{2}})({_HEADER}) +({_HEX}{{3,6}}) *(.*)", re.DOTALL)

_Q_LETTERS: Final = {Qualifier.NEW: "E", Qualifier.RESTORE: "R", Qualifier.STATUS: "P"}
_FIELDS = re.compile(r"(.)(.{3}) (..) [CU]?(.{3})")


class Radionics6500Dialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    header: str = "\n"  # written; read with any of LF, space or none
    trailer: str = "\x14"
    heartbeat_period_s: float = HEARTBEAT_PERIOD_S
    pulse_rules: tuple[PulseRule, ...] = ()

    def __post_init__(self) -> None:
        if self.header not in ("\n", " ", ""):
            raise ValueError("header: LF (\\n), a space or nothing (D6500 manual)")
        if len(self.trailer) != 1 or self.trailer >= " " or self.trailer == "\n":
            raise ValueError("trailer: one control character other than LF; 14h unless it was programmed otherwise")


D6500: Final = Radionics6500Dialect()


class Radionics6500Codec(LineCodec):
    def __init__(self, dialect: Radionics6500Dialect = D6500) -> None:
        self.dialect = dialect
        self._table = PulseTable(dialect.pulse_rules)
        cutter = LineCutter(PROTOCOL, closing=dialect.trailer.encode())
        super().__init__(cutter, self._read_line, LineReplies())

    def _read_line(self, line: Line) -> list[WireItem]:
        """An LF inside opens another line: what stood before it was cut short."""
        before, _, body = line.body.rpartition(b"\n")
        items: list[WireItem] = []
        if before.strip(b" \r\n\x00"):
            items.append(
                Malformed(protocol=PROTOCOL, reason="length", detail="cut short by the start of another", raw=before)
            )
        text, remarks = text_of(body)
        items.append(self._read_form(line, text.removeprefix(" "), remarks) or unread(PROTOCOL, Line(body, line.raw)))
        return items

    def _read_form(self, line: Line, text: str, remarks: tuple[str, ...]) -> WireItem | None:
        if found := _HEARTBEAT.fullmatch(text):
            return own_heartbeat(PROTOCOL, line, receiver=found[1], number=found[2], remarks=remarks)
        if found := _CONTACT_ID.fullmatch(text):
            receiver, number, account, *event = found.groups()
            content, token = contact_id.decode_text("".join(event), account=account), "a"
        elif found := _SIA_BLOCKS.fullmatch(text):
            receiver, number, data = found.groups()
            content, token = sia.decode_blocks(data, account=""), "S"
        elif (found := _FBI.fullmatch(text)) and is_superfast(found[4]):
            receiver, number, account, event_text = found.groups()
            content, token = decode_superfast(event_text, account=account, table=self._table), "F"
        elif (found := _EVENT.fullmatch(text)) and found[4]:
            receiver, number, account, event_text = found.groups()
            content, token = decode_pulse(event_text, account=account, form="event", table=self._table), "1"
        elif (found := _OTHER.fullmatch(text)) and found[5]:
            token, receiver, number, account, event_text = found.groups()
            content = decode_pulse(event_text, account=account, form=token, table=self._table)
        else:
            return None
        return relayed(PROTOCOL, token, line, content, receiver=receiver, number=number, remarks=remarks)


# ---------------------------------------------------------------------------------------------------------- writing


def encode_line(
    signal: Signal, *, account: str, receiver: str = "01", line: str = "1", dialect: Radionics6500Dialect = D6500
) -> bytes:
    """One signal as a D6500 prints it. ValueError names what has no place in any form."""
    where = _where(receiver, line)
    if signal.scheme is Scheme.SIA:
        data = sia.encode_blocks(DecodedContent(account=account, signals=(signal,)))
        return _framed(f"S{where}[{data}]", dialect)
    if signal.scheme is Scheme.OPAQUE:
        return encode_event(signal.code, "", account=account, receiver=receiver, line=line, dialect=dialect)
    if signal.scheme is not Scheme.CONTACT_ID:
        raise ValueError(f"{signal.scheme} code {signal.code} has no D6500 form: map it to a Contact ID or SIA code")
    event = contact_id.encode_text(DecodedContent(account="", signals=(signal,))).partition("|")[2]
    fields = _FIELDS.fullmatch(event)
    assert fields is not None, event
    text = f"a{where} {_account(account)} 18 {_Q_LETTERS[signal.qualifier]}{fields[2]}{fields[3]}{fields[4]}"
    return _framed(text, dialect)


def encode_event(
    event: str,
    zone: str,
    *,
    account: str,
    receiver: str = "01",
    line: str = "1",
    dialect: Radionics6500Dialect = D6500,
) -> bytes:
    """The columns of type 1: `event` has one or two characters, `zone` up to four."""
    if not re.fullmatch(r"[!-~]{1,2}", event) or not re.fullmatch(r"[!-~]{0,4}", zone):
        raise ValueError(f"event {event!r}, zone {zone!r}: one or two characters and up to four")
    return _framed(f"1{_where(receiver, line)}{_account(account):>10}{event:>2}{zone:<4}", dialect)


def encode_heartbeat(*, receiver: str = "01", line: str = "1", dialect: Radionics6500Dialect = D6500) -> bytes:
    return _framed(f"1{_where(receiver, line)}{' ' * 11}@{' ' * 4}", dialect)


def _where(receiver: str, line: str) -> str:
    if not re.fullmatch(rf"{_HEADER}{{2}}", receiver) or not re.fullmatch(_HEADER, line):
        raise ValueError(f"receiver {receiver!r} and line {line!r}: two and one letters or digits on a D6500")
    return receiver + line


def _account(account: str) -> str:
    if not re.fullmatch(rf"{_HEX}{{3,6}}", account):
        raise ValueError(f"account {account!r}: 3 to 6 digits 0-9, A-F on a D6500")
    return account


def _framed(text: str, dialect: Radionics6500Dialect) -> bytes:
    if dialect.trailer in text or not text.isprintable():
        raise ValueError("control characters end a line: remove them")
    return f"{dialect.header}{text}{dialect.trailer}".encode("cp1252")
