"""Local days against the clocks being moved, leap days and holidays; who may be called when."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.calendars import (
    Change,
    Opening,
    hours_on,
    instant_of,
    is_holiday,
    local_day,
    local_minute,
    local_text,
    may_be_called,
    openings,
    reachable,
)
from arcd.core.site import Contact, Hours, Schedule

NS = 1_000_000_000
TZ = "Europe/Helsinki"
DAY = Hours(opens=480, closes=1260)
SHORT = Hours(opens=600, closes=900)
SCHEDULE = Schedule(
    weekdays=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY),
    holiday=Hours(),
    exceptions={"2026-12-24": SHORT, "2026-12-25": SHORT},
)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS


@pytest.mark.parametrize(
    ("day", "minute", "expected"),
    [
        (date(2026, 3, 28), 180, "2026-03-28T01:00"),  # winter time
        (date(2026, 3, 29), 150, "2026-03-29T00:30"),
        (date(2026, 3, 29), 210, "2026-03-29T01:30"),  # 03:30 does not exist: 04:30 summer time
        (date(2026, 3, 29), 240, "2026-03-29T01:00"),
        (date(2026, 10, 25), 210, "2026-10-25T00:30"),  # 03:30 is twice: the first, still summer time
        (date(2026, 10, 25), 240, "2026-10-25T02:00"),
        (date(2028, 2, 29), 0, "2028-02-28T22:00"),
        (date(2026, 12, 31), 1440 + 120, "2027-01-01T00:00"),  # 02:00 after midnight
        (date(2026, 10, 24), 1440 + 300, "2026-10-25T03:00"),  # closing at 05:00, an hour longer than usual
    ],
)
def test_a_time_on_the_wall_is_an_instant(day: date, minute: int, expected: str) -> None:
    assert instant_of(TZ, day, minute) == utc(expected)


def test_the_day_and_minute_of_an_instant() -> None:
    at = utc("2026-03-28T22:30")
    assert (local_day(TZ, at), local_minute(TZ, at), local_text(TZ, at)) == (date(2026, 3, 29), 30, "29.3. 00:30")


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.integers(0, 2880))
def test_no_local_time_comes_before_an_earlier_one(day: date, minute: int) -> None:
    """But for the hour of spring, whose times lie an hour after what they are called: 03:30 is 04:30."""
    skipped = 60 * 60 * NS
    assert instant_of(TZ, day, minute) <= instant_of(TZ, day, minute + 1) + skipped
    assert instant_of(TZ, day, minute + 61) > instant_of(TZ, day, minute)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 6), True),  # Epiphany
        (date(2026, 4, 3), True),  # Good Friday
        (date(2026, 6, 20), True),  # Midsummer Day
        (date(2026, 12, 6), True),  # Independence Day
        (date(2026, 6, 19), True),  # the eves of Midsummer and Christmas, which everybody keeps here
        (date(2026, 12, 24), True),
        (date(2026, 12, 31), False),
        (date(2026, 3, 4), False),
    ],
)
def test_finnish_public_holidays(day: date, expected: bool) -> None:
    assert is_holiday(day) is expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 3, 4), DAY),
        (date(2026, 3, 7), Hours()),  # a Saturday nobody spoke of
        (date(2026, 4, 3), Hours()),  # a holiday on a Friday
        (date(2026, 12, 24), SHORT),
        (date(2026, 12, 25), SHORT),  # the exception wins over the holiday
    ],
)
def test_hours_of_a_day(day: date, expected: Hours) -> None:
    assert hours_on(SCHEDULE, day) == expected


def test_without_holiday_hours_a_holiday_is_like_any_day() -> None:
    assert hours_on(Schedule(weekdays={"fri": DAY}), date(2026, 4, 3)) == DAY


def test_a_temporary_change_wins_and_the_last_one_made_most() -> None:
    first = Change(id="H1", hours=SHORT, from_day="2026-12-24", until_day="2026-12-31")
    second = Change(id="H2", hours=Hours(), from_day="2026-12-28", until_day="2026-12-28")
    changes = (first, second)
    assert hours_on(SCHEDULE, date(2026, 12, 23), changes) == DAY
    assert hours_on(SCHEDULE, date(2026, 12, 24), changes) == SHORT
    assert hours_on(SCHEDULE, date(2026, 12, 28), changes) == Hours()
    assert hours_on(SCHEDULE, date(2026, 12, 31), changes) == SHORT
    assert hours_on(SCHEDULE, date(2027, 1, 4), changes) == DAY


def test_round_the_clock_nothing_closes_at_midnight() -> None:
    schedule = Schedule(weekdays=dict.fromkeys(("mon", "tue", "wed"), Hours(opens=0, closes=1440)))
    found = openings(schedule, TZ, date(2026, 3, 1), 8)
    assert found == [Opening(utc("2026-03-01T22:00"), utc("2026-03-04T22:00"))]


def test_a_night_that_reaches_into_the_next_day_s_hours_is_one_opening() -> None:
    schedule = Schedule(weekdays={"fri": Hours(opens=1200, closes=1440 + 240), "sat": Hours(opens=180, closes=600)})
    assert openings(schedule, TZ, date(2026, 3, 6), 2) == [Opening(utc("2026-03-06T18:00"), utc("2026-03-07T08:00"))]


def test_an_hour_that_spring_takes_away_is_no_opening() -> None:
    """03:00-04:00 does not exist on 29.3.: both ends are the same instant."""
    schedule = Schedule(weekdays={"sun": Hours(opens=180, closes=240)})
    assert openings(schedule, TZ, date(2026, 3, 29), 1) == []
    assert len(openings(schedule, TZ, date(2026, 10, 25), 1)) == 1


# -------------------------------------------------------------------------------------------------------------- people

OFFICE = Contact(
    id="office",
    name="O",
    available={**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), Hours(opens=480, closes=960)), "holiday": Hours()},
)
NIGHT = Contact(id="night", name="N", available={"sat": Hours(opens=1320, closes=1440 + 360)})
AWAY = Contact(id="away", name="A", away=(("2026-07-06", "2026-08-02"),), substitute="office")


@pytest.mark.parametrize(
    ("contact", "at", "expected"),
    [
        (Contact(id="x", name="X"), "2026-03-08T02:00", True),
        (OFFICE, "2026-03-04T05:59", False), (OFFICE, "2026-03-04T06:00", True),
        (OFFICE, "2026-03-04T13:59", True), (OFFICE, "2026-03-04T14:00", False),
        (OFFICE, "2026-03-07T10:00", False),
        (OFFICE, "2026-04-03T10:00", False),  # Good Friday
        (OFFICE, "2026-03-30T05:00", True),  # 08:00 on the first Monday of summer time
        (NIGHT, "2026-03-07T20:00", True), (NIGHT, "2026-03-08T03:59", True), (NIGHT, "2026-03-08T04:00", False),
        (AWAY, "2026-07-05T20:59", True), (AWAY, "2026-07-05T21:00", False),
        (AWAY, "2026-08-02T20:59", False), (AWAY, "2026-08-02T21:00", True),
    ],
)  # fmt: skip
def test_when_somebody_may_be_called(contact: Contact, at: str, expected: bool) -> None:
    assert may_be_called(contact, TZ, utc(at)) is expected


def test_who_is_away_is_replaced_and_nobody_is_called_twice() -> None:
    second = Contact(id="second", name="S", away=AWAY.away, substitute="away")
    known = {contact.id: contact for contact in (OFFICE, AWAY, second)}
    summer, evening = utc("2026-07-08T10:00"), utc("2026-07-08T20:00")
    assert reachable((second, OFFICE), known, TZ, summer) == (OFFICE,)
    assert reachable((AWAY, OFFICE), known, TZ, evening) == ()


def test_a_circle_of_substitutes_ends() -> None:
    one = Contact(id="one", name="1", away=AWAY.away, substitute="two")
    two = Contact(id="two", name="2", away=AWAY.away, substitute="one")
    assert reachable((one,), {"one": one, "two": two}, TZ, utc("2026-07-08T10:00")) == ()
