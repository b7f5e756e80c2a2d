"""Zones that trip and restore again and again: wind, a loose contact, a curtain (requirements 4.4, swinger).

After so many trips and restores inside one armed period the next trips are logged as swinger: they raise nothing and
call nobody out, and one maintenance ticket is opened. Arming, disarming or 24 hours start the count anew.

One rule: a zone that stays tripped is no swinger; only a trip that was restored counts.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.casebook import attach
from arcd.core.case.joining import case_signal, group_case
from arcd.core.conditioning.arrival import Arrival, put_run, run_of
from arcd.core.conditioning.tickets import open_ticket
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import SiteRun, Swing
from arcd.core.turn import NS, Turn
from protocols.signals import Category, Qualifier

# What a faulty detector sends. A flapping connection is no faulty detector, and life safety is never a swinger.
SWINGING = frozenset({Category.INTRUSION, Category.TAMPER, Category.TECHNICAL, Category.TROUBLE})


def count_restored(turn: Turn, arrival: Arrival, zone: str, family: str, area: str) -> None:
    """A trip of this zone has just been restored."""
    key, run = _key(arrival.system_id, zone, family), run_of(turn, arrival.site_id)
    swing = _current(turn, arrival, run, key) or Swing(since=turn.at, area=area)
    put_run(turn, arrival.site_id, run.with_swing(key, replace(swing, trips=swing.trips + 1)))


def demote(turn: Turn, arrival: Arrival) -> Judgement | None:
    """The judgement of a trip beyond the limit; None lets it pass."""
    signal, limit = arrival.signal, arrival.entry.site.conditioning.swinger_trips
    if limit <= 0 or signal.qualifier is not Qualifier.NEW or signal.category not in SWINGING:
        return None
    run = run_of(turn, arrival.site_id)
    if not run.swings:
        return None
    key = _key(arrival.system_id, arrival.zone, signal.family)
    swing = _current(turn, arrival, run, key)
    if swing is None or swing.trips < limit:
        return None
    case_id = ""
    if not swing.is_reported:
        put_run(turn, arrival.site_id, run.with_swing(key, replace(swing, is_reported=True)))
        case_id = open_ticket(
            turn, arrival.entry, "swinger", about=key, text=f"{arrival.account} {signal.code} {arrival.zone}".strip()
        )
    standing = group_case(turn, arrival.entry, signal.category)
    if standing is not None:
        case_id = attach(turn, standing, case_signal(turn, arrival.entry, signal, arrival.account)).id
    because = f"{swing.trips} trips in this armed period"
    return Judgement(index=arrival.index, judged=Judged.SWINGER, because=because, case_id=case_id)


def _current(turn: Turn, arrival: Arrival, run: SiteRun, key: str) -> Swing | None:
    swing = run.swings.get(key)
    reset_ns = int(arrival.entry.site.conditioning.swinger_reset_s * NS)
    return None if swing is None or turn.at - swing.since >= reset_ns else swing


def reset_by_arming(run: SiteRun, system_id: str, area: str) -> SiteRun:
    """A new armed period of the area, or of the whole system where no area was named."""
    if not run.swings:
        return run
    prefix = f"{system_id}/"
    kept = {
        key: swing
        for key, swing in run.swings.items()
        if not key.startswith(prefix) or (area and swing.area and swing.area != area)
    }
    return replace(run, swings=kept)


def _key(system_id: str, zone: str, family: str) -> str:
    return f"{system_id}/{zone}/{family}"
