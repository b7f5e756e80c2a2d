"""The packets inside a SIA DC-03 block, each by itself: modifiers, events, and what hangs behind an address.

One rule: every function here is text in, value out; which packet belongs to which event is `sia`'s to know.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from protocols.event_codes import AddressKind, CodeTable, EventCode
from protocols.signals import Category, bare_address

# Slashes inside ^text^ and *'text'NM do not separate packets.
PACKET = re.compile(r"(?:\^[^^]*\^|\*'[^']*'|[^/])+")
_MODIFIER = re.compile(r"([a-z]{2})([0-9:.\-]*)(.*)", re.DOTALL)
# DC-03: two letters, then an address of hex digits, `-` and `:`.
EVENT = re.compile(r"([A-Z]{2})([0-9A-F:\-]*)(.*)", re.DOTALL)
# Behind the address: *unit, ^text^ (the last ^ may be missing), or the X-SIA name *'text'NM of Aritech panels.
_ATTACHED = re.compile(r"\*'(.*?)'NM|\*([0-9A-Za-z:\-]+)|\^([^^]*)(?:\^|$)", re.DOTALL)
_DATE_TIME = re.compile(r"(\d\d)-(\d\d)-(\d\d) (\d\d):(\d\d)(?::(\d\d))?", re.ASCII)  # da MM-DD-YY, ti hh:mm[:ss]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Extra = list[tuple[str, str]]


def split_modifier(packet: str, codes: CodeTable) -> tuple[str, str, str, str] | None:
    """Key, value, text and, where the slash is missing, the event behind them (`ri1BA503`, `ti20:50:26RP99`).

    Digits followed by a known code are always read as an event: a hexadecimal area that looks like one is a nuisance,
    an alarm taken for an area number is a loss.
    """
    match = _MODIFIER.fullmatch(packet)
    if match is None:
        return None
    key, digits, rest = match.groups()
    if not rest:
        return key, digits, "", ""
    value, _, behind = rest.partition("^")
    if digits and is_known_event(value, codes):
        return key, digits, "", rest
    text, _, event = behind.partition("^")
    if event and not is_known_event(event, codes):
        return None
    return key, digits + value, text.strip(), event


def is_known_event(packet: str, codes: CodeTable) -> bool:
    match = EVENT.fullmatch(packet)
    return match is not None and match[1] in codes.sia and read_attached(match[3]) is not None


def read_attached(rest: str) -> tuple[list[str], Extra] | None:
    """Texts, and the rest as extra; None when something there cannot be read."""
    texts: list[str] = []
    if rest == "NM":  # X-SIA name mark without a name, as captured: `OP001NM`
        return texts, [("tail", rest)]
    units: Extra = []
    position = 0
    while position < len(rest):
        match = _ATTACHED.match(rest, position)
        if match is None:
            return None
        name, unit, text = match.groups()
        if unit is not None:
            units.append(("unit", unit))
        else:
            texts.append((name if text is None else text).strip())
        position = match.end()
    return texts, units


def place(
    known: EventCode, address: str, modifiers: dict[str, str]
) -> tuple[str | None, str | None, str | None, tuple[str, ...], str]:
    """Area, zone, user; which modifiers they used up; and the address if no field took it.

    A labelled number (`ri`, `id`) goes before the table's idea of the bare one. Ajax sends `ri1/NL501`: NL counts
    areas, but the area is 1 and 501 the user.
    """
    area, user = modifiers.get("ri") or None, modifiers.get("id") or None
    if not address:
        return area, None, user, ("ri", "id"), ""
    if known.address is AddressKind.USER:
        if bare_address(user):
            return area, None, user, ("ri", "id"), address
        return area, None, address, ("ri",) if user else ("ri", "id"), ""
    if known.address is AddressKind.AREA:
        if not bare_address(area):
            return address, None, user, ("id",) if area else ("ri", "id"), ""
        if bare_address(area) == bare_address(address) or (known.category is Category.OPEN_CLOSE and user):
            return area, None, user, ("ri", "id"), address
        if known.category is Category.OPEN_CLOSE:
            return area, None, address, ("ri", "id"), ""
    return area, address, user, ("ri", "id"), ""


def instant(text: str) -> int | None:
    """`da` and `ti` together, taken as UTC as DC-09's own timestamp is; DC-03 names no zone. None: no such instant."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    month, day, year, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(seconds=1) * 1_000_000_000
