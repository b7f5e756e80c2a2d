"""What the event codes of SIA DC-03 and Contact ID mean: category, family, and which thing the address names.

One rule: a code's meaning stands in one row of `data/*.tsv` (its source beside it) and nowhere in code. What a signal
leads to belongs to `rules`; how it looks on the wire belongs to `sia` and `contact_id`.

Openings and closings keep Contact ID's convention (DC-05: Q 1 opening, Q 3 closing) in both schemes: category
OPEN_CLOSE, family OPEN, NEW for an opening and RESTORE for a closing. Reports *about* opening and closing (late,
failed, extended) have a family of their own; ask `is_opening` and `is_closing`, never the qualifier alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import TypeVar

import msgspec
from msgspec import Struct

from protocols.signals import LIFE_SAFETY, Category, Qualifier, Scheme, Signal

FAMILY_OPEN = "OPEN"
FAMILY_TEST = "TEST"  # reports that prove the whole way from panel to centre: RP RX TX RY, 601 602 603 608


class AddressKind(StrEnum):
    """What the number after a code counts (DC-03 "address", DC-05 CCC). All but USER and AREA end up in `zone`."""

    ZONE = "zone"
    USER = "user"
    AREA = "area"
    NONE = "none"  # the standard gives none; one that comes all the same is kept like a zone
    DOOR = "door"
    EXPANDER = "expander"
    DEVICE = "device"
    RELAY = "relay"
    OUTPUT = "output"
    LINE = "line"
    NETWORK = "network"
    RECEIVER = "receiver"  # a radio receiver on the premises
    LINECARD = "linecard"
    PRINTER = "printer"
    HUB = "hub"
    CONDITION = "condition"
    MESSAGE = "message"
    CUSTOM = "custom"
    DEALER = "dealer"
    PARAMETER = "parameter"


class EventCode(Struct, frozen=True, kw_only=True):
    """One row. `qualifier` is None where the wire carries it (Contact ID); `also_ends` are families a restore covers
    besides its own: SIA "restoral" codes end alarm and trouble alike (DC-03: alarm/trouble condition eliminated)."""

    code: str
    name: str
    category: Category
    qualifier: Qualifier | None
    family: str
    address: AddressKind = AddressKind.ZONE
    also_ends: tuple[str, ...] = ()
    note: str = ""


class CodeTableError(ValueError):
    """An override that cannot be taken; the message lists every bad row and what to write instead."""


class CodeTable:
    """The codes of both schemes. Immutable: `with_overrides` gives another table."""

    __slots__ = ("contact_id", "sia")

    def __init__(self, sia: Mapping[str, EventCode], contact_id: Mapping[str, EventCode]) -> None:
        self.sia: Mapping[str, EventCode] = MappingProxyType(dict(sia))
        self.contact_id: Mapping[str, EventCode] = MappingProxyType(dict(contact_id))

    def lookup(self, scheme: Scheme, code: str) -> EventCode | None:
        if scheme is Scheme.SIA:
            return self.sia.get(code)
        if scheme is Scheme.CONTACT_ID:
            return self.contact_id.get(code)
        return None

    def with_overrides(self, rows: Iterable[Mapping[str, str]]) -> CodeTable:
        """Lay an installation's own rows over the table.

        A row names `scheme` (sia, contact_id) and `code`, and any of name, category, qualifier (sia only), family,
        address and note; what it leaves out stays. A code that is in no table needs a category. A life-safety code
        may move within life safety but not out of it: configuration cannot mute a fire.
        """
        tables = {Scheme.SIA: dict(self.sia), Scheme.CONTACT_ID: dict(self.contact_id)}
        problems: list[str] = []
        for number, row in enumerate(rows, start=1):
            try:
                scheme, code = _read_override(row, tables)
            except ValueError as error:
                problems.append(f"row {number} ({row.get('scheme', '?')} {row.get('code', '?')}): {error}")
            else:
                tables[scheme][code.code] = code
        if problems:
            raise CodeTableError("; ".join(problems))
        return CodeTable(tables[Scheme.SIA], tables[Scheme.CONTACT_ID])

    def reclassify(self, signal: Signal) -> Signal:
        """The same signal in this table's words: for a table that differs from the one the decoder used."""
        code = self.lookup(signal.scheme, signal.code)
        if code is None:
            return signal
        qualifier = signal.qualifier if code.qualifier is None else code.qualifier
        if (code.category, code.family, qualifier) == (signal.category, signal.family, signal.qualifier):
            return signal
        return msgspec.structs.replace(signal, category=code.category, family=code.family, qualifier=qualifier)

    def families_ended(self, signal: Signal) -> tuple[str, ...]:
        """Families a restore ends, its own first; nothing for other qualifiers."""
        if signal.qualifier is not Qualifier.RESTORE:
            return ()
        code = self.lookup(signal.scheme, signal.code)
        return (signal.family, *(code.also_ends if code else ()))


