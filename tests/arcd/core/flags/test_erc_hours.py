"""R-63 with the vectors of the requirements (1.5)."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from arcd.core.flags.erc_hours import outside_test_hours


@pytest.mark.parametrize(
    ("local", "wrong"),
    [
        ("2026-03-10T07:59:59", "from 08 to 16"),  # a Tuesday
        ("2026-03-10T08:00", None),
        ("2026-03-10T15:59:59", None),
        ("2026-03-10T16:00", "from 08 to 16"),
        ("2026-04-14T10:00", None),
        ("2026-04-15T10:00", "days 1 to 14"),
        ("2026-03-13T10:00", None),  # a Friday
        ("2026-03-14T10:00", "weekdays"),
        ("2026-03-08T10:00", "weekdays"),
        ("2026-04-03T10:00", "public holidays"),  # Good Friday
        ("2026-01-06T10:00", "public holidays"),  # Epiphany, a Tuesday
        ("2026-05-01T10:00", "public holidays"),
        ("2026-11-02T08:00", None),  # the first working day of winter time
        ("2026-11-02T07:59", "from 08 to 16"),
        ("2026-04-01T08:00", None),  # in summer time
    ],
)
def test_hours_of_the_emergency_response_centre(local: str, wrong: str | None) -> None:
    at = int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Helsinki")).timestamp()) * 10**9
    said = outside_test_hours(at)
    assert said is None if wrong is None else said is not None and wrong in said
