"""Signals as SIA DC-03 blocks: what a test panel and an output line write, and `sia` reads back unchanged.

One rule: what DC-03 cannot say is an error that says so, never left out. Each event gets a block of its own, so that no
modifier of one reaches the next. Reading belongs to `sia`, which also explains the keys of `extra`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from protocols.content import DecodedContent
from protocols.event_codes import STANDARD, AddressKind, CodeTable
from protocols.signals import Category, Qualifier, Scheme, Signal, bare_address

TOKEN = "SIA-DCS"  # noqa: S105 – DC-09 id token of this content, no secret; also the code of what could not be read

_FRAME_ENDS = re.compile(r"[\[\]\r\n]")
_SEPARATORS = re.compile(r"[/^|]")
_CODE = re.compile(r"(E:)?[A-Z]{2}")
_ADDRESS = re.compile(r"[0-9A-F:\-]*")
_MODIFIER_KEY = re.compile(r"[a-z]{2}(_text)?")
# A value that `sia` would read as digits and an event: DC-03 has no way to tell them apart.
_GLUED = re.compile(r"[0-9:.\-]+([A-Z]{2})[0-9A-F:\-]*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode_blocks(content: DecodedContent, *, codes: CodeTable = STANDARD) -> str:
    """The data of a SIA-DCS message, without the brackets. ValueError names what DC-03 cannot say."""
    if not content.understood:
        return content.signals[0].text or ""
    if "|" in content.account:
        raise ValueError("an account cannot contain |, which ends it")
    blocks = [f"#{content.account}"]
    current = ""
    for signal in content.signals:
        other = dict(signal.extra).get("#", "")
        if signal.scheme is Scheme.OPAQUE:
            blocks.append((signal.text or "") if signal.code == TOKEN else signal.code + (signal.text or ""))
            continue
        if other != current:
            blocks.append(f"#{other or content.account}")
            current = other
        blocks += _Event(signal, codes).blocks()
    data = "|".join(blocks)
    if _FRAME_ENDS.search(data):
        raise ValueError("the characters [ ] CR and LF end a frame: remove them")
    return data


def signal(
    code: str,
    *,
    area: str | None = None,
    zone: str | None = None,
    user: str | None = None,
    text: str | None = None,
    occurred_at: int | None = None,
    extra: tuple[tuple[str, str], ...] = (),
    codes: CodeTable = STANDARD,
) -> Signal:
    """A signal as the decoder would give it, with what the table says of the code."""
    known = codes.sia.get(code)
    return Signal(
        scheme=Scheme.SIA,
        code=code,
        category=known.category if known is not None else Category.UNKNOWN,
        qualifier=_meaning(code, codes),
        family=known.family if known is not None else code,
        area=area,
        zone=zone,
        user=user,
        text=text,
        occurred_at=occurred_at,
        extra=extra,
    )


def _meaning(code: str, codes: CodeTable) -> Qualifier:
    """An SIA code has one qualifier; a code that is in no table is taken as news."""
    known = codes.sia.get(code)
    if known is None:
        return Qualifier.NEW
    assert known.qualifier is not None, code
    return known.qualifier


class _Event:
    """One signal being taken apart into modifiers, the event packet and what follows it."""

    def __init__(self, signal: Signal, codes: CodeTable) -> None:
        if signal.scheme is not Scheme.SIA:
            raise ValueError(f"{signal.scheme} code {signal.code} is not SIA: send it in its own format")
        if not _CODE.fullmatch(signal.code):
            raise ValueError(f"code {signal.code!r} must be two capital letters")
        known = codes.sia.get(signal.code)
        means = _meaning(signal.code, codes)
        if signal.qualifier is not means:
            raise ValueError(f"{signal.code} always means {means}: {signal.qualifier} needs another code")
        self.signal = signal
        self.codes = codes
        self.kind = known.address if known is not None else AddressKind.ZONE
        self.fields = {"ri": signal.area or "", "id": signal.user or "", **_date_and_time(signal.occurred_at)}
        self.modifiers: list[str] = []
        self.attached = ""
        self.tail = ""
        self.address = ""
        self.is_old = False
        self.packets: list[str] = []
        self.others: list[str] = []
        for key, value in signal.extra:
            self._take(key, value)

    def blocks(self) -> list[str]:
        address = self._place_address()
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"{self.signal.code}: address {address!r} may hold 0-9, A-F, : and - only")
        for key, value in self.fields.items():
            if value:
                self._add_modifier(key, value)
        letter, code = ("E", self.signal.code[2:]) if ":" in self.signal.code else ("N", self.signal.code)
        text, text_block = self._split_text()
        event = f"{code}{address}{text}{self.attached}{self.tail}"
        body = "/".join((*self.modifiers, event, *self.packets))
        return [f"{'O' if self.is_old else letter}{body}", *text_block, *self.others]

    def _take(self, key: str, value: str) -> None:
        if "|" in value:
            raise ValueError(f"extra {key!r} cannot contain |, which ends a block")
        if key == "unit":
            self.attached += f"*{value}"
        elif key == "tail":
            self.tail = value
        elif key == "packet":
            self.packets.append(value)
        elif key == "address":
            self.address = value
        elif key == "old":
            self.is_old = True
        elif key in ("#", "kind"):
            pass  # written as an account block; said by the code
        elif _MODIFIER_KEY.fullmatch(key):
            self._take_modifier(key, value)
        elif len(key) == 1:
            self.others.append(key + value)
        else:
            raise ValueError(f"extra {key!r} has no place in SIA blocks: remove it")

    def _take_modifier(self, key: str, value: str) -> None:
        if len(key) == 2:
            self._add_modifier(key, value)
            return
        key = key[:2]
        if "^" in value:
            raise ValueError(f"text of modifier {key} cannot contain ^")
        if self.modifiers and self.modifiers[-1].startswith(key) and not self.modifiers[-1].endswith("^"):
            self.modifiers[-1] += f"^{value}^"
        elif key in self.fields:
            self._add_modifier(key, self.fields.pop(key))
            self.modifiers[-1] += f"^{value}^"
        else:
            raise ValueError(f"extra {key}_text has no modifier {key} before it")

    def _add_modifier(self, key: str, value: str) -> None:
        if _SEPARATORS.search(value):
            raise ValueError(f"modifier {key} {value!r} cannot contain / ^ or |")
        if (glued := _GLUED.fullmatch(value)) and glued[1] in self.codes.sia:
            raise ValueError(f"modifier {key} {value!r} would be read as an event {glued[1]}")
        self.modifiers.append(key + value)

    def _place_address(self) -> str:
        """The number after the code, in the place where panels put it: `ri1/CL501` for area 1, user 501."""
        signal, counts = self.signal, self.kind
        if self.address:
            return self.address
        if counts is AddressKind.USER and signal.zone is not None:
            raise ValueError(f"{signal.code} counts users: leave the zone out")
        if counts is AddressKind.AREA and signal.zone is not None:
            if signal.category is Category.OPEN_CLOSE or not bare_address(signal.area):
                raise ValueError(f"{signal.code} counts areas: leave the zone out")
            return signal.zone
        if counts is AddressKind.USER and self._is_free("id"):
            return self.fields.pop("id")
        if counts is AddressKind.AREA and self._is_free("ri"):
            return self.fields.pop("ri")
        return signal.zone or ""

    def _is_free(self, key: str) -> bool:
        """The field is not written yet, and no earlier modifier of its name would be read in its place."""
        earlier = (value for name, value in self.signal.extra if name == key)
        return bool(self.fields.get(key)) and not any(map(bare_address, earlier))

    def _split_text(self) -> tuple[str, list[str]]:
        """`^text^` behind the address; a block of its own where a ^ inside or an unread tail would confuse it."""
        text = self.signal.text
        if not text:
            return "", []
        if "|" in text:
            raise ValueError("a text cannot contain |, which ends a block")
        if "^" in text or self.tail:
            return "", [f"A{text}"]
        return f"^{text}^", []


def _date_and_time(occurred_at: int | None) -> dict[str, str]:
    if occurred_at is None:
        return {}
    seconds, rest = divmod(occurred_at, 1_000_000_000)
    moment = _EPOCH + timedelta(seconds=seconds)
    if rest or not 2000 <= moment.year < 2100:
        raise ValueError("DC-03 writes whole seconds and two-digit years (2000 to 2099): round the time")
    return {"da": f"{moment:%m-%d-%y}", "ti": f"{moment:%H:%M:%S}"}
