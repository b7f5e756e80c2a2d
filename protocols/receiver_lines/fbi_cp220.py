"""FBI CP-220: experimental. Only fragments of this format could be had (MX8000 manual 8.7: `RG1234564131T`).

    RG 123456 4131 T     receiver and line, account of six, event; the terminator T is programmable

One rule: nothing but the account is claimed to be understood. Every message is kept whole as OPAQUE; an installation's
own rules may give its codes a meaning. `is_experimental` must be set, so that nobody runs it unawares.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from protocols.codec import WireItem
from protocols.receiver_lines.cutting import Line, LineCutter
from protocols.receiver_lines.line_codec import LineCodec, LineReplies, own_heartbeat, relayed, text_of, unread
from protocols.receiver_lines.pulse import PulseRule, PulseTable, decode_pulse

PROTOCOL: Final = "fbi_cp220"

_MESSAGE = re.compile(r"([0-9A-Za-z])([0-9A-Za-z])([0-9A-F]{6})([0-9A-F]{1,4})")
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
        found = _MESSAGE.fullmatch(text)
        if found is None:
            return [unread(PROTOCOL, line)]
        receiver, number, account, code = found.groups()
        content = decode_pulse(code, account=account, form="fbi", table=self._table)
        return [relayed(PROTOCOL, "fbi", line, content, receiver=receiver, number=number, remarks=remarks)]


def encode_line(code: str, *, account: str, receiver: str, line: str, dialect: FbiCp220Dialect) -> bytes:
    text = f"{receiver}{line}{account}{code}"
    if _MESSAGE.fullmatch(text) is None:
        raise ValueError("receiver and line have one character, the account six digits 0-9 A-F, the code up to four")
    return f"{text}{dialect.terminator}".encode("ascii")
