"""Ademco 685 receivers, and what Bosch MX8000, VisorALARM and others print when they are told to be one.

    LF 11 1234 18 E131 01 C003 CR     Contact ID; E R P for 1 3 6, C contact or U user before the number
    LF 11 1234 3 CR                   3/1, 4/1          LF 11 1234 3 1 CR      4/2
    LF 11 1234 1555 5555 5 CR         high speed: eight channels and a status digit
    LF 00 OKAY @ CR                   heartbeat, periodic or in reply to `S` from our side

One rule: fields are told apart by their spaces. Sources: Bosch MX8000 manual 8.x (p153-160), VisorALARM manual p73,
Ademco 685 manual p55. The first two digits are receiver and line ("RG").
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from protocols import contact_id
from protocols.codec import WireItem
from protocols.content import DecodedContent
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.receiver_lines.line_codec import LineCodec, LineReplies, own_heartbeat, relayed, text_of, unread
from protocols.receiver_lines.pulse import CHANNELS, Channel, PulseRule, PulseTable, decode_channels, decode_pulse
from protocols.signals import Qualifier, Scheme, Signal

PROTOCOL: Final = "ademco685"

HEARTBEAT_PERIOD_S: Final = 45.0  # MX8000: when nothing else was sent for about as long
REPLY_WITHIN_S: Final = 2.0  # 685 manual: then once more, then "computer fault" until an ACK comes in time
# Asks a 685 for its heartbeat, which comes within 5 s; asked again within 10 s it is ignored (685 manual).
HEARTBEAT_REQUEST: Final = b"S"

_HEADER = "[0-9A-Za-z]"
_HEX = "[0-9A-Fa-f]"
_HEARTBEAT = re.compile(rf"({_HEADER})({_HEADER}) +OKAY +@ *")
# Account of four digits; six are seen (a serial recorder tells them apart by the space in column 7 or 9).
_MESSAGE = re.compile(rf"({_HEADER})({_HEADER}) +({_HEX}{{3,16}}) +(.*)")
# CCC of two digits is printed by a 685 as well (`E134 01 C08`): the number is kept as sent, with zeros in front.
_CONTACT_ID = re.compile(rf"(?:18|98|58) *([ERP136]) *({_HEX}{{3}}) +({_HEX}{{2}}) +([CU]?)({_HEX}{{2,3}})")
_CHANNELS = re.compile(r"([0-9]{4}) +([0-9]{4}) +([0-9])")
_PULSE = re.compile(rf"{_HEX}(?: *{_HEX})?")

_Q_LETTERS: Final = {Qualifier.NEW: "E", Qualifier.RESTORE: "R", Qualifier.STATUS: "P"}
_EVENT = re.compile(r"(.)(.{3}) (..) ([CU]?)(.{3})")


class Ademco685Dialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one receiver is set up. The default prints like an MX8000."""

    is_escaped: bool = False  # ESC (1Bh) opens a line in place of LF: an option of the 685
    ends_with_space: bool = True  # when we write: MX8000 yes, VisorALARM no
    heartbeat_period_s: float = HEARTBEAT_PERIOD_S
    pulse_rules: tuple[PulseRule, ...] = ()
    channels: tuple[Channel, ...] = CHANNELS


MX8000: Final = Ademco685Dialect()


