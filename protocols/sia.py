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
from functools import lru_cache

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
from protocols.sia_packets import EVENT, PACKET, Extra, instant, is_known_event, place, read_attached, split_modifier
from protocols.signals import Category, Qualifier, Scheme, Signal

__all__ = ["EXTRA_ITEMS_MAX", "MODIFIERS_CHARS_MAX", "TOKEN", "decode_blocks", "encode_blocks", "signal"]

# Modifiers persist for the later events of their block and are copied into each: this bounds what a block swells to.
MODIFIERS_CHARS_MAX = 256
# Blocks that hang on one event; each copies the ones before it. Those beyond stand as OPAQUE signals of their own.
EXTRA_ITEMS_MAX = 64
# Events of the common shape that are remembered, of all panels together: some 400 bytes each.
COMMON_EVENTS_MAX = 8192

# DC-03 function letters whose blocks are kept as they are; N, O, E, # and A are read.
_KEPT_LETTERS = frozenset("CP@?&XLVvI")
_LINK_CONTROL = frozenset("0123456789")  # DC-03 acknowledgements and "end of data": one character, no text

# One block with one event and at most an area, both short: what nearly every frame in the field holds.
_COMMON = re.compile(
    rf"(?:#([^|]{{0,{ACCOUNT_CHARS_MAX}}})\|)?N(?:ri([0-9:.\-]{{0,8}})/)?([A-Z]{{2}})([0-9A-F:\-]{{0,8}})"
)
_ZONE_LIKE = frozenset({AddressKind.ZONE, AddressKind.USER, AddressKind.AREA, AddressKind.NONE})


def decode_blocks(data: str, *, account: str, codes: CodeTable = STANDARD) -> DecodedContent:
    """Read the data of a SIA-DCS message, between `[` and `]`. `account` is the header's, used when data has none."""
    if len(data) > DATA_CHARS_MAX:
        return not_understood(TOKEN, data, account, "oversize")
    match = _COMMON.fullmatch(data)
    if match is not None and (content := _decode_common(match, account, codes)) is not None:
        return content
    return _decode_any(data, account, codes)


def _decode_common(match: re.Match[str], account: str, codes: CodeTable) -> DecodedContent | None:
    """The short way for the common shape (a third of the time); what it gives, `_decode_any` gives too."""
    own, *said = match.groups()
    event = _common_event(*said, codes)
    return None if event is None else DecodedContent(account=own or account, signals=(event,))


@lru_cache(maxsize=COMMON_EVENTS_MAX)
def _common_event(ri: str | None, code: str, address: str, codes: CodeTable) -> Signal | None:
    """A panel says the same few things day after day: an opening by the same user is made out once."""
    known = codes.sia.get(code)
    if known is None or known.address not in _ZONE_LIKE:
        return None
    area, zone, user, consumed, leftover = place(known, address, {"ri": ri} if ri else {})
    if leftover or "ri" not in consumed:
        return None
    assert known.qualifier is not None, code
    return Signal(
        scheme=Scheme.SIA,
        code=code,
        category=known.category,
        qualifier=known.qualifier,
        family=known.family,
        area=area,
        zone=zone,
        user=user,
    )


def _decode_any(data: str, account: str, codes: CodeTable) -> DecodedContent:
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
        self.replaced: Extra = []  # values that another overtook before any event used them
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

    def use(self) -> Extra:
        replaced, self.replaced = self.replaced, []
        self.unused.clear()
        return replaced


