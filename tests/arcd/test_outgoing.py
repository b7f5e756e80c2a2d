"""Hours of forwarding: a week, holidays, over midnight; always and never."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from arcd.core.site import Hours
from arcd.outgoing import NS, TIMEZONE, is_within
from arcd.sitebase.times import read_hours

NIGHT = {day: read_hours("16:00-08:00") for day in ("mon", "tue", "wed", "thu", "fri")}
ALL_DAY = read_hours("00:00-24:00")
WEEK = {**NIGHT, "sat": ALL_DAY, "sun": ALL_DAY, "holiday": ALL_DAY}


@pytest.mark.parametrize(
    ("when", "local", "wanted"),
    [
        ("always", "2026-03-03 12:00", True),
        ("switched", "2026-03-03 12:00", False),
        (WEEK, "2026-03-03 12:00", False),
        (WEEK, "2026-03-03 16:00", True),
        (WEEK, "2026-03-04 07:59", True),
        (WEEK, "2026-03-04 08:00", False),
        (WEEK, "2026-03-07 12:00", True),
        (WEEK, "2026-03-09 07:00", False),  # Monday: Sunday's hours ended at midnight
        (WEEK, "2026-05-01 12:00", True),  # a holiday on a Friday
    ],
)
def test_hours(when: str | dict[str, Hours], local: str, wanted: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(TIMEZONE))
    assert is_within(when, int(at.timestamp()) * NS) is wanted
