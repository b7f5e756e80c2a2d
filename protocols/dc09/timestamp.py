"""The one time format of DC-09, `HH:MM:SS,MM-DD-YYYY`, always UTC (DC-09-2026 5.5.1.9).

One rule: text to nanoseconds and back, nothing about whether a time is acceptable. The window is `codec`'s business.
"""

from __future__ import annotations

import re
from calendar import timegm
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

NANOSECONDS: Final = 1_000_000_000
TIMESTAMP_BYTES: Final = 19  # without the underscore before it

# The shape alone. An impossible date has it too: some dialers count months from 00 (protocols.md 6, unnamed Chinese
# panels), and such a text still proves that a decryption succeeded.
SHAPE: Final = re.compile(rb"([0-9]{2}):([0-9]{2}):([0-9]{2}),([0-9]{2})-([0-9]{2})-([0-9]{4})")


# Cached, because frames come in bursts and name the same few seconds.
@lru_cache(maxsize=256)
def has_timestamp_shape(text: bytes) -> bool:
    return SHAPE.fullmatch(text) is not None


@lru_cache(maxsize=256)
def parse_timestamp(text: bytes, *, month_from_zero: bool = False) -> int | None:
    """Nanoseconds since 1970, or None for a text that is not a time. Second 60 is a leap second and allowed."""
    found = SHAPE.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds, month, day, year = (int(part) for part in found.groups())
    month += month_from_zero
    if hours > 23 or minutes > 59 or seconds > 60:
        return None
    try:
        midnight = timegm(date(year, month, day).timetuple())
    except ValueError:
        return None
    return (midnight + hours * 3600 + minutes * 60 + seconds) * NANOSECONDS


def format_timestamp(now: int) -> bytes:
    at = datetime.fromtimestamp(now // NANOSECONDS, UTC)
    return b"%02d:%02d:%02d,%02d-%02d-%04d" % (at.hour, at.minute, at.second, at.month, at.day, at.year)
