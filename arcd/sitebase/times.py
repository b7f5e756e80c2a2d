"""How people write times in a site base: durations, days of the week, hours of a day, dates.

One rule: a value is judged by itself and said in words; what it means on a given day is `arcd.core.calendars`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from arcd.core.site import Hours
from rules.problems import write_instead
from rules.schema import fault

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
DURATION_S_MAX = 366 * 86_400.0
EXCEPTIONS_MAX = 400  # dates with hours of their own: more than a year of them
DAY_MINUTES = 24 * 60

_DURATION = re.compile(r"(?:([0-9]{1,3})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})min)?(?:([0-9]{1,8})s)?")
_UNITS_S = (86_400, 3_600, 60, 1)
_HOURS = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_NO_DURATION = "write it like 90s, 45min, 2h or 1d12h"


def _duration(value: object) -> float:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if value == 0 and not isinstance(value, bool):
        return 0.0  # the one number that needs no unit: off
    if found is None or not any(found.groups()):
        raise fault("this is not a duration", _NO_DURATION)
    seconds = sum(int(number) * unit for number, unit in zip(found.groups("0"), _UNITS_S, strict=True))
    if seconds > DURATION_S_MAX:
        raise fault("this is longer than a year", _NO_DURATION)
    return float(seconds)


def _some_time(seconds: float) -> float:
    if seconds <= 0:
        raise fault("this must be longer than nothing", _NO_DURATION)
    return seconds


def read_hours(value: object) -> Hours:
    """ "08:00-21:00", "20:00-02:00" (after midnight), "closed". Anything else is a fault with its advice."""
    if value == "closed":
        return Hours()
    found = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault("these are not hours", 'write them like "08:00-21:00", or closed')
    hour, minute, to_hour, to_minute = map(int, found.groups())
    opens, closes = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or opens >= DAY_MINUTES or closes > DAY_MINUTES:
        raise fault("there is no such time of day", 'write times from "00:00" to "24:00"')
    if opens == closes:
        raise fault("it would open and close at once", "write 00:00-24:00 for the whole day, or closed")
    return Hours(opens=opens, closes=closes if closes > opens else closes + DAY_MINUTES)


def _days(value: object) -> object:
    """A range stands for its days: "mon-fri". The holiday, where it may stand, is a day like them."""
    if not isinstance(value, dict):
        return value
    days: dict[object, object] = {}
    for written, hours in value.items():
        for day in _day_names(str(written)):
            if day in days:
                raise fault(f"the hours of {day} are given twice", "keep one of the two")
            days[day] = hours
    return days


def _day_names(written: str) -> tuple[str, ...]:
    first, dash, last = written.partition("-")
    for name in (first, last) if dash else (first,):
        if name not in WEEKDAYS and (dash or name != HOLIDAY):
            advice = write_instead(name, (*WEEKDAYS, HOLIDAY)) or "write mon, mon-fri, sat, …"
            raise fault(f"{name[:20]} is no day", advice)
    if first == HOLIDAY:
        return (HOLIDAY,)
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    if end < start:
        raise fault(f"{written} runs backwards", "write the earlier day first: mon-fri")
    return WEEKDAYS[start : end + 1]


def _date(value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise fault("there is no such date", "write it like 2026-12-24") from None


Duration = Annotated[float, BeforeValidator(_duration)]
LongerThanNothing = Annotated[Duration, AfterValidator(_some_time)]
HoursField = Annotated[Hours, BeforeValidator(read_hours)]
Week = Annotated[dict[str, HoursField], BeforeValidator(_days), Field(max_length=len(WEEKDAYS) + 1)]
Day = Annotated[str, BeforeValidator(_date)]
Dates = Annotated[dict[Day, HoursField], Field(max_length=EXCEPTIONS_MAX)]
