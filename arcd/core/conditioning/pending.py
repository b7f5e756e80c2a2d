"""Signals that wait a moment, because what comes next may explain them (requirements 4.4).

A mains failure waits for its restore: a short one is nobody's matter. An intrusion alarm at an armed site that reports
openings waits for the user who is about to disarm.

One rule: a pending signal is state with a deadline. It is decided on at that instant, after a restart too, with the
entry and the instant of its receipt; only what it waits for takes it away, and then the journal says so.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.joining import group_case
from arcd.core.conditioning.arrival import Arrival, put_run, run_of
from arcd.core.conditioning.cancels import is_opening_by_user
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import PENDING_MAX, Pending, SiteRun, Waiting
from arcd.core.turn import Turn
from arcd.core.view import area_key, open_categories
from protocols.signals import LIFE_SAFETY, Category, Qualifier, bare_address, same_address

# AC loss of the panel or of a module: DC-03 AT; DC-05 301, 342.
MAINS_FAMILIES = frozenset({"AT", "301", "342"})
# Signals that a user on the way in or out gives: DC-05 entry/exit, exit error; DC-03 exit alarm, exit error.
ENTRY_CODES = frozenset({"134", "374", "EA", "EZ"})


def hold(turn: Turn, arrival: Arrival, evidence: tuple[str, ...]) -> Judgement | None:
    """The judgement of a signal that waits; None for one that is decided on now."""
    if arrival.signal.qualifier is not Qualifier.NEW or arrival.is_delayed:
        return None
    run, conditioning = run_of(turn, arrival.site_id), arrival.entry.site.conditioning
    if _is_mains_failure(arrival):
        waits_for, wait_s = Waiting.RESTORE, conditioning.mains_fail_delay_s
    elif not evidence and _may_be_user(run, arrival) and not _has_case(turn, arrival):
        waits_for, wait_s = Waiting.OPENING, conditioning.unset_filter_s
    else:
        return None
    if wait_s <= 0 or len(run.pending) >= PENDING_MAX:
        return None
    due = min([turn.after(wait_s), *(each.due for each in _like(run, arrival, waits_for))])
    pending = Pending(
        seq=arrival.seq,
        index=arrival.index,
        at=arrival.at,
        due=due,
        waits_for=waits_for,
        signal=arrival.signal,
        account=arrival.account,
        system_id=arrival.system_id,
        account_key=arrival.entry.key,
    )
    put_run(turn, arrival.site_id, replace(run, pending=(*run.pending, pending)))
    turn.deadlines.set(deadline(arrival.site_id, pending), due)
    return Judgement(index=arrival.index, judged=Judged.PENDING, because=f"waits for {waits_for}")


def _is_mains_failure(arrival: Arrival) -> bool:
    return arrival.signal.category is Category.TROUBLE and arrival.signal.family in MAINS_FAMILIES


def _has_case(turn: Turn, arrival: Arrival) -> bool:
    """People are at work on the matter already."""
    return group_case(turn, arrival.entry, arrival.signal.category) is not None


def _may_be_user(run: SiteRun, arrival: Arrival) -> bool:
    signal, system = arrival.signal, arrival.entry.system
    if signal.category is not Category.INTRUSION:
        return False
    reports = any(
        area.reports_open_close and (not arrival.area or same_address(area.number, arrival.area))
        for area in system.areas
    )
    is_armed = run.armed.get(area_key(system.id, signal.area)) is True
    return reports and (is_armed or signal.code in ENTRY_CODES)


def _like(run: SiteRun, arrival: Arrival, waits_for: Waiting) -> list[Pending]:
    """What waits for the same already: one that follows does not make it wait longer."""
    return [
        each
        for each in run.pending
        if each.waits_for is waits_for
        and each.system_id == arrival.system_id
        and (waits_for is Waiting.OPENING or same_address(each.signal.zone, arrival.zone))
    ]


def user_came(turn: Turn, arrival: Arrival) -> None:
    """An opening by a user explains the alarms of the areas it opens."""
    if not is_opening_by_user(arrival) or arrival.is_delayed:
        return
    run = run_of(turn, arrival.site_id)
    explained = [
        each
        for each in run.pending
        if each.waits_for is Waiting.OPENING
        and each.system_id == arrival.system_id
        and (not arrival.area or not bare_address(each.signal.area) or same_address(each.signal.area, arrival.area))
    ]
    if explained and not LIFE_SAFETY.isdisjoint(open_categories(turn, arrival.site_id)):
        turn.note("cancel.not_believed", "", code=arrival.signal.code)
        return  # who disarms may have a knife at the back: they are decided on in their time
    for pending in explained:
        run = run.without_pending(pending)
        turn.deadlines.clear(deadline(arrival.site_id, pending))
        turn.note("signal.explained", "", entry=pending.seq, because="user_entry", user=arrival.signal.user)
    if explained:
        put_run(turn, arrival.site_id, run)


def take(turn: Turn, site_id: str, name: str) -> Pending | None:
    """The signal whose deadline this is; it waits no longer."""
    run = run_of(turn, site_id)
    pending = next((each for each in run.pending if f"{each.seq}.{each.index}" == name), None)
    if pending is not None:
        put_run(turn, site_id, run.without_pending(pending))
    return pending


def take_alarms(turn: Turn, arrival: Arrival) -> list[Pending]:
    """Alarms of this system that another signal has just confirmed: they wait no longer."""
    run = run_of(turn, arrival.site_id)
    taken = [each for each in run.pending if each.waits_for is Waiting.OPENING and each.system_id == arrival.system_id]
    for pending in taken:
        run = run.without_pending(pending)
        turn.deadlines.clear(deadline(arrival.site_id, pending))
    if taken:
        put_run(turn, arrival.site_id, run)
    return taken


def deadline(site_id: str, pending: Pending) -> str:
    return f"site/{site_id}/pending/{pending.seq}.{pending.index}"