class Ademco685Codec(LineCodec):
    def __init__(self, dialect: Ademco685Dialect = MX8000) -> None:
        self.dialect = dialect
        self._table = PulseTable(dialect.pulse_rules)
        cutter = LineCutter(PROTOCOL, opening=b"\x1b" if dialect.is_escaped else b"\n", closing=b"\r")
        super().__init__(cutter, self._read_line, LineReplies())

    def _read_line(self, line: Line) -> list[WireItem]:
        text, remarks = text_of(line.body)
        if found := _HEARTBEAT.fullmatch(text):
            return [own_heartbeat(PROTOCOL, line, receiver=found[1], number=found[2], remarks=remarks)]
        found = _MESSAGE.fullmatch(text)
        if found is None:
            return [unread(PROTOCOL, line)]
        receiver, number, account, event = found.groups()
        token, content = self._read_event(event, account)
        return [relayed(PROTOCOL, token, line, content, receiver=receiver, number=number, remarks=remarks)]

    def _read_event(self, event: str, account: str) -> tuple[str, DecodedContent]:
        if found := _CONTACT_ID.fullmatch(event):
            q, code, area, letter, address = found.groups()
            return "18", contact_id.decode_text(f"{q}{code} {area} {letter}{address.zfill(3)}", account=account)
        if found := _CHANNELS.fullmatch(event):
            digits = "".join(found.groups())
            return "high_speed", decode_channels(
                digits, account=account, form="high_speed", channels=self.dialect.channels
            )
        form = "pulse" if _PULSE.fullmatch(event) else "other"
        return form, decode_pulse(event, account=account, form=form, table=self._table)


# ---------------------------------------------------------------------------------------------------------- writing


def encode_line(
    signal: Signal, *, account: str, receiver: str = "1", line: str = "1", dialect: Ademco685Dialect = MX8000
) -> bytes:
    """One Contact ID signal as a 685 prints it. ValueError names what has no place in the form."""
    if signal.scheme is Scheme.OPAQUE and re.fullmatch(_PULSE, signal.code):
        return encode_pulse(" ".join(signal.code), account=account, receiver=receiver, line=line, dialect=dialect)
    if signal.scheme is not Scheme.CONTACT_ID:
        raise ValueError(f"{signal.scheme} code {signal.code} has no Ademco 685 form: map it to a Contact ID code")
    event = contact_id.encode_text(DecodedContent(account="", signals=(signal,))).partition("|")[2]
    fields = _EVENT.fullmatch(event)
    assert fields is not None, event
    letter = "U" if signal.user is not None else "C"
    text = f"18 {_Q_LETTERS[signal.qualifier]}{fields[2]} {fields[3]} {letter}{fields[5]}"
    return _message(text, account, receiver, line, dialect)


def encode_pulse(
    code: str, *, account: str, receiver: str = "1", line: str = "1", dialect: Ademco685Dialect = MX8000
) -> bytes:
    """`3` for 3/1 and 4/1, `3 1` for 4/2."""
    if not _PULSE.fullmatch(code):
        raise ValueError(f"code {code!r}: one or two digits 0-9, A-F")
    return _message(code, account, receiver, line, dialect)


def encode_channels(
    values: str, status: str, *, account: str, receiver: str = "1", line: str = "1", dialect: Ademco685Dialect = MX8000
) -> bytes:
    """Eight channel digits and the status digit."""
    if not re.fullmatch(r"[0-9]{8}", values) or not re.fullmatch(r"[0-9]", status):
        raise ValueError("a high-speed form has eight channel digits and one status digit")
    return _message(f"{values[:4]} {values[4:]} {status}", account, receiver, line, dialect)


def encode_heartbeat(*, dialect: Ademco685Dialect = MX8000) -> bytes:
    return _opened("00 OKAY @", dialect)


def _message(event: str, account: str, receiver: str, line: str, dialect: Ademco685Dialect) -> bytes:
    if not re.fullmatch(rf"{_HEX}{{3,16}}", account):
        raise ValueError(f"account {account!r}: 3 to 16 digits 0-9, A-F")
    if not re.fullmatch(_HEADER * 2, receiver + line) or len(receiver) != 1:
        raise ValueError(f"receiver {receiver!r} and line {line!r}: one letter or digit each on a 685")
    return _opened(f"{receiver}{line} {account} {event}{' ' if dialect.ends_with_space else ''}", dialect)


def _opened(text: str, dialect: Ademco685Dialect) -> bytes:
    return (b"\x1b" if dialect.is_escaped else b"\n") + text.encode("ascii") + b"\r"
