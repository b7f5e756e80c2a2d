from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.dc09.timestamp import NANOSECONDS, format_timestamp, has_timestamp_shape, parse_timestamp


def test_golden() -> None:
    at = 1_428_854_400 * NANOSECONDS  # 2015-04-12 16:00:00 UTC
    assert parse_timestamp(b"16:00:00,04-12-2015") == at
    assert format_timestamp(at + 999_999_999) == b"16:00:00,04-12-2015"
    assert parse_timestamp(b"23:59:60,12-31-2016") == parse_timestamp(b"00:00:00,01-01-2017")


@given(st.integers(0, 253_402_300_799))
def test_round_trip(seconds: int) -> None:
    text = format_timestamp(seconds * NANOSECONDS)
    assert has_timestamp_shape(text)
    assert parse_timestamp(text) == seconds * NANOSECONDS


@pytest.mark.parametrize(
    "text",
    [
        b"24:00:00,01-01-2026",
        b"00:60:00,01-01-2026",
        b"00:00:61,01-01-2026",
        b"00:00:00,00-10-2026",  # months counted from 00 by some dialers
        b"00:00:00,02-30-2026",
        b"00:00:00,01-01-0000",
    ],
)
def test_impossible_times_keep_the_shape(text: bytes) -> None:
    assert has_timestamp_shape(text)
    assert parse_timestamp(text) is None


@pytest.mark.parametrize("text", [b"", b"14:12:04,09-25-201", b"14:12:04,09-25-20111", b"14.12.04,09-25-2011", b"\xff"])
def test_other_texts_are_no_times(text: bytes) -> None:
    assert not has_timestamp_shape(text)
    assert parse_timestamp(text) is None
