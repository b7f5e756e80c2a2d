from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.core.calendars import instant_of, local_day
from arcd.core.facts import Every, Recurrence
from arcd.core.flags.local_days import next_at, next_start

HELSINKI = "Europe/Helsinki"
NS = 10**9
MINUTES = st.integers(0, 1439)
INSTANTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: seconds * NS)  # 2020 to 2030


def at(local: str, *, fold: int = 0) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(HELSINKI), fold=fold).timestamp()) * NS


def shown(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant // NS, UTC).astimezone(ZoneInfo(HELSINKI)):%Y-%m-%dT%H:%M}"


def utc(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant // NS, UTC):%Y-%m-%dT%H:%M}"


def following(recurrence: Recurrence, after: str, times: int, *, working_days: bool = False) -> list[str]:
    instant, found = at(after), []
    for _ in range(times):
        instant = next_start(recurrence, HELSINKI, instant, working_days=working_days)
        found.append(shown(instant))
    return found


def test_every_month_on_a_day() -> None:
    fifth = Recurrence(every=Every.MONTH, day=5, minute=600)
    assert following(fifth, "2026-03-05T09:59", 2) == ["2026-03-05T10:00", "2026-04-05T10:00"]
    assert following(fifth, "2026-03-05T10:00", 1) == ["2026-04-05T10:00"], "after, not at"


def test_a_short_month_has_its_last_day() -> None:
    last = Recurrence(every=Every.MONTH, day=31, minute=0)
    assert following(last, "2027-12-31T12:00", 4) == [
        "2028-01-31T00:00", "2028-02-29T00:00", "2028-03-31T00:00", "2028-04-30T00:00",
    ]  # fmt: skip


def test_every_week_on_a_day() -> None:
    monday = Recurrence(every=Every.WEEK, day=1, minute=510)
    assert following(monday, "2026-03-04T14:00", 3) == ["2026-03-09T08:30", "2026-03-16T08:30", "2026-03-23T08:30"]


def test_a_day_off_is_put_off_to_the_next_working_day() -> None:
    fifth = Recurrence(every=Every.MONTH, day=5, minute=600)
    # Sunday 5 April is Easter, Monday a holiday; 5 September is a Saturday; 6 December is another month's.
    assert following(fifth, "2026-03-05T10:00", 1, working_days=True) == ["2026-04-07T10:00"]
    assert following(fifth, "2026-04-06T12:00", 1, working_days=True) == ["2026-04-07T10:00"], "still ahead"
    assert following(fifth, "2026-04-07T10:00", 1, working_days=True) == ["2026-05-05T10:00"]
    assert following(fifth, "2026-08-05T10:00", 1, working_days=True) == ["2026-09-07T10:00"]
    sixth = Recurrence(every=Every.MONTH, day=6, minute=600)
    assert following(sixth, "2025-12-08T10:00", 1, working_days=True) == ["2026-01-07T10:00"], "Epiphany"


def test_the_clock_at_the_site_counts_on_both_sides_of_summer_time() -> None:
    sunday = Recurrence(every=Every.WEEK, day=7, minute=600)
    march = next_start(sunday, HELSINKI, at("2026-03-22T10:00"), working_days=False)
    assert (shown(march), utc(march)) == ("2026-03-29T10:00", "2026-03-29T07:00")
    october = next_start(sunday, HELSINKI, at("2026-10-18T10:00"), working_days=False)
    assert (shown(october), utc(october)) == ("2026-10-25T10:00", "2026-10-25T08:00")


def test_an_hour_that_does_not_exist_comes_as_much_later() -> None:
    assert utc(instant_of(HELSINKI, date(2026, 3, 29), 3 * 60 + 30)) == "2026-03-29T01:30"
    assert shown(instant_of(HELSINKI, date(2026, 3, 29), 3 * 60 + 30)) == "2026-03-29T04:30"


def test_an_hour_that_comes_twice_is_the_first_one() -> None:
    assert instant_of(HELSINKI, date(2026, 10, 25), 3 * 60 + 30) == at("2026-10-25T03:30")
    assert utc(instant_of(HELSINKI, date(2026, 10, 25), 3 * 60 + 30)) == "2026-10-25T00:30"
    twice = Recurrence(every=Every.WEEK, day=7, minute=210)
    # Between the two it has been; it does not come again that day.
    assert following(twice, "2026-10-25T03:45", 1) == ["2026-11-01T03:30"]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("2026-03-28T12:00", "2026-03-29T08:00"),
        ("2026-10-24T08:00", "2026-10-25T08:00"),
        ("2026-10-25T07:59", "2026-10-25T08:00"),
    ],
)
def test_the_next_morning(after: str, expected: str) -> None:
    assert shown(next_at(HELSINKI, at(after), 480)) == expected


@given(INSTANTS, MINUTES)
def test_the_next_morning_is_ahead_and_within_two_days(after: int, minute: int) -> None:
    found = next_at(HELSINKI, after, minute)
    assert 0 < found - after <= 49 * 3600 * NS


@given(
    st.one_of(
        st.builds(Recurrence, every=st.just(Every.WEEK), day=st.integers(1, 7), minute=MINUTES),
        st.builds(Recurrence, every=st.just(Every.MONTH), day=st.integers(1, 31), minute=MINUTES),
    ),
    INSTANTS,
    st.booleans(),
)
def test_the_next_start_is_ahead_on_its_day_and_never_too_far(
    recurrence: Recurrence, after: int, working: bool
) -> None:
    found = next_start(recurrence, HELSINKI, after, working_days=working)
    assert 0 < found - after < 48 * 86400 * NS
    if not working and recurrence.every is Every.WEEK:
        assert local_day(HELSINKI, found).isoweekday() == recurrence.day
