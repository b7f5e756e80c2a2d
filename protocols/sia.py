"""SIA DC-03 blocks, as DC-09 (`SIA-DCS`), Sur-Gard and Conettix lines carry them: text in, signals out.

One rule: nothing is lost. What a field of `Signal` holds goes there; all else stays in `extra`, in an order from which
`sia_encode` writes it again; a block that cannot be read is an OPAQUE signal of its own. What a code means is the
table's business, and frames are `dc09`'s.

    #1234|Nri1/BA01^HALL^/BA02|Atext      blocks split by |, packets inside a block by /, text between ^

Keys of `extra`, in the order they appear:
    "#"                the signal's own account, where a second one came in the same data
    two letters        a modifier that is no field: pi, ph, lv, …; ri, id, da, ti only where they could not become one
    …_text             the text behind a modifier: ri_text is the area's name
    "old"              "1": out of the panel's log, not news (function letter O)
    "kind"             what `zone` counts when it is no zone: door, line, …
    "address"          the number after the code, where modifiers had already named area and user
    "unit" "tail"      `*unit` behind the address; what else stood there unread
    "packet"           a packet that is neither modifier nor event, or a modifier behind the last event
    one character      another block that belongs to the event: A text, V, L, X, … (DC-03 function letters)
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import msgspec

from protocols.content import (
    ACCOUNT_CHARS_MAX,
    DATA_CHARS_MAX,
    EVENTS_MAX,
    TEXT_CHARS_MAX,
    DecodedContent,
    not_understood,
    opaque_signal,
)
from protocols.event_codes import STANDARD, AddressKind, CodeTable, EventCode
from protocols.sia_encode import TOKEN, encode_blocks, signal
from protocols.signals import Category, Qualifier, Scheme, Signal, bare_address

__all__ = ["MODIFIERS_CHARS_MAX", "TOKEN", "decode_blocks", "encode_blocks", "signal"]

# Modifiers persist for the later events of their block and are copied into each: this bounds what a block swells to.
MODIFIERS_CHARS_MAX = 256

# DC-03 function letters whose blocks are kept as they are; N, O, E, # and A are read.
_KEPT_LETTERS = frozenset("CP@?&XLVvI")
_LINK_CONTROL = frozenset("0123456789")  # DC-03 acknowledgements and "end of data": one character, no text

# Slashes inside ^text^ and *'text'NM do not separate packets.
_PACKET = re.compile(r"(?:\^[^^]*\^|\*'[^']*'|[^/])+")
_MODIFIER = re.compile(r"([a-z]{2})([0-9:.\-]*)(.*)", re.DOTALL)
# DC-03: two letters, then an address of hex digits, `-` and `:`.
_EVENT = re.compile(r"([A-Z]{2})([0-9A-F:\-]*)(.*)", re.DOTALL)
# Behind the address: *unit, ^text^ (the last ^ may be missing), or the X-SIA name *'text'NM of Aritech panels.
_ATTACHED = re.compile(r"\*'(.*?)'NM|\*([0-9A-Za-z:\-]+)|\^([^^]*)(?:\^|$)", re.DOTALL)
_DATE_TIME = re.compile(r"(\d\d)-(\d\d)-(\d\d) (\d\d):(\d\d)(?::(\d\d))?", re.ASCII)  # da MM-DD-YY, ti hh:mm[:ss]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ZONE_LIKE = frozenset({AddressKind.ZONE, AddressKind.USER, AddressKind.AREA, AddressKind.NONE})
_Extra = list[tuple[str, str]]


def decode_blocks(data: str, *, account: str, codes: CodeTable = STANDARD) -> DecodedContent:
    """Read the data of a SIA-DCS message, between `[` and `]`. `account` is the header's, used when data has none."""
    if len(data) > DATA_CHARS_MAX:
        return not_understood(TOKEN, data, account, "oversize")
    reader = _Reader(account, codes)
    blocks = data.split("|")
    for number, block in enumerate(blocks):
        if len(reader.signals) >= EVENTS_MAX:
            reader.keep_rest("|".join(blocks[number:]))
            break
        if block:
            reader.receive_block(block)
    return reader.content(data)


