"""A flag as a value: who asked, what it covers, what it has held back, when it ends.

One rule: life safety and supervision of the paths pass every flag that does not name their category, and life safety
passes whatever is no test (design promise 4). Everything kept here is bounded: what does not fit is counted, and stands
in the journal.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.facts import FlagKind, NoticeKind, Recurrence, Scope
from arcd.core.siterun import Trigger
from protocols.signals import LIFE_SAFETY, Category, Signal, bare_address

# The first show how the test began, the last how it goes; those between are counted and stay in the journal.
HELD_FIRST_MAX = 50
HELD_LAST_MAX = 150
EMERGENCIES_MAX = 50
HEARD_MAX = 2_500  # zones counted one by one: more than a system has in the site base

# requirements 4.2: path supervision stays active unless it is named, as life safety does.
NAMED_ONLY = LIFE_SAFETY | {Category.SUPERVISION}


class HeldSignal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A signal a flag held back: `seq` and `index` say where it stands in the journal."""

    seq: int
    at: int
    account: str
    system_id: str
    signal: Signal
    index: int = 0
    zone_name: str = ""
    promoted: bool = False  # an operator has made it live


class Notice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    kind: NoticeKind
    at: int  # when it was told, not when it was recorded
    to: str
    by: str
    reference: str = ""


class Flag(Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    kind: FlagKind
    site_id: str
    scope: Scope
    starts_at: int
    until: int
    reason: str
    placed_by: str
    requested_by: str = ""
    verified_how: str = ""
    identity_check: str = ""
    override_reason: str = ""
    work_order: str = ""
    owner: str = ""
    informed: tuple[str, ...] = ()
    series_id: str = ""
    erc_devices: tuple[str, ...] = ()  # device numbers in its scope
    extended_ns: int = 0  # how much later than asked for it ends
    notices: tuple[Notice, ...] = ()
    held: int = 0  # signals held so far
    last_held_at: int = 0
    # "<system>/<zone>" → how many signals but restores came while it stood: expected against received at the end.
    heard: dict[str, int] = {}
    first: tuple[HeldSignal, ...] = ()
    last: tuple[HeldSignal, ...] = ()
    emergencies: tuple[HeldSignal, ...] = ()  # life safety among them, listed for itself
    emergency_count: int = 0
    standing: tuple[Trigger, ...] = ()  # held alarms and troubles that wait for their restore

    def covers(self, system_id: str, signal: Signal) -> bool:
        scope = self.scope
        if signal.category in NAMED_ONLY and signal.category not in scope.categories:
            return False
        if signal.category in LIFE_SAFETY and self.kind is not FlagKind.ON_TEST:
            return False
        if scope.categories and signal.category not in scope.categories:
            return False
        if scope.systems and system_id not in scope.systems:
            return False
        if scope.areas and not among(signal.area, scope.areas):
            return False
        return not scope.zones or among(signal.zone, scope.zones)

    @property
    def narrowness(self) -> int:
        """Zones are narrower than areas, those than systems; a category narrows each of them a little."""
        scope = self.scope
        width = 3 if scope.zones else 2 if scope.areas else 1 if scope.systems else 0
        return 2 * width + bool(scope.categories)

    def notice(self, kind: NoticeKind) -> Notice | None:
        return next((notice for notice in self.notices if notice.kind is kind), None)

    def signals(self) -> tuple[HeldSignal, ...]:
        """Those still kept, in the order they came."""
        return (*self.first, *self.last)


class FlagReport(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a flag came to. Kept a while after its end; the journal keeps it for good."""

    flag: Flag
    ended_at: int
    because: str
    expected: tuple[str, ...] = ()  # "<system>/<zone>"
    missing: tuple[str, ...] = ()
    is_announced: bool | None = None  # the call came before the first signal; None: nobody had to call
    case_id: str = ""  # who accepts it; "": there was nothing to accept


class FlagSeries(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A flag that comes again. The next one is placed when one ends."""

    id: str
    recurrence: Recurrence
    timezone: str
    ends_at: int


def among(address: str | None, addresses: tuple[str, ...]) -> bool:
    bare = bare_address(address)
    return any(bare == bare_address(other) for other in addresses)
