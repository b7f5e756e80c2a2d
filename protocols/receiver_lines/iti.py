"""ITI CS-4000 and CS-5000 receivers, and the ITI modes of a Bosch MX8000 (manual 8.9, p169-172). Single source.

    LF 1B16A 23458b45A CR                                       generic report: fields by position
    LF IT IRCV 234A CR                                           the receiver's periodic test
    LF 00 OKAY @ CR                                              heartbeat
    |[R|IA1|LB|A123456|V55600|D0514|T1019|N0005|Z1|CA|]xx CR     enhanced: fields by letter

One rule: only what the manual names is taken apart. The generic report is printed there once and its code table not at
all, so reports are kept whole as OPAQUE, with the account where the layout puts it; a rule of the installation may give
a code a meaning. How the enhanced check characters are made is not said: they are kept and not checked.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from protocols.codec import WireItem
from protocols.content import DecodedContent
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.receiver_lines.line_codec import LineCodec, LineReplies, own_heartbeat, relayed, text_of, unread
from protocols.receiver_lines.pulse import PulseRule, PulseTable, decode_pulse

PROTOCOL: Final = "iti"
HEARTBEAT_PERIOD_S: Final = 45.0  # MX8000: as its 685 mode
CHECK_UNKNOWN: Final = "check_unknown"

_OKAY = re.compile(r"([0-9A-Za-z])([0-9A-Za-z]) +OKAY +@ *")
_TEST = re.compile(r"IT +IRCV +([0-9A-Za-z]{1,8}) *")
# Digits count 0-9, A-Z, a-z (0 to 61). Receiver, format, line and two more, then the account of four, then the code.
_GENERIC = re.compile(r"([0-9A-Za-z])([0-9A-Za-z])([0-9A-Za-z])([0-9A-Za-z]{2}) +([0-9A-Za-z]{4})([0-9A-Za-z]{1,8}) *")
_ENHANCED = re.compile(r"\|?\[((?:[A-Z][^|\[\]]{0,32}\|)+)\]([0-9A-Za-z]{0,4})", re.DOTALL)


class ItiDialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_enhanced: bool = False  # | opens a line in place of LF
    heartbeat_period_s: float = HEARTBEAT_PERIOD_S
    pulse_rules: tuple[PulseRule, ...] = ()


CS5000: Final = ItiDialect()


class ItiCodec(LineCodec):
    def __init__(self, dialect: ItiDialect = CS5000) -> None:
        self.dialect = dialect
        self._table = PulseTable(dialect.pulse_rules)
        # The enhanced form holds bars inside, so its first bar cannot be a boundary: there a line opens by itself.
        opening = b"" if dialect.is_enhanced else b"\n"
        super().__init__(LineCutter(PROTOCOL, opening=opening, closing=b"\r"), self._read_line, LineReplies())

    def _read_line(self, line: Line) -> list[WireItem]:
        text, remarks = text_of(line.body)
        text = text.removeprefix("\n")
        if found := _OKAY.fullmatch(text):
            return [own_heartbeat(PROTOCOL, line, receiver=found[1], number=found[2], remarks=remarks)]
        if found := _TEST.fullmatch(text):
            return [own_heartbeat(PROTOCOL, line, receiver=found[1], remarks=remarks)]
        if found := _ENHANCED.fullmatch(text):
            return [self._enhanced(line, found[1], found[2], remarks)]
        if found := _GENERIC.fullmatch(text):
            receiver, _, number, _, account, code = found.groups()
            content = decode_pulse(code, account=account, form="iti", table=self._table)
            return [relayed(PROTOCOL, "generic", line, content, receiver=receiver, number=number, remarks=remarks)]
        return [unread(PROTOCOL, line)]

    def _enhanced(self, line: Line, fields: str, check: str, remarks: tuple[str, ...]) -> WireItem:
        named = {field[0]: field[1:] for field in fields.split("|") if field}
        content = decode_pulse(named.get("V", ""), account=named.get("A", ""), form="iti", table=self._table)
        kept = tuple((f"field {letter}", value) for letter, value in named.items())
        (signal,) = content.signals
        signal = replace(signal, zone=signal.zone or named.get("Z"), extra=(*signal.extra, *kept, ("check", check)))
        content = DecodedContent(
            account=content.account, signals=(signal,), remarks=content.remarks, understood=content.understood
        )
        return relayed(
            PROTOCOL, "enhanced", line, content, receiver=named.get("I"), number=named.get("L"),
            sequence=named.get("N"), remarks=(*remarks, CHECK_UNKNOWN),
        )  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- writing


def encode_generic(code: str, *, account: str, receiver: str = "1", line: str = "1", middle: str = "6A") -> bytes:
    text = f"{receiver}B{line}{middle} {account}{code}"
    if _GENERIC.fullmatch(text) is None:
        raise ValueError("receiver and line have one digit, the account four, the code up to eight, of 0-9 A-Z a-z")
    return f"\n{text}\r".encode("ascii")


def encode_heartbeat() -> bytes:
    return b"\n00 OKAY @\r"


def encode_test(number: str) -> bytes:
    return f"\nIT IRCV {number}\r".encode("ascii")


def encode_enhanced(fields: dict[str, str], check: str) -> bytes:
    """`fields` by letter, in the order they are printed; `check` as given, for nobody says how it is made."""
    text = f"|[{''.join(f'{letter}{value}|' for letter, value in fields.items())}]{check}"
    if _ENHANCED.fullmatch(text) is None:
        raise ValueError("a field has one capital letter and up to 32 characters without | [ ]")
    return f"{text}\r".encode("ascii")
