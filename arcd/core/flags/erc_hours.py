"""When the emergency response centre wants tests to be made (R-63).

One rule: a soft rule. Outside of it a person has to say why, and is told what the rule is.
"""

from __future__ import annotations

from arcd.core.calendars import local_day
from arcd.core.directory import local_time

ERC_TIMEZONE = "Europe/Helsinki"  # the centre's clock, wherever the site is
# Requirements 1.5: Monday to Friday but for public holidays, from 08:00 until before 16:00, on days 1 to 14.
FIRST_MINUTE, END_MINUTE = 8 * 60, 16 * 60
LAST_DAY = 14
SATURDAY = 5


def outside_test_hours(at: int) -> str | None:
    """What is wrong with a test at this instant, or None."""
    local = local_time(ERC_TIMEZONE, at)
    if local.is_holiday or local.weekday >= SATURDAY:
        return "the emergency response centre takes tests on weekdays, not on public holidays"
    if not FIRST_MINUTE <= local.minute < END_MINUTE:
        return "the emergency response centre takes tests from 08 to 16"
    if local_day(ERC_TIMEZONE, at).day > LAST_DAY:
        return f"the emergency response centre recommends days 1 to {LAST_DAY} of the month"
    return None
