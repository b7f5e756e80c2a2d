"""FBI Superfast (4x1x2x1), as receivers print it behind an account: zone type, zone or user, event.

    1011 301E    1 fire, 3 burglary … of zone 01: alarm; E restore, F trouble, 6 bypass, D abort; B opening, C closing

One rule: a message is read where both its digits say one thing; everything else is kept whole. Sources: Radionics D6500
computer interface manual (74-05313-000-G, page 64) and Bosch D6600 (4998122703, 3.1.13 and 3.2.12) print the table; the
FBII XL-4 programming manual (8-55) says that a panel sends the code of its alarm first and that of its restore last.
That an alarm's last digit repeats its first is by analogy with that; the codes of a panel can be programmed otherwise,
and the rules of the line go before this table. The number is kept as sent: nobody says whether it is decimal.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from protocols.content import DecodedContent
from protocols.receiver_lines.pulse import FORMAT_KEY, PulseTable, decode_pulse, meant
from protocols.signals import Qualifier, Scheme

FORM: Final = "superfast"

_MESSAGE = re.compile(r"([0-9B-F])([0-9A-F]{2})([0-9B-F])")
_KINDS: Final = {"1": "F", "2": "P", "3": "B", "4": "M", "5": "U"}  # fire, panic, burglary, medical, auxiliary
_ENDINGS: Final = {"E": "R", "F": "T", "6": "B"}  # restore, trouble, bypass
_USERS: Final = {"B": "OP", "C": "CL"}
_ABORT: Final = "D"


def is_superfast(text: str) -> bool:
    return _MESSAGE.fullmatch(text) is not None


def decode_superfast(text: str, *, account: str, table: PulseTable) -> DecodedContent:
    """What no rule of the line and no row of the table says is OPAQUE, understood False."""
    found = _MESSAGE.fullmatch(text)
    code = _code(found[1], found[3]) if found is not None else ""
    if found is None or not code or table.signal(text) is not None:
        return decode_pulse(text, account=account, form=FORM, table=table)
    signal = meant(Scheme.SIA, code, Qualifier.NEW, found[2])
    return DecodedContent(account=account, signals=(replace(signal, extra=((FORMAT_KEY, FORM), ("printed", text))),))


def _code(zone_type: str, event: str) -> str:
    if event in _USERS:
        return _USERS[event]
    kind = _KINDS.get(zone_type)
    if kind is None:
        return ""
    if event == zone_type:
        return f"{kind}A"
    if event == _ABORT:
        return "AB"
    return f"{kind}{_ENDINGS[event]}" if event in _ENDINGS else ""
