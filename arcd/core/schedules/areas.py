"""Openings and closings against an area's schedule: late, early, at a time when nobody should be there.

What comes is judged when it comes. What does not come is judged at a deadline: opening time and closing time, each with
its grace. There is one deadline per area, for the next event that has not happened yet, so an ordinary day costs none.

One rule: judged by when we heard of it. A panel's own clock may be an hour wrong, and then it would hide a burglar's
opening; a report that was held up on its way costs a look at most.
"""

from __future__ import annotations

from datetime import date, timedelta

from msgspec import Struct
from msgspec.structs import replace

from arcd.core.calendars import NS, Opening, instant_of, local_day, local_text, openings
from arcd.core.directory import Entry
from arcd.core.schedules.matters import raise_matter, settle
from arcd.core.schedules.model import AreaRun, area_id
from arcd.core.site import Area, Schedule, Site, System
from arcd.core.turn import Turn
from protocols.event_codes import is_closing, is_opening
from protocols.signals import Signal, bare_address

# An opening this long before its time is an early one; before that it is one at a time when nobody should be there.
EARLY_S = 2 * 3600.0
# A deadline reached this late means that we were not there. Panels repeat what we have missed: they get this long.
ABSENT_S = 60.0
RETURN_GRACE_S = 600.0
# Panels say several times that they are closed: by a user, by themselves, by area.
REPEAT_S = 300.0
# How far ahead the next event is looked for, and how far back one that was missed; then it is looked for again.
DAYS_AHEAD, DAYS_BACK = 14, 3

OPENS, CLOSES = "opens", "closes"


class Expected(Struct, frozen=True):
    """An opening or closing, its time, and when it is late."""

    kind: str
    at: int
    late_at: int


def is_watched(area: Area) -> bool:
    """An area whose panel is silent about what is in order cannot be late."""
    return area.schedule is not None and area.reports_open_close and not area.schedule.by_exception


def run_of(turn: Turn, site_id: str, system_id: str, area: Area) -> AreaRun:
    return turn.state.area_runs.get(area_id(site_id, system_id, bare_address(area.number))) or AreaRun()


def put_run(turn: Turn, site_id: str, system_id: str, area: Area, run: AreaRun) -> None:
    turn.state.area_runs.put(area_id(site_id, system_id, bare_address(area.number)), run)


# ------------------------------------------------------------------------------------------------------ what is to come


def events(schedule: Schedule, run: AreaRun, timezone: str, first: date, days: int) -> list[Expected]:
    """Openings and closings of these days, in the order they become late."""
    found = []
    for opening in openings(schedule, timezone, first, days, run.changes):
        found.append(Expected(OPENS, opening.opens, opening.opens + int(schedule.open_grace_s * NS)))
        found.append(Expected(CLOSES, opening.closes, opening.closes + int(schedule.close_grace_s * NS)))
    return sorted(found, key=lambda each: (each.late_at, each.at))


def next_event(schedule: Schedule, run: AreaRun, timezone: str, now: int) -> Expected | None:
    """The first one to come that has not happened yet; its lateness lies ahead."""
    first = local_day(timezone, now) - timedelta(days=DAYS_BACK)
    ahead = events(schedule, run, timezone, first, DAYS_BACK + DAYS_AHEAD)
    horizon = instant_of(timezone, first + timedelta(days=DAYS_BACK + DAYS_AHEAD - 1), 0)
    # The last day's end may be cut off by the window: what touches the day after is not known yet.
    return next((each for each in ahead if now < each.late_at < horizon and not _has_happened(each, run)), None)


def _has_happened(expected: Expected, run: AreaRun) -> bool:
    if expected.kind == OPENS:
        return run.opened_at is not None and run.opened_at >= expected.at - int(EARLY_S * NS)
    return run.is_closed  # undone by opening again; one before its time was told as early


def expect(turn: Turn, site: Site, system: System, area: Area) -> None:
    """Set the area's deadline: when the next event will be late, or when to look further ahead."""
    assert area.schedule is not None
    run = run_of(turn, site.id, system.id, area)
    due = next_event(area.schedule, run, site.timezone, turn.at)
    key = f"schedule/{area_id(site.id, system.id, bare_address(area.number))}"
    turn.deadlines.set(key, due.late_at if due else turn.after((DAYS_AHEAD - 2) * 86_400.0))


# -------------------------------------------------------------------------------------------------------- what came


def hear(turn: Turn, entry: Entry, signal: Signal, index: int) -> None:
    """An opening or closing of the area it names; one that names none is the whole system's."""
    scheduled = [area for area in entry.system.areas if area.schedule is not None]
    if not scheduled or not (is_opening(signal) or is_closing(signal)):
        return
    named = bare_address(signal.area)
    for area in scheduled:
        if named and named != bare_address(area.number):
            continue
        run = run_of(turn, entry.site.id, entry.system.id, area)
        before, user = run, bare_address(signal.user)
        if is_opening(signal):
            run = replace(run, armed=False, opened_at=turn.at)
            run = _settled(turn, entry, area, run, ("late_to_open",))
            run = _opened(turn, entry, area, before, run, user, index)
        else:
            run = replace(run, armed=True, closed_at=turn.at)
            run = _settled(turn, entry, area, run, tuple(before.standing))
            _closed(turn, entry, area, before, user, index)
        put_run(turn, entry.site.id, entry.system.id, area, run)
        if is_watched(area):
            expect(turn, entry.site, entry.system, area)


def _around(turn: Turn, entry: Entry, area: Area) -> list[Opening]:
    assert area.schedule is not None
    run = run_of(turn, entry.site.id, entry.system.id, area)
    first = local_day(entry.site.timezone, turn.at) - timedelta(days=DAYS_BACK)
    return openings(area.schedule, entry.site.timezone, first, 2 * DAYS_BACK + 1, run.changes)