class _Reader:
    """One message's blocks. `last` is the index of the newest event: what follows it may belong to it."""

    __slots__ = ("account", "account_at", "codes", "has_account", "held", "last", "other", "remarks", "signals")

    def __init__(self, account: str, codes: CodeTable) -> None:
        self.account = account
        self.codes = codes
        self.has_account = False
        self.other = ""  # a second account, for the events after it
        self.account_at = -1  # index of the OPAQUE signal that stands for it while no event has used it
        self.signals: list[Signal] = []
        self.last = -1
        self.held: Extra = []  # came before the first event
        self.remarks: dict[str, None] = {}  # in order, each once

    def receive_block(self, block: str) -> None:
        letter = block[0]
        if letter in "NOE":
            if not self._receive_events(block) and not self._receive_bare(block):
                self._keep_opaque(block)
        elif letter == "#":
            self._receive_account(block)
        elif letter == "A":
            self._attach_text(block[1:].strip())
        elif f"{letter}:{block[1:3]}" not in self.codes.sia and self._receive_bare(block):
            pass
        elif letter in _KEPT_LETTERS or (letter in _LINK_CONTROL and len(block) == 1):
            self._attach(letter, block[1:])
        else:
            self._keep_opaque(block)

    def _receive_bare(self, block: str) -> bool:
        """An event without its function letter, as Conettix D6600 lines print it: `#123456|HA00`."""
        if not is_known_event(block.partition("/")[0], self.codes):
            return False
        self.remarks["missing_letter"] = None
        return self._receive_events(f"N{block}")

    def keep_rest(self, text: str) -> None:
        self.signals.append(opaque_signal(TOKEN, text))
        self.remarks["too_many_events"] = None

    def content(self, data: str) -> DecodedContent:
        if self.last < 0:
            if self.signals or not self.held or len(self.held) > EVENTS_MAX:
                return not_understood(TOKEN, data, self.account)
            self.signals = [opaque_signal(letter, text) for letter, text in self.held]
        return DecodedContent(account=self.account, signals=tuple(self.signals), remarks=tuple(self.remarks))

    def _receive_account(self, block: str) -> None:
        account = block[1:]
        if len(account) > ACCOUNT_CHARS_MAX:
            self._keep_opaque(block)
        elif not self.has_account and self.last < 0:
            self.account = account or self.account
            self.has_account = True
        elif account and account != (self.other or self.account):
            self.other = "" if account == self.account else account
            self.account_at = -1
            if self.other:
                # Kept like any other block, until an event bears it.
                self.account_at = len(self.signals)
                self.signals.append(opaque_signal(TOKEN, block))
                self.remarks["second_account"] = None

    def _keep_opaque(self, text: str) -> None:
        self.signals.append(opaque_signal(TOKEN, text))
        self.remarks["block_not_understood"] = None

    def _attach(self, key: str, value: str) -> None:
        if self.last < 0:
            self.held.append((key, value))
            return
        event = self.signals[self.last]
        if len(event.extra) >= EXTRA_ITEMS_MAX:
            self._keep_opaque(key + value)
            return
        self.signals[self.last] = msgspec.structs.replace(event, extra=(*event.extra, (key, value)))

    def _attach_packets(self, packets: tuple[str, ...]) -> None:
        """Before the blocks that may already hang on the event, because that is where they stand on the wire."""
        self.remarks["packet_not_understood"] = None
        event = self.signals[self.last]
        inside = [item for item in event.extra if len(item[0]) > 1 or item[0] == "#"]
        blocks = [item for item in event.extra if len(item[0]) == 1 and item[0] != "#"]
        extra = (*inside, *(("packet", packet) for packet in packets), *blocks)
        self.signals[self.last] = msgspec.structs.replace(event, extra=extra)

    def _attach_text(self, text: str) -> None:
        if not text:
            return
        if len(text) > TEXT_CHARS_MAX:
            self.remarks["long_text"] = None
        if self.last >= 0 and self.signals[self.last].text is None:
            self.signals[self.last] = msgspec.structs.replace(self.signals[self.last], text=text)
        else:
            self._attach("A", text)

    def _receive_events(self, block: str) -> bool:
        """Read one N, O or E block: modifiers, events, and what is neither. False: it holds no event."""
        letter, body = block[0], block[1:]
        packets = PACKET.findall(body) if "^" in body or "*'" in body else body.split("/")
        modifiers = _Modifiers()
        strange: list[str] = []
        before = self.last
        for number, packet in enumerate(packets):
            if len(self.signals) >= EVENTS_MAX:
                self.keep_rest(letter + "/".join((*modifiers.unused, *packets[number:])))
                modifiers.unused.clear()
                break
            event = packet
            if (split := split_modifier(packet, self.codes)) is not None:
                key, value, text, event = split
                modifiers.put(key, value, text, packet)
                if event:
                    self.remarks["missing_slash"] = None
                elif modifiers.chars > MODIFIERS_CHARS_MAX:
                    self._keep_opaque(block)
                    return True
            if event and not self._receive_event(letter, event, modifiers):
                strange.append(packet)
        if self.last == before:
            return False
        if strange or modifiers.unused:
            self._attach_packets((*strange, *modifiers.unused))
        return True

    def _receive_event(self, letter: str, packet: str, modifiers: _Modifiers) -> bool:
        match = EVENT.fullmatch(packet)
        if match is None:
            return False
        code, address, rest = match.groups()
        if letter == "E":
            code = f"E:{code}"
        attached = read_attached(rest) if rest else ([], [])
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
        self, known: EventCode, address: str, attached: tuple[list[str], Extra], modifiers: _Modifiers, *, old: bool
    ) -> None:
        replaced = modifiers.use()
        area, zone, user, consumed, leftover = place(known, address, modifiers.values)
        occurred_at = None
        if "da" in modifiers.values and "ti" in modifiers.values:
            occurred_at = instant(f"{modifiers.values['da']} {modifiers.values['ti']}")
            if occurred_at is not None:
                consumed = (*consumed, "da", "ti")
        extra: Extra = [("#", self.other)] if self.other else []
        if self.account_at >= 0:
            del self.signals[self.account_at]
            self.account_at = -1
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


def _known(code: str, codes: CodeTable) -> EventCode:
    known = codes.sia.get(code)
    if known is None:
        known = EventCode(code=code, name=code, category=Category.UNKNOWN, qualifier=Qualifier.NEW, family=code)
    return known
