"""A signal on its way through the stages: where it came from, when, and how old it was.

One rule: an arrival keeps the journal entry and the instant of its receipt, also when it is decided on later.
"""

from __future__ import annotations

from msgspec import Struct

from arcd.core.directory import Entry
from arcd.core.siterun import SiteRun
from arcd.core.turn import NS, Turn
from protocols.signals import Category, Signal, bare_address

_EMPTY = SiteRun()


class Arrival(Struct, frozen=True, kw_only=True):
    entry: Entry
    signal: Signal
    index: int
    account: str  # as sent
    seq: int
    at: int
    path: str = ""  # gateway, account and receiver it came over
    panel_s: int = 0  # the frame's own timestamp in whole seconds; 0 for none
    is_promoted: bool = False  # an operator has made it live: nothing may hold it again

    @property
    def site_id(self) -> str:
        return self.entry.site.id

    @property
    def system_id(self) -> str:
        return self.entry.system.id

    @property
    def zone(self) -> str:
        return bare_address(self.signal.zone)

    @property
    def area(self) -> str:
        return bare_address(self.signal.area)

    @property
    def age_s(self) -> float:
        """By the panel's own account of when it happened; 0 when it gave none or lives in the future."""
        occurred_at = self.signal.occurred_at
        return 0.0 if occurred_at is None else max(0.0, (self.at - occurred_at) / NS)

    @property
    def is_delayed(self) -> bool:
        """requirements 4.4: panel time older than now - T. Exactly T old is still on time."""
        limit_s = self.entry.site.conditioning.delayed_after_s
        return limit_s > 0 and self.age_s > limit_s

    @property
    def happened_at(self) -> int:
        """What windows are measured on: a burst of old events is not one event of now."""
        if self.is_delayed:
            assert self.signal.occurred_at is not None
            return self.signal.occurred_at
        return self.at


def run_of(turn: Turn, site_id: str) -> SiteRun:
    return turn.state.siteruns.get(site_id) or _EMPTY


def put_run(turn: Turn, site_id: str, run: SiteRun) -> None:
    turn.state.siteruns.put(site_id, run)


# Alarms proper: matters that a person on the premises, or their absence, explains.
ALARMS = frozenset({Category.INTRUSION, Category.TAMPER, Category.HOLDUP, Category.DURESS})