def _opened(
    turn: Turn, entry: Entry, area: Area, before: AreaRun, run: AreaRun, user: str, index: int
) -> AreaRun:  # fmt: skip
    assert area.schedule is not None
    if before.is_open:
        return run  # a second user of an area that is open already
    around = _around(turn, entry, area)
    open_grace, close_grace = int(area.schedule.open_grace_s * NS), int(area.schedule.close_grace_s * NS)
    if any(each.opens - open_grace <= turn.at <= each.closes + close_grace for each in around):
        return run
    soon = next((each for each in around if turn.at < each.opens <= turn.at + int(EARLY_S * NS)), None)
    if soon is not None:
        _raise(turn, entry, area, "early_open", soon.opens, user, index)
        return run
    case_id = _raise(turn, entry, area, "irregular_open", None, user, index)
    return _standing(run, "irregular_open", case_id)


def _closed(turn: Turn, entry: Entry, area: Area, before: AreaRun, user: str, index: int) -> None:
    assert area.schedule is not None
    open_grace, close_grace = int(area.schedule.open_grace_s * NS), int(area.schedule.close_grace_s * NS)
    for each in _around(turn, entry, area):
        if each.opens - open_grace <= turn.at <= each.closes + close_grace:
            if turn.at < each.closes - close_grace:
                _raise(turn, entry, area, "early_close", each.closes, user, index)
            return
    # An area that was open, or of which nothing is known yet, has a reason to be closed whenever that is.
    repeats = before.closed_at is not None and turn.at - before.closed_at <= int(REPEAT_S * NS)
    if before.is_closed and not before.standing and not repeats:
        _raise(turn, entry, area, "irregular_close", None, user, index)


def _raise(
    turn: Turn, entry: Entry, area: Area, code: str, at: int | None, user: str, index: int, *, missed: bool = False
) -> str:
    """One that was missed is a matter of its own; what happened again joins what is open."""
    number = bare_address(area.number)
    fold = f"{entry.system.id}/{number}"
    return raise_matter(
        turn, entry, code,
        fold=f"{fold}|{at}" if missed else fold, area=number, area_name=area.name, user=user,
        time=local_text(entry.site.timezone, at) if at is not None else "", index=index,
    )  # fmt: skip


def _standing(run: AreaRun, code: str, case_id: str) -> AreaRun:
    return replace(run, standing={**run.standing, code: case_id}) if case_id else run


def _settled(turn: Turn, entry: Entry, area: Area, run: AreaRun, codes: tuple[str, ...]) -> AreaRun:
    for code in codes:
        if code in run.standing:
            settle(turn, entry, code, run.standing[code], area=bare_address(area.number))
    return replace(run, standing={code: case_id for code, case_id in run.standing.items() if code not in codes})


# --------------------------------------------------------------------------------------------------- what did not come


def on_deadline(turn: Turn, site_id: str, system_id: str, number: str, due: int) -> None:
    """The next event is late. Were we away, what it is now counts, once, after panels have had time to repeat."""
    site = turn.state.sites.get(site_id)
    found = [
        (system, area)
        for system in (site.systems if site else ())
        for area in system.areas
        if system.id == system_id and bare_address(area.number) == number and is_watched(area)
    ]
    if site is None or not found:
        return
    turn.refs[f"site/{site_id}"] = None
    ((system, area),) = found
    assert area.schedule is not None
    if turn.at - due > int(ABSENT_S * NS):
        turn.note("schedule.put_off", site=site_id, system=system_id, area=number)
        turn.deadlines.set(f"schedule/{area_id(site_id, system_id, number)}", turn.after(RETURN_GRACE_S))
        return
    run = run_of(turn, site_id, system_id, area)
    first = local_day(site.timezone, turn.at) - timedelta(days=DAYS_BACK)
    past = [
        each
        for each in events(area.schedule, run, site.timezone, first, DAYS_BACK + 2)
        if each.late_at <= turn.at and turn.at - each.late_at < DAYS_BACK * 86_400 * NS
    ]
    entry = next((each for each in turn.directory.of_site(site_id) if each.system.id == system_id), None)
    if past and entry is not None:
        _judge(turn, entry, area, run, past[-1])
    expect(turn, site, system, area)


def _judge(turn: Turn, entry: Entry, area: Area, run: AreaRun, expected: Expected) -> None:
    code = "late_to_open" if expected.kind == OPENS else "late_to_close"
    is_fine = run.is_open or _has_happened(expected, run) if expected.kind == OPENS else run.is_closed
    if is_fine:
        return
    case_id = _raise(turn, entry, area, code, expected.at, "", 0, missed=True)
    run = _standing(run, code, case_id).without_past_changes(local_day(entry.site.timezone, turn.at).isoformat())
    put_run(turn, entry.site.id, entry.system.id, area, run)


# ------------------------------------------------------------------------------------------------------- the site base


def on_site(turn: Turn, previous: Site | None, site: Site | None, site_id: str) -> None:
    """What is expected follows the site base; what is known of areas that are still there stays."""
    turn.deadlines.clear_all(f"schedule/{site_id}")
    kept = set()
    for system in site.systems if site else ():
        for area in system.areas:
            kept.add(area_id(site_id, system.id, bare_address(area.number)))
            if is_watched(area) and system.accounts and site is not None:
                expect(turn, site, system, area)
    for system in previous.systems if previous else ():
        for area in system.areas:
            key = area_id(site_id, system.id, bare_address(area.number))
            if key not in kept:
                turn.state.area_runs.drop(key)
