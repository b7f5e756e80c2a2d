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


class Arrival(Struct, frozen=True, gc=False, kw_only=True):
    """Made by `arrived`, which fills in what every stage asks for."""

    entry: Entry
    site_id: str
    system_id: str
    signal: Signal
    index: int
    account: str  # as sent
    seq: int
    at: int
    zone: str  # without leading zeros
    area: str
    # By the panel's own account of when it happened; 0 when it came on time or said nothing.
    delayed_s: float
    happened_at: int  # what windows are measured on: a burst of old events is not one event of now
    path: str = ""  # gateway, account and receiver it came over
    panel_s: int = 0  # the frame's own timestamp in whole seconds; 0 for none
    is_promoted: bool = False  # an operator has made it live: nothing may hold it again
    is_of_storm: bool = False  # a fault that many sites share: it says nothing about this one

    @property
    def is_delayed(self) -> bool:
        return self.delayed_s > 0


def arrived(
    entry: Entry,
    signal: Signal,
    *,
    index: int,
    account: str,
    seq: int,
    at: int,
    path: str = "",
    panel_s: int = 0,
    is_promoted: bool = False,
    is_of_storm: bool = False,
) -> Arrival:
    delayed_s = _delay_s(entry, signal, at)
    return Arrival(
        entry=entry,
        site_id=entry.site.id,
        system_id=entry.system.id,
        signal=signal,
        index=index,
        account=account,
        seq=seq,
        at=at,
        zone=bare_address(signal.zone),
        area=bare_address(signal.area),
        delayed_s=delayed_s,
        happened_at=at if not delayed_s or signal.occurred_at is None else signal.occurred_at,
        path=path,
        panel_s=panel_s,
        is_promoted=is_promoted,
        is_of_storm=is_of_storm,
    )


def _delay_s(entry: Entry, signal: Signal, at: int) -> float:
    """requirements 4.4: panel time older than now - T is delayed. Exactly T old is still on time."""
    limit_s = entry.site.conditioning.delayed_after_s
    if signal.occurred_at is None or limit_s <= 0:
        return 0.0
    age_s = (at - signal.occurred_at) / NS
    return age_s if age_s > limit_s else 0.0


def run_of(turn: Turn, site_id: str) -> SiteRun:
    return turn.state.siteruns.get(site_id) or _EMPTY


def put_run(turn: Turn, site_id: str, run: SiteRun) -> None:
    turn.state.siteruns.put(site_id, run)


# Alarms proper: matters that a person on the premises, or their absence, explains.
ALARMS = frozenset({Category.INTRUSION, Category.TAMPER, Category.HOLDUP, Category.DURESS})
