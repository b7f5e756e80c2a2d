"""Instants as text: RFC 3339 for programs, the site's wall clock for people.

One rule: inside the daemon an instant is ns since 1970 UTC; it becomes text here and nowhere else in the API.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NS = 1_000_000_000

# What the calendars of the daemon can hold; beyond it a time is a typing error.
YEAR_MIN, YEAR_MAX = 2000, 2199


def rfc3339(at: int) -> str:
    """Exact: no fraction, or 3, 6 or 9 digits of it, as many as are needed (protobuf's Timestamp in JSON does so)."""
    seconds, fraction = divmod(at, NS)
    digits = f"{fraction:09d}"
    while digits.endswith("000"):
        digits = digits[:-3]
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{'.' if digits else ''}{digits}Z"


def maybe_rfc3339(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)


def parse_instant(text: str, timezone: str) -> int:
    """ISO 8601. Without an offset it is the wall clock of `timezone`, as the person who typed it saw it.

    ValueError says what to write instead.
    """
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("write a time like 2026-12-01T16:00 (local) or 2026-12-01T14:00:00Z") from None
    if not YEAR_MIN <= when.year <= YEAR_MAX:
        raise ValueError(f"the year lies between {YEAR_MIN} and {YEAR_MAX}")
    if when.tzinfo is None:
        when = when.replace(tzinfo=ZoneInfo(timezone))
    since = when.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * NS + since.microseconds * 1000
