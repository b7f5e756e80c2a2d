"""FBI CP-220: experimental. Only parts of this format could be had (MX8000 manual K5982V2, 8.7.4 and 8.7.5).

    LF RG 1234 18 E131 01 C003 T     Contact ID (figure 8-9), as a 685 prints it
    RG 1234 A3 T                     Silent Knight format 0 (8-10): the alarm digit behind a filler A
    RG 1234 31 T                     Silent Knight FSK 1 (8-11): two alarm digits
    RG 123456 4131 T                 Silent Knight FSK 2 (8-12): account and code run together; the terminator T is
                                     programmable

One rule: nothing but Contact ID and the account is claimed to be understood. Every other message is kept whole as
OPAQUE; an installation's own rules may give its codes a meaning. `is_experimental` must be set, so that nobody runs it
unawares.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from protocols import contact_id
from protocols.codec import WireItem
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.receiver_lines.line_codec import LineCodec, LineReplies, own_heartbeat, relayed, text_of, unread
from protocols.receiver_lines.pulse import PulseRule, PulseTable, decode_pulse

PROTOCOL: Final = "fbi_cp220"

_MESSAGE = re.compile(r"([0-9A-Za-z])([0-9A-Za-z])([0-9A-F]{6})([0-9A-F]{1,4})")
# A space stands for a zone digit 0 in FSK 1.
_SILENT_KNIGHT = re.compile(r"([0-9A-Za-z])([0-9A-Za-z])([0-9A-F]{4})(?:A([0-9B-F])|([0-9B-F][0-9A-F ]))")
_CONTACT_ID = re.compile(r"([0-9A-Za-z])([0-9A-Za-z]) +([0-9A-F]{4}) +(18 .*)")
_HEARTBEAT = re.compile(r"([0-9A-Za-z])([0-9A-Za-z]) +OKAY +@ *")  # as the other modes of the MX8000 print it


class FbiCp220Dialect(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    is_experimental: bool = False
    terminator: str = "\r"
    heartbeat_period_s: float = 0.0  # none is described
    pulse_rules: tuple[PulseRule, ...] = ()

    def __post_init__(self) -> None:
        if not self.is_experimental:
            raise ValueError("this format is known from fragments only: set is_experimental to use it all the same")
        if len(self.terminator) != 1 or self.terminator >= " ":
            raise ValueError("terminator: one control character, as the receiver is programmed")


class FbiCp220Codec(LineCodec):
    def __init__(self, dialect: FbiCp220Dialect) -> None:
        self.dialect = dialect
        self._table = PulseTable(dialect.pulse_rules)
        super().__init__(LineCutter(PROTOCOL, closing=dialect.terminator.encode()), self._read_line, LineReplies())

    def _read_line(self, line: Line) -> list[WireItem]:
        text, remarks = text_of(line.body)
        text = text.removeprefix("\n")
        if found := _HEARTBEAT.fullmatch(text):
            return [own_heartbeat(PROTOCOL, line, receiver=found[1], number=found[2], remarks=remarks)]
        if found := _CONTACT_ID.fullmatch(text):
            receiver, number, account, event = found.groups()
            content, token = contact_id.decode_text(event.strip(), account=account), "18"
            if not content.understood:
                return [unread(PROTOCOL, line)]
        elif found := _SILENT_KNIGHT.fullmatch(text):
            receiver, number, account, digit, digits = found.groups()
            content = decode_pulse(digit or digits.strip(), account=account, form="silent_knight", table=self._table)
            token = "silent_knight"  # noqa: S105 – the form, no secret
        elif found := _MESSAGE.fullmatch(text):
            receiver, number, account, code = found.groups()
            content, token = decode_pulse(code, account=account, form="fbi", table=self._table), "fbi"
        else:
            return [unread(PROTOCOL, line)]
        return [relayed(PROTOCOL, token, line, content, receiver=receiver, number=number, remarks=remarks)]


def encode_line(code: str, *, account: str, receiver: str, line: str, dialect: FbiCp220Dialect) -> bytes:
    text = f"{receiver}{line}{account}{code}"
    if _MESSAGE.fullmatch(text) is None:
        raise ValueError("receiver and line have one character, the account six digits 0-9 A-F, the code up to four")
    return f"{text}{dialect.terminator}".encode("ascii")
