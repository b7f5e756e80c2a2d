"""Local days for flags: when a recurring one comes next, and the morning of the next day.

One rule: people name wall-clock times, the machine keeps instants. A time that does not exist in spring comes as much
later as the clocks were moved; one that happens twice in autumn is the first of the two.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from arcd.core.calendars import instant_of, local_day
from arcd.core.directory import local_time
from arcd.core.facts import Every, Recurrence

SATURDAY = 5
# The longest row of days off in Finland is four (Easter); a site's year may have more.
DAYS_OFF_MAX = 14
DAYS_AHEAD_MAX = 62  # a monthly one comes within this, whatever the month


def next_at(timezone: str, after: int, minute: int) -> int:
    """The next time after `after` that the wall clock shows `minute`."""
    day = local_day(timezone, after)
    today = instant_of(timezone, day, minute)
    return today if today > after else instant_of(timezone, day + timedelta(days=1), minute)


def next_start(recurrence: Recurrence, timezone: str, after: int, *, working_days: bool) -> int:
    """The next start after `after`; with `working_days` one on a day off waits for the next working day."""
    first = local_day(timezone, after) - timedelta(days=DAYS_OFF_MAX)  # one that was put off may still lie ahead
    days = (first + timedelta(days=offset) for offset in range(DAYS_OFF_MAX + DAYS_AHEAD_MAX))
    for day in days:
        if not _falls_on(recurrence, day):
            continue
        start = instant_of(timezone, _working(timezone, day) if working_days else day, recurrence.minute)
        if start > after:
            return start
    raise AssertionError("a week and a month come around")


def _falls_on(recurrence: Recurrence, day: date) -> bool:
    if recurrence.every is Every.WEEK:
        return day.isoweekday() == recurrence.day
    last = calendar.monthrange(day.year, day.month)[1]
    return day.day == min(recurrence.day, last)


def _working(timezone: str, day: date) -> date:
    for _ in range(DAYS_OFF_MAX):
        noon = local_time(timezone, instant_of(timezone, day, 12 * 60))
        if noon.weekday < SATURDAY and not noon.is_holiday:
            return day
        day += timedelta(days=1)
    return day
