from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.cli.failures import UsageError
from arcd.cli.times import (
    DURATION_S_MAX,
    ago_or_instant,
    at_zone,
    from_ns,
    local,
    local_and_utc,
    parse_duration,
    parse_instant,
    read_instant,
    rfc3339,
    span,
)

WINTER = datetime(2026, 11, 23, 1, 12, 7, 123456, UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90), ("45min", 2700), ("45m", 2700), ("2h", 7200), ("1d12h", 129_600), ("1D", 86_400),
        (" 3h30m ", 12_600), ("366d", DURATION_S_MAX),
    ],
)  # fmt: skip
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "2 hours", "h", "1h2d", "-1h", "1.5h", "0s", "367d", "99999999s", "２h"])
def test_what_is_no_duration_is_told_how_to_write_one(text: str) -> None:
    with pytest.raises(UsageError, match=r"90s|at most 366d"):
        parse_duration(text)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert 0 < parse_duration(text) <= DURATION_S_MAX


@pytest.mark.usefixtures("helsinki")
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01T16:00", "2026-12-01T14:00:00Z"),
        ("2026-07-01T16:00", "2026-07-01T13:00:00Z"),
        ("2026-12-01 16:00:30", "2026-12-01T14:00:30Z"),
        ("2026-12-01T16:00Z", "2026-12-01T16:00:00Z"),
        ("2026-10-25T03:30+03:00", "2026-10-25T00:30:00Z"),
        ("2026-10-25T03:30+02:00", "2026-10-25T01:30:00Z"),
    ],
)
def test_instants_are_local_unless_they_say_otherwise(text: str, utc: str) -> None:
    assert rfc3339(parse_instant(text)) == utc


@pytest.mark.usefixtures("helsinki")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2026-03-29T03:30", "does not exist"),  # the clocks go from 03:00 to 04:00
        ("2026-10-25T03:30", "happens twice"),  # and from 04:00 back to 03:00
        ("2026-12-01", "is no instant"),
        ("16:00", "is no instant"),
        ("tomorrow", "is no instant"),
        ("0001-01-01T00:00", "the year lies between 2000 and 2199"),
        ("9999-12-31T23:59", "the year lies between 2000 and 2199"),
        ("9999-12-31T23:59-10:00", "the year lies between 2000 and 2199"),
    ],
)
def test_an_instant_that_can_mean_two_things_or_none_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_instant(text)


def test_some_time_ago_or_an_instant() -> None:
    now = datetime(2026, 12, 1, 6, 0, tzinfo=UTC)
    assert ago_or_instant("30d", now) == datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
    assert ago_or_instant("2026-11-23T03:12Z", now) == datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


@pytest.mark.usefixtures("helsinki")
def test_people_read_local_time_with_utc_beside_it() -> None:
    assert local_and_utc(WINTER) == "2026-11-23 03:12:07.123 EET (01:12:07.123Z)"
    assert local_and_utc(datetime(2026, 6, 30, 22, 30, tzinfo=UTC)) == (
        "2026-07-01 01:30:00.000 EEST (2026-06-30 22:30:00.000Z)"
    )
    assert local(WINTER) == "2026-11-23 03:12:07 EET"
    assert local(None) == ""


def test_instants_of_the_api_are_text_or_nanoseconds() -> None:
    assert read_instant("2026-11-23T01:12:07.123456789Z") == WINTER
    assert read_instant(1_795_396_327_123_456_789) == WINTER
    assert from_ns(1_795_396_327_123_456_789) == WINTER
    assert read_instant(None) is read_instant("") is None


def test_a_sites_wall_clock() -> None:
    assert at_zone("2026-11-23T01:12:07Z", "Europe/Helsinki") == "23.11.2026 03:12:07"
    assert at_zone(None, "Europe/Helsinki") == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.0123, "12 ms"), (1, "1s"), (59.9, "59s"), (725, "12min 5s"), (97_200, "1d 3h"), (-61, "-1min 1s")],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text
