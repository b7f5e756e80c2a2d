"""What an SIA signal is in Contact ID, for far ends that read nothing else.

One rule: the correspondence stands in `data/sia_to_contact_id.tsv`, a row for every SIA code, and a code without a
counterpart says why it has none. Nothing is chosen here, and no code is made up for what DC-05 cannot say.

    fit    same: both standards mean the same thing · wider: DC-05 says it less exactly · none
    basis  names        the two standards' own names of the codes agree (DC-03-2017, DC-05-2016)
           dc05         DC-05-1999 names the code to be used
           bosch-b      B5512/B4512 and B9512G installation manuals (F.01U.287.180, F.01U.303.996), report definitions
           bosch-ds     DS7200V2-UK installer's guide (4998152533-02), pages 126-131
           bosch-s      Solution 2000 and 3000 installation manuals (F.01U.298.026), reporting list and bypass report
           cooper       Cooper M2000 engineering manual, table 5; 7510r programming reference, table 1
           dsc          DSC PC1565, PC5020, Power 864 and WS900 manuals, appendix on reporting codes
           farenhyt     Honeywell Farenhyt IFP-2000, IFP-300, IFP-75 and Silent Knight 5808 manuals, report formats
           mr2200       Secutron MR-2200 manual, appendix D
           nx           Interlogix NX-8E manual, table 13; GE NX-8 manual, appendix 2
           pysiaalarm   its ADM_MAPPING, which reads the other way
           judged       no source: the nearest code of the same kind
           none         nothing corresponds

Each of these manuals prints both codes for one event of its panel. Where they differ, `note` says what others send.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from enum import StrEnum
from importlib import resources
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from protocols import contact_id
from protocols.event_codes import STANDARD, AddressKind, CodeTable
from protocols.signals import Qualifier, Scheme, Signal, bare_address

BASES: Final = frozenset(
    {"names", "dc05", "bosch-b", "bosch-ds", "bosch-s", "cooper", "dsc", "farenhyt", "mr2200", "nx", "pysiaalarm"}
    | {"judged", "none"}
)

_CONTACT_ID_CODE = re.compile(r"[0-9B-F]{3}")
_DIGITS = re.compile(r"[0-9A-F]*")


class Fit(StrEnum):
    SAME = "same"
    WIDER = "wider"
    NONE = "none"


class Counterpart(Struct, frozen=True, kw_only=True):
    """One row. `qualifier` None: the SIA code's own. `contact_id` is empty where nothing corresponds."""

    contact_id: str
    qualifier: Qualifier | None
    fit: Fit
    basis: tuple[str, ...]
    note: str


def _load() -> Mapping[str, Counterpart]:
    text = resources.files("protocols").joinpath("data", "sia_to_contact_id.tsv").read_text(encoding="utf-8")
    rows: dict[str, Counterpart] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        assert row["code"] not in rows, f"{row['code']} appears twice"
        rows[row["code"]] = Counterpart(
            contact_id=row["contact_id"],
            qualifier=Qualifier(row["qualifier"]) if row["qualifier"] else None,
            fit=Fit(row["fit"]),
            basis=tuple(row["basis"].split()),
            note=row["note"],
        )
    return MappingProxyType(rows)


COUNTERPARTS: Final = _load()


class ContactIdOnly:
    """Turns signals into Contact ID. Immutable.

    `codes`: SIA code → Contact ID code as agreed with the far end, in place of the table's; "" refuses a code.
    `otherwise`: the Contact ID code, agreed likewise (DC-05 leaves 750 to 789 to the user), of what has no counterpart.
    ValueError for a code that is none.
    """

    def __init__(
        self, codes: Mapping[str, str] = MappingProxyType({}), otherwise: str = "", *, table: CodeTable = STANDARD
    ) -> None:
        for code in codes:
            if code not in table.sia:
                raise ValueError(f"{code!r} is no SIA code of the table")
        for code in (*codes.values(), otherwise):
            if code and not _CONTACT_ID_CODE.fullmatch(code):
                raise ValueError(f"{code!r} is no Contact ID code: three digits 0-9, B-F")
        self._codes = dict(codes)
        self._otherwise = otherwise
        self._table = table

    def signal(self, signal: Signal) -> Signal:
        """Anything but SIA as it is. ValueError says why a code has no counterpart."""
        if signal.scheme is not Scheme.SIA:
            return signal
        code, qualifier = self._code(signal)
        if not code:
            row = COUNTERPARTS.get(signal.code)
            why = f": {row.note}" if row is not None and signal.code not in self._codes else ""
            raise ValueError(f"SIA {signal.code} has no Contact ID code{why}")
        known = self._table.contact_id.get(code)
        zone, user = _one_address(signal, known.address if known is not None else AddressKind.ZONE)
        turned = contact_id.signal(code, qualifier, codes=self._table)
        return replace(
            turned, area=_that_fits(signal.area, 2), zone=zone, user=user, text=signal.text,
            occurred_at=signal.occurred_at, media=signal.media, position=signal.position,
        )  # fmt: skip

    def _code(self, signal: Signal) -> tuple[str, Qualifier]:
        row = COUNTERPARTS.get(signal.code)
        qualifier = row.qualifier if row is not None and row.qualifier is not None else signal.qualifier
        if signal.code in self._codes:
            return self._codes[signal.code], qualifier
        return (row.contact_id if row is not None else "") or self._otherwise, qualifier


def unsaid(before: Signal, after: Signal) -> str:
    """The numbers of `before` for which `after`, its Contact ID form, has no digits: "zone 1234"; "" for none."""
    numbers = (("area", before.area, after.area), ("zone", before.zone, after.zone), ("user", before.user, after.user))
    return ", ".join(
        f"{what} {came}" for what, came, goes in numbers if bare_address(came) not in ("", bare_address(goes))
    )


def _one_address(signal: Signal, kind: AddressKind) -> tuple[str | None, str | None]:
    """CCC holds a zone or a user: the one that the Contact ID code asks for, the other where that is all there is."""
    zone, user = _that_fits(signal.zone, 3), _that_fits(signal.user, 3)
    if kind is AddressKind.USER:
        return (None, user) if user is not None else (zone, None)
    return (zone, None) if zone is not None else (None, user)


def _that_fits(number: str | None, digits: int) -> str | None:
    """DC-05 says 000 for what it has no room for: better an alarm without its zone than none."""
    bare = bare_address(number)
    return bare if bare and len(bare) <= digits and _DIGITS.fullmatch(bare) else None
