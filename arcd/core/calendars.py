"""Local days: public holidays, hours of a day, and the instants they mean (R-81).

One rule: people name wall-clock times, the machine keeps instants, and only here is one made of the other. A time that
does not exist in spring comes as much later as the clocks were moved; one that happens twice in autumn is the first of
the two. Elapsed time (a test every 24 h) is counted in UTC and has no business here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from msgspec import Struct

from arcd.core.site import Contact, Hours, Schedule

NS = 1_000_000_000
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
DAY_MINUTES = 24 * 60
CLOSED = Hours()


class Opening(Struct, frozen=True):
    """A time an area is open, as instants; hours of two days that touch are one opening."""

    opens: int
    closes: int


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other hours from one local day to another, both included. It ends by itself."""

    id: str
    hours: Hours
    from_day: str  # "2026-12-23"
    until_day: str
    reason: str = ""
    by: str = ""  # who typed it
    requested_by: str = ""  # contact id on whose word
    at: int = 0


@lru_cache(maxsize=64)
def holidays_in(year: int) -> frozenset[tuple[int, int]]:
    """(month, day) of Finnish public holidays; what a site keeps besides them are its schedule's exceptions."""
    return frozenset((day.month, day.day) for day in holidays.country_holidays("FI", years=year))


def is_holiday(day: date) -> bool:
    return (day.month, day.day) in holidays_in(day.year)


def local_day(timezone: str, at: int) -> date:
    return datetime.fromtimestamp(at // NS, UTC).astimezone(ZoneInfo(timezone)).date()


def local_minute(timezone: str, at: int) -> int:
    local = datetime.fromtimestamp(at // NS, UTC).astimezone(ZoneInfo(timezone))
    return local.hour * 60 + local.minute


@lru_cache(maxsize=4096)
def instant_of(timezone: str, day: date, minute: int) -> int:
    """Minute 1440 and later is a time of the next day."""
    later, minute = divmod(minute, DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=later), time(minute // 60, minute % 60), ZoneInfo(timezone))
    return int(wall.timestamp()) * NS


def local_text(timezone: str, at: int) -> str:
    """ "24.12. 13:00", as people write it here."""
    local = datetime.fromtimestamp(at // NS, UTC).astimezone(ZoneInfo(timezone))
    return f"{local.day}.{local.month}. {local:%H:%M}"


def hours_text(hours: Hours) -> str:
    """ "08:00-21:00"; after midnight "20:00-02:00"; "closed"."""
    if hours.opens is None or hours.closes is None:
        return "closed"
    closes = hours.closes if hours.closes <= DAY_MINUTES else hours.closes - DAY_MINUTES
    return f"{hours.opens // 60:02d}:{hours.opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"


# ------------------------------------------------------------------------------------------------- when an area is open


def hours_on(schedule: Schedule, day: date, changes: Sequence[Change] = ()) -> Hours:
    """A temporary change wins over an exception, that over a public holiday, that over the day of the week.

    Of two changes for one day the one made last.
    """
    written = day.isoformat()
    for change in reversed(changes):
        if change.from_day <= written <= change.until_day:
            return change.hours
    if written in schedule.exceptions:
        return schedule.exceptions[written]
    if schedule.holiday is not None and is_holiday(day):
        return schedule.holiday
    return schedule.weekdays.get(WEEKDAYS[day.weekday()], CLOSED)


def openings(
    schedule: Schedule, timezone: str, first: date, days: int, changes: Sequence[Change] = ()
) -> list[Opening]:
    """Of so many local days, in order. What touches or overlaps is one: round the clock nothing closes at midnight."""
    found: list[Opening] = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        hours = hours_on(schedule, day, changes)
        if hours.opens is None or hours.closes is None:
            continue
        opening = Opening(instant_of(timezone, day, hours.opens), instant_of(timezone, day, hours.closes))
        if opening.closes <= opening.opens:
            continue  # an hour that the clocks took away in spring
        if found and opening.opens <= found[-1].closes:
            opening = Opening(found[-1].opens, max(found.pop().closes, opening.closes))
        found.append(opening)
    return found


# ------------------------------------------------------------------------------------------------ when people are there


def is_away(contact: Contact, day: date) -> bool:
    written = day.isoformat()
    return any(first <= written <= last for first, last in contact.away)


def may_be_called(contact: Contact, timezone: str, at: int) -> bool:
    """Not away, and within the hours this person has given; no hours mean any time."""
    day = local_day(timezone, at)
    if is_away(contact, day):
        return False
    if not contact.available:
        return True
    minute = local_minute(timezone, at)
    yesterday = _hours_of_person(contact.available, day - timedelta(days=1))
    return _holds(_hours_of_person(contact.available, day), minute) or _holds(yesterday, minute + DAY_MINUTES)


def _hours_of_person(available: Mapping[str, Hours], day: date) -> Hours:
    if HOLIDAY in available and is_holiday(day):
        return available[HOLIDAY]
    return available.get(WEEKDAYS[day.weekday()], CLOSED)


def _holds(hours: Hours, minute: int) -> bool:
    return hours.opens is not None and hours.closes is not None and hours.opens <= minute < hours.closes


def reachable(contacts: Sequence[Contact], known: Mapping[str, Contact], timezone: str, at: int) -> tuple[Contact, ...]:
    """Those of a call list who may be called now. Who is away is replaced by the substitute, or by the substitute's, as
    long as there is one; nobody is on the list twice."""
    wanted: dict[str, Contact] = {}
    day = local_day(timezone, at)
    for contact in contacts:
        stand_in, passed = contact, {contact.id}
        while is_away(stand_in, day):
            named = stand_in.substitute or ""
            if named not in known or named in passed:
                break
            stand_in = known[named]
            passed.add(named)
        if may_be_called(stand_in, timezone, at):
            wanted.setdefault(stand_in.id, stand_in)
    return tuple(wanted.values())
