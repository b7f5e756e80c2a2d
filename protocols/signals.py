"""What every wire format decodes to, in the field's own words.

One rule: these values say what a panel reported, never what we think of it. Whether a signal opens a case, and how
urgent it is, belongs to `rules`. Everything here is frozen and serialises with msgspec, because it enters the journal.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Category(StrEnum):
    """What kind of matter a signal reports. The event code tables in `protocols/data/` assign it."""

    FIRE = "fire"  # also gas and carbon monoxide: the same people answer and the same protection applies
    HOLDUP = "holdup"  # hold-up, panic
    DURESS = "duress"
    MEDICAL = "medical"  # also personal emergency, "failed to report in"
    INTRUSION = "intrusion"
    TAMPER = "tamper"
    TECHNICAL = "technical"  # the building: flood, freezer, heat, lift, machinery
    TROUBLE = "trouble"  # the alarm system itself: mains, battery, detector or bell fault
    SUPERVISION = "supervision"  # the connection: path fault, failure to report, link test overdue
    OPEN_CLOSE = "open_close"
    BYPASS = "bypass"
    ACCESS = "access"
    CANCEL = "cancel"  # a user's cancel or abort of an alarm
    TEST = "test"
    SYSTEM = "system"  # programming, log, remote sessions, schedule changes
    UNKNOWN = "unknown"  # the code is in no table: kept and raised, never refused


LIFE_SAFETY: frozenset[Category] = frozenset({Category.FIRE, Category.HOLDUP, Category.DURESS, Category.MEDICAL})


class Qualifier(StrEnum):
    """NEW opens a matter, RESTORE ends it, STATUS repeats that it still stands (Contact ID Q 1, 3, 6)."""

    NEW = "new"
    RESTORE = "restore"
    STATUS = "status"


class Scheme(StrEnum):
    """Which code table `Signal.code` belongs to."""

    SIA = "sia"  # SIA DC-03, two letters
    CONTACT_ID = "contact_id"  # SIA DC-05, three digits
    OPAQUE = "opaque"  # an id token or record kept whole; the code is the token
    ARCD = "arcd"  # found by the daemon itself (wire troubles, supervision)


# gc=False, here and on whatever else a signal is made into on its way: a frozen value that holds only values older than
# itself is in no cycle, and the collector need not look at some twenty of them a signal.
class Position(Struct, frozen=True, gc=False, kw_only=True):
    """Where the panel says it is. Degrees, WGS 84; altitude in metres (DC-09 extended data X, Y, Z)."""

    longitude: float
    latitude: float
    altitude_m: float | None = None


class Signal(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One normalised message from a premises.

    `code` is the code as sent, upper case. `family` pairs an alarm with its restore: a RESTORE ends the oldest open
    NEW of the same account, zone and family. `area`, `zone` and `user` are the digits as sent; compare them with
    `same_address`, which ignores leading zeros.
    """

    scheme: Scheme
    code: str
    category: Category
    qualifier: Qualifier
    family: str = ""
    area: str | None = None
    zone: str | None = None
    user: str | None = None
    text: str | None = None
    # When the panel says it happened: ns since 1970 UTC. None when the panel said nothing.
    occurred_at: int | None = None
    media: tuple[str, ...] = ()  # URLs from extended data V: shown, never fetched by the receiver process
    position: Position | None = None
    # What else came with it and is kept as text: modifiers ("id": "19") and extended data ("xM": "0026b9e4268b").
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def is_life_safety(self) -> bool:
        return self.category in LIFE_SAFETY


def same_address(a: str | None, b: str | None) -> bool:
    """Zones, areas and users are numbers to people: "3", "03" and "003" are one zone; None and "0" are none."""
    return bare_address(a) == bare_address(b)


def bare_address(address: str | None) -> str:
    return (address or "").lstrip("0")