_Choice = TypeVar("_Choice", bound=StrEnum)

_OVERRIDE_KEYS = ("scheme", "code", "name", "category", "qualifier", "family", "address", "note")
_CODE_SHAPES = {
    Scheme.SIA: ("two capital letters", re.compile(r"[A-Z]{2}")),
    Scheme.CONTACT_ID: ("three digits, 0-9 and B-F", re.compile(r"[0-9B-F]{3}")),
}


def _read_override(
    row: Mapping[str, str], tables: Mapping[Scheme, Mapping[str, EventCode]]
) -> tuple[Scheme, EventCode]:
    if unknown := set(row) - set(_OVERRIDE_KEYS):
        raise ValueError(f"unknown key {min(unknown)!r}; use {', '.join(_OVERRIDE_KEYS)}")
    scheme = _one_of(Scheme, row.get("scheme", ""), "scheme")
    if scheme not in tables:
        raise ValueError("scheme must be sia or contact_id; other schemes have no code table")
    code = row.get("code", "")
    shape, pattern = _CODE_SHAPES[scheme]
    old = tables[scheme].get(code)
    if old is None and not pattern.fullmatch(code):
        raise ValueError(f"code {code!r} must be {shape}")
    if "qualifier" in row and scheme is Scheme.CONTACT_ID:
        raise ValueError("remove qualifier: Contact ID carries it in every message")
    if old is None:
        if "category" not in row:
            raise ValueError("a code that is in no table needs a category")
        qualifier = Qualifier.NEW if scheme is Scheme.SIA else None
        old = EventCode(code=code, name=code, category=Category.UNKNOWN, qualifier=qualifier, family=code)
    category = _one_of(Category, row.get("category", old.category), "category")
    if old.category in LIFE_SAFETY and category not in LIFE_SAFETY:
        allowed = ", ".join(sorted(LIFE_SAFETY))
        raise ValueError(f"{code} is {old.category}: life safety stays life safety, use one of {allowed}")
    if not (family := row.get("family", old.family)):
        raise ValueError("family must not be empty; leave it out to keep the old one")
    return scheme, msgspec.structs.replace(
        old,
        name=row.get("name", old.name),
        category=category,
        qualifier=_one_of(Qualifier, row["qualifier"], "qualifier") if "qualifier" in row else old.qualifier,
        family=family,
        address=_one_of(AddressKind, row.get("address", old.address), "address"),
        note=row.get("note", old.note),
    )


def _one_of(kind: type[_Choice], text: str, key: str) -> _Choice:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(f"{key} {text!r} is not one of {', '.join(kind)}") from None


def _load(name: str) -> dict[str, EventCode]:
    text = resources.files("protocols").joinpath("data", name).read_text(encoding="utf-8")
    codes: dict[str, EventCode] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        code = row["code"]
        assert code not in codes, f"{name}: {code} appears twice"
        codes[code] = EventCode(
            code=code,
            name=row["name"],
            category=Category(row["category"]),
            qualifier=Qualifier(row["qualifier"]) if row["qualifier"] else None,
            family=row["family"],
            address=AddressKind(row["address"]),
            also_ends=tuple(row["also_ends"].split()),
            note=row["note"],
        )
    return codes


STANDARD = CodeTable(_load("sia_codes.tsv"), _load("contact_id_codes.tsv"))


def lookup_sia(code: str) -> EventCode | None:
    """Two letters; codes of other blocks carry the block's letter: "E:DA" (DC-03 tables A.1, A.2, A.4)."""
    return STANDARD.sia.get(code)


def lookup_contact_id(code: str) -> EventCode | None:
    return STANDARD.contact_id.get(code)


def _is_open_close(signal: Signal) -> bool:
    return signal.family == FAMILY_OPEN and signal.category is Category.OPEN_CLOSE


def is_opening(signal: Signal) -> bool:
    """The premises, or an area, were disarmed."""
    return _is_open_close(signal) and signal.qualifier is Qualifier.NEW


def is_closing(signal: Signal) -> bool:
    """The premises, or an area, were armed."""
    return _is_open_close(signal) and signal.qualifier is Qualifier.RESTORE


def is_test_report(signal: Signal) -> bool:
    """A periodic or manual test report, also one that reports a fault with it (RY and 608, category TROUBLE)."""
    return signal.family == FAMILY_TEST
