from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.api.instants import NS, YEAR_MAX, YEAR_MIN, maybe_rfc3339, parse_instant, rfc3339

FIRST, LAST = datetime(YEAR_MIN, 1, 2), datetime(YEAR_MAX, 12, 30)  # noqa: DTZ001 – hypothesis wants naive bounds
NEW_YEAR = 1_767_225_600 * NS


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0, "2026-01-01T00:00:00Z"),
        (5_000_000, "2026-01-01T00:00:00.005Z"),
        (123_456_000, "2026-01-01T00:00:00.123456Z"),
        (1, "2026-01-01T00:00:00.000000001Z"),
    ],
)
def test_an_instant_is_written_exactly(fraction: int, text: str) -> None:
    assert rfc3339(NEW_YEAR + fraction) == text
    assert maybe_rfc3339(NEW_YEAR + fraction) == text


def test_none_stays_none() -> None:
    assert maybe_rfc3339(None) is None


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-12-01T16:00", "2026-12-01T14:00:00Z"),
        ("2026-07-01 16:00", "2026-07-01T13:00:00Z"),
        ("2026-12-01T16:00:00Z", "2026-12-01T16:00:00Z"),
        ("2026-12-01T16:00:00.25+05:00", "2026-12-01T11:00:00.250Z"),
        (" 2026-12-01 ", "2026-11-30T22:00:00Z"),
    ],
)
def test_a_time_without_an_offset_is_local(text: str, utc: str) -> None:
    assert rfc3339(parse_instant(text, "Europe/Helsinki")) == utc


@pytest.mark.parametrize(
    "text", ["", "soon", "16:00", "2026-13-01T00:00", f"{YEAR_MIN - 1}-12-31T00:00", f"{YEAR_MAX + 1}-01-01T00:00"]
)
def test_what_is_no_time_is_answered_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a time like|the year lies between"):
        parse_instant(text, "Europe/Helsinki")


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_reading_what_was_written_gives_the_same(when: datetime) -> None:
    at = parse_instant(when.isoformat(), "Europe/Helsinki")
    assert parse_instant(rfc3339(at), "Asia/Tokyo") == at