class _Modifiers:
    """What stands before an event and holds for the later ones of its block, until replaced (DC-03)."""

    __slots__ = ("chars", "replaced", "unused", "values")

    def __init__(self) -> None:
        self.values: dict[str, str] = {}  # key → value, and key_text → text right after it
        self.replaced: _Extra = []  # values that another overtook before any event used them
        self.unused: list[str] = []  # whole packets since the last event
        self.chars = 0

    def put(self, key: str, value: str, text: str, packet: str) -> None:
        if key in self.values:
            self._replace(key)
        self.values[key] = value
        if text:
            self.values[f"{key}_text"] = text
        self.unused.append(packet)
        self.chars += len(packet)

    def _replace(self, key: str) -> None:
        was_used = not any(packet.startswith(key) for packet in self.unused)
        for name in (key, f"{key}_text"):
            old = self.values.pop(name, None)
            if old is not None and not was_used:
                self.replaced.append((name, old))

    def use(self) -> _Extra:
        replaced, self.replaced = self.replaced, []
        self.unused.clear()
        return replaced


class _Reader:
    """One message's blocks. `last` is the index of the newest event: what follows it may belong to it."""

    __slots__ = ("account", "codes", "has_account", "held", "last", "other", "other_used", "remarks", "signals")

    def __init__(self, account: str, codes: CodeTable) -> None:
        self.account = account
        self.codes = codes
        self.has_account = False
        self.other = ""  # a second account, for the events after it
        self.other_used = True
        self.signals: list[Signal] = []
        self.last = -1
        self.held: _Extra = []  # came before the first event
        self.remarks: dict[str, None] = {}  # in order, each once

    def receive_block(self, block: str) -> None:
        letter = block[0]
        if letter in "NOE":
            self._receive_events(block)
        elif letter == "#":
            self._receive_account(block)
        elif letter == "A":
            self._attach_text(block[1:].strip())
        elif letter in _KEPT_LETTERS or (letter in _LINK_CONTROL and len(block) == 1):
            self._attach(letter, block[1:])
        else:
            self._keep_opaque(block)

    def keep_rest(self, text: str) -> None:
        self.signals.append(opaque_signal(TOKEN, text))
        self.remarks["too_many_events"] = None

    def content(self, data: str) -> DecodedContent:
        if self.last < 0:
            if self.signals or not self.held or len(self.held) > EVENTS_MAX:
                return not_understood(TOKEN, data, self.account)
            self.signals = [opaque_signal(letter, text) for letter, text in self.held]
        self._settle_account()
        return DecodedContent(account=self.account, signals=tuple(self.signals), remarks=tuple(self.remarks))

    def _receive_account(self, block: str) -> None:
        account = block[1:]
        if len(account) > ACCOUNT_CHARS_MAX:
            self._keep_opaque(block)
        elif not self.has_account and self.last < 0:
            self.account = account or self.account
            self.has_account = True
        elif account:
            self._settle_account()
            self.other = "" if account == self.account else account
            self.other_used = not self.other
            if self.other:
                self.remarks["second_account"] = None

    def _settle_account(self) -> None:
        """A second account that no event followed is kept too."""
        if not self.other_used:
            self._keep_opaque(f"#{self.other}")
            self.other_used = True

    def _keep_opaque(self, text: str) -> None:
        self.signals.append(opaque_signal(TOKEN, text))
        self.remarks["block_not_understood"] = None

    def _attach(self, key: str, value: str) -> None:
        if self.last < 0:
            self.held.append((key, value))
            return
        event = self.signals[self.last]
        self.signals[self.last] = msgspec.structs.replace(event, extra=(*event.extra, (key, value)))

    def _attach_text(self, text: str) -> None:
        if not text:
            return
        if len(text) > TEXT_CHARS_MAX:
            self.remarks["long_text"] = None
        if self.last >= 0 and self.signals[self.last].text is None:
            self.signals[self.last] = msgspec.structs.replace(self.signals[self.last], text=text)
        else:
            self._attach("A", text)

    def _receive_events(self, block: str) -> None:
        """Read one N, O or E block: modifiers, events, and what is neither."""
        letter, body = block[0], block[1:]
        packets = _PACKET.findall(body) if "^" in body or "*'" in body else body.split("/")
        modifiers = _Modifiers()
        strange: list[str] = []
        before = self.last
        for number, packet in enumerate(packets):
            if len(self.signals) >= EVENTS_MAX:
                self.keep_rest(letter + "/".join((*modifiers.unused, *packets[number:])))
                modifiers.unused.clear()
                break
            event = packet
            if (split := _split_modifier(packet, self.codes)) is not None:
                key, value, text, event = split
                modifiers.put(key, value, text, packet)
                if event:
                    self.remarks["missing_slash"] = None
                elif modifiers.chars > MODIFIERS_CHARS_MAX:
                    self._keep_opaque(block)
                    return
            if event and not self._receive_event(letter, event, modifiers):
                strange.append(packet)
        if self.last == before:
            self._keep_opaque(block)
            return
        for packet in (*strange, *modifiers.unused):
            self._attach("packet", packet)
            self.remarks["packet_not_understood"] = None

    def _receive_event(self, letter: str, packet: str, modifiers: _Modifiers) -> bool:
        match = _EVENT.fullmatch(packet)
        if match is None:
            return False
        code, address, rest = match.groups()
        if letter == "E":
            code = f"E:{code}"
        attached = _read_attached(rest) if rest else ([], [])
        if code not in self.codes.sia:
            # Two capitals and then something unread is a word, not a code. E blocks hold what their table names.
            if attached is None or letter == "E":
                return False
            self.remarks["unknown_code"] = None
        if attached is None:
            attached = ([], [("tail", rest)])
            self.remarks["packet_not_understood"] = None
        self._append(_known(code, self.codes), address, attached, modifiers, old=letter == "O")
        return True

    def _append(
        self, known: EventCode, address: str, attached: tuple[list[str], _Extra], modifiers: _Modifiers, *, old: bool
    ) -> None:
        replaced = modifiers.use()
        area, zone, user, consumed, leftover = _place(known, address, modifiers.values)
        occurred_at = None
        if "da" in modifiers.values and "ti" in modifiers.values:
            occurred_at = _instant(f"{modifiers.values['da']} {modifiers.values['ti']}")
            if occurred_at is not None:
                consumed = (*consumed, "da", "ti")
        extra: _Extra = [("#", self.other)] if self.other else []
        self.other_used = True
        extra += replaced
        if modifiers.values:
            extra += [item for item in modifiers.values.items() if item[0] not in consumed]
        if old:
            extra.append(("old", "1"))
        if zone is not None and known.address not in _ZONE_LIKE:
            extra.append(("kind", known.address.value))
        if leftover:
            extra.append(("address", leftover))
        texts, units = attached
        extra += units
        assert known.qualifier is not None, known.code
        self.last = len(self.signals)
        self.signals.append(
            Signal(
                scheme=Scheme.SIA,
                code=known.code,
                category=known.category,
                qualifier=known.qualifier,
                family=known.family,
                area=area,
                zone=zone,
                user=user,
                occurred_at=occurred_at,
                extra=tuple(extra),
            )
        )
        for text in texts:
            self._attach_text(text)
        if self.held:
            self._attach_held()

    def _attach_held(self) -> None:
        held, self.held = self.held, []
        for key, value in held:
            if key == "A":
                self._attach_text(value)
            else:
                self._attach(key, value)


def _split_modifier(packet: str, codes: CodeTable) -> tuple[str, str, str, str] | None:
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
    if digits and _is_known_event(rest, codes):
        return key, digits, "", rest
    value, _, behind = rest.partition("^")
    text, _, event = behind.partition("^")
    if event and not _is_known_event(event, codes):
        return None
    return key, digits + value, text.strip(), event


def _is_known_event(packet: str, codes: CodeTable) -> bool:
    match = _EVENT.fullmatch(packet)
    return match is not None and match[1] in codes.sia and _read_attached(match[3]) is not None


def _read_attached(rest: str) -> tuple[list[str], _Extra] | None:
    """Texts, and the rest as extra; None when something there cannot be read."""
    texts: list[str] = []
    if rest == "NM":  # X-SIA name mark without a name, as captured: `OP001NM`
        return texts, [("tail", rest)]
    units: _Extra = []
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


def _place(
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


def _instant(text: str) -> int | None:
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


def _known(code: str, codes: CodeTable) -> EventCode:
    known = codes.sia.get(code)
    if known is None:
        known = EventCode(code=code, name=code, category=Category.UNKNOWN, qualifier=Qualifier.NEW, family=code)
    return known
