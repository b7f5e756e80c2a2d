"""Temporary changes of an area's hours: who may, for how long, and taking one back.

One rule: a change stretches what nobody is called for, so it stands on a verified person's word and has an end.
"""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from arcd.core.calendars import Change, local_day
from arcd.core.facts import SUPERVISOR, ScheduleChangeRequested
from arcd.core.identity.checking import recent_check
from arcd.core.schedules.areas import expect, is_watched, put_run, run_of
from arcd.core.schedules.model import CHANGES_MAX
from arcd.core.site import Area, ContactRole, Site, System
from arcd.core.turn import Turn
from protocols.signals import bare_address

Refusal = tuple[str, str]

CHANGE_DAYS_MAX = 92  # what lasts longer belongs in the site base
AHEAD_DAYS_MAX = 366
REASON_CHARS_MAX = 500
IDENTITY_LEVEL_MIN = 1
MAY_ASK = frozenset({ContactRole.KEY_HOLDER, ContactRole.ON_TEST_AUTHORITY, ContactRole.ALARM_CONTACT})


def change(turn: Turn, fact: ScheduleChangeRequested) -> None:
    site = turn.state.sites.get(fact.site_id)
    if site is None:
        return turn.refuse("site.unknown", f"No site {fact.site_id}; `arcctl sites list` lists them.")
    turn.refs[f"site/{site.id}"] = None
    found = _area(site, fact)
    if found is None:
        there = ", ".join(f"{s.id}/{a.number}" for s in site.systems for a in s.areas if a.schedule) or "none"
        return turn.refuse(
            "schedule.area",
            f"No area {fact.area} of system {fact.system_id} with a schedule at {site.id}. There are: {there}.",
        )
    system, area = found
    refusal = _person_refusal(turn, fact, site)
    if refusal is not None:
        return turn.refuse(*refusal)
    today = local_day(site.timezone, turn.at)
    run = run_of(turn, site.id, system.id, area).without_past_changes(today.isoformat())
    if fact.withdraws:
        kept = tuple(each for each in run.changes if each.id != fact.withdraws)
        if len(kept) == len(run.changes):
            return turn.refuse("schedule.change", f"No change {fact.withdraws} is in force or still to come there.")
        change_id, changes = fact.withdraws, kept
    else:
        refusal = _days_refusal(fact, today) or _hours_refusal(fact)
        if refusal is None and len(run.changes) >= CHANGES_MAX:
            refusal = "schedule.changes", f"{CHANGES_MAX} changes stand already; withdraw one, or change the site base."
        if refusal is not None:
            return turn.refuse(*refusal)
        made = _made(turn, fact)
        change_id, changes = made.id, (*run.changes, made)
    put_run(turn, site.id, system.id, area, replace(run, changes=changes))
    what = "schedule.change_withdrawn" if fact.withdraws else "schedule.changed"
    turn.note(what, "", id=change_id, site=site.id, system=system.id, area=area.number, by=fact.actor.id)
    if is_watched(area):
        expect(turn, site, system, area)
    return turn.grant(change_id)


def _made(turn: Turn, fact: ScheduleChangeRequested) -> Change:
    return Change(
        id=turn.new_id("H"),
        hours=fact.hours,
        from_day=fact.from_day,
        until_day=fact.until_day,
        reason=fact.reason,
        by=fact.actor.id,
        requested_by=fact.requested_by,
        at=turn.at,
    )


def _area(site: Site, fact: ScheduleChangeRequested) -> tuple[System, Area] | None:
    return next(
        (
            (system, area)
            for system in site.systems
            for area in system.areas
            if system.id == fact.system_id
            and bare_address(area.number) == bare_address(fact.area)
            and area.schedule is not None
        ),
        None,
    )


def _person_refusal(turn: Turn, fact: ScheduleChangeRequested, site: Site) -> Refusal | None:
    if not fact.reason.strip() or len(fact.reason) > REASON_CHARS_MAX:
        return "schedule.reason", f"Say why, in 1 to {REASON_CHARS_MAX} characters."
    if not fact.requested_by:
        if SUPERVISOR in fact.actor.roles:
            return None
        return (
            "R-29",
            "Say on whose word: a contact and the identity check made of them just now. (A supervisor needs none.)",
        )
    contact = site.contact(fact.requested_by)
    if contact is None:
        return "R-29", f"No contact {fact.requested_by} at {site.id}; `arcctl sites show {site.id}` lists them."
    if not MAY_ASK & set(contact.roles):
        roles = ", ".join(sorted(MAY_ASK))
        return "schedule.person", f"{contact.id} may not ask for it; a contact with one of these roles may: {roles}."
    check = recent_check(turn, site.id, contact.id, fact.identity_check) if fact.identity_check else None
    if check is None or check.level < IDENTITY_LEVEL_MIN:
        return "R-29", (
            f"{contact.id} is not verified: an identity check of the last 10 minutes is needed "
            f"(`arcctl test verify {site.id} {contact.id}`)."
        )
    return None


def _days_refusal(fact: ScheduleChangeRequested, today: date) -> Refusal | None:
    try:
        first, last = date.fromisoformat(fact.from_day), date.fromisoformat(fact.until_day)
    except ValueError:
        return "schedule.days", "Write the first and the last day like 2026-12-24."
    if last < first:
        return "schedule.days", f"It ends on {last}, before it begins on {first}."
    if last < today:
        return "schedule.days", f"{last} is over: today is {today} at the site."
    if last - first >= timedelta(days=CHANGE_DAYS_MAX) or first > today + timedelta(days=AHEAD_DAYS_MAX):
        return (
            "schedule.days",
            f"A change lasts {CHANGE_DAYS_MAX} days at most; what lasts longer is for the site base.",
        )
    return None


def _hours_refusal(fact: ScheduleChangeRequested) -> Refusal | None:
    opens, closes = fact.hours.opens, fact.hours.closes
    if opens is None and closes is None:
        return None
    if opens is None or closes is None or not 0 <= opens < 1440 or not opens < closes <= opens + 1440:
        return "schedule.hours", 'Hours are like "08:00-21:00", at most a day long, or closed.'
    return None
