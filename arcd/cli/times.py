"""Durations and instants as people type and read them.

One rule: people write and read local time, machines UTC; whatever is ambiguous is refused with the way to write it.
Local is the time zone of this terminal (the environment variable TZ changes it).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from arcd.cli.failures import UsageError

NS_PER_S = 1_000_000_000
DURATION_S_MAX = 366 * 86400  # nothing that a person types here lasts longer than a year
YEARS = range(2000, 2200)  # as the daemon's API has it; in year 1 and 9999 other zones have no instant

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m(?:in)?)?(?:(\d{1,8})s)?", re.ASCII)
_UNITS_S = (86400, 3600, 60, 1)
_DATE_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")


def parse_duration(text: str) -> int:
    """Seconds in "90s", "45min", "2h", "1d12h"."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise UsageError(f"{text!r} is no duration; write it like 90s, 45min, 2h or 1d12h")
    seconds = sum(int(number) * unit for number, unit in zip(found.groups("0"), _UNITS_S, strict=True))
    if not 0 < seconds <= DURATION_S_MAX:
        raise UsageError(f"{text!r} is out of range; a duration is at least 1s and at most 366d")
    return seconds


def parse_instant(text: str) -> datetime:
    """An instant in UTC from "2026-12-01T16:00" (local) or with an offset of its own ("…+02:00", "…Z")."""
    wrong = UsageError(f"{text!r} is no instant; write it like 2026-12-01T16:00 (local) or 2026-12-01T14:00Z")
    if _DATE_ONLY.fullmatch(text.strip()):
        raise wrong  # midnight at which end of the day? Nobody should have to guess
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        raise wrong from None
    if instant.year not in YEARS:
        raise UsageError(f"{text!r} is out of range; the year lies between {YEARS[0]} and {YEARS[-1]}")
    if instant.tzinfo is not None:
        return instant.astimezone(UTC)
    utc = instant.astimezone(UTC)
    if utc.astimezone().replace(tzinfo=None) != instant:
        raise UsageError(f"{text!r} does not exist: the clocks are turned forward then; choose another time")
    if instant.replace(fold=1).astimezone(UTC) != utc:
        raise UsageError(f"{text!r} happens twice: the clocks are turned back then; add an offset such as +02:00")
    return utc


def ago_or_instant(text: str, now: datetime) -> datetime:
    """`2h` ago, or an instant."""
    if any(char in text for char in "-:T"):
        return parse_instant(text)
    return now - timedelta(seconds=parse_duration(text))


def rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def from_ns(at: int) -> datetime:
    """Exact to the microsecond, without the rounding of a float."""
    return datetime.fromtimestamp(at // NS_PER_S, UTC) + timedelta(microseconds=at % NS_PER_S // 1000)


def read_instant(value: str | int | None) -> datetime | None:
    """An instant as the API gives it: RFC 3339 text, or ns since 1970 inside journal entries."""
    if value is None or value == "":
        return None
    return from_ns(value) if isinstance(value, int) else datetime.fromisoformat(value).astimezone(UTC)


def local(instant: datetime | None, *, seconds: bool = True) -> str:
    """ "2026-11-23 03:12:07 EET"; "" for none."""
    if instant is None:
        return ""
    return instant.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z" if seconds else "%Y-%m-%d %H:%M %Z")


def local_and_utc(instant: datetime) -> str:
    """ "2026-11-23 03:12:07.123 EET (01:12:07.123Z)": the journal is read beside logs of machines in UTC."""
    here = instant.astimezone()
    milliseconds = f".{instant.microsecond // 1000:03d}"
    shown = f"{here:%Y-%m-%d %H:%M:%S}{milliseconds} {here:%Z}"
    utc = instant.astimezone(UTC)
    if here.utcoffset() == timedelta(0):
        return shown
    date = "" if here.date() == utc.date() else f"{utc:%Y-%m-%d }"
    return f"{shown} ({date}{utc:%H:%M:%S}{milliseconds}Z)"


def span(seconds: float) -> str:
    """ "1d 3h", "12min 5s", "340 ms": the two largest units, enough for a glance."""
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    sign, left = ("-", -seconds) if seconds < 0 else ("", seconds)
    parts, whole = [], int(left)
    for unit, unit_s in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, whole = divmod(whole, unit_s)
        if count:
            parts.append(f"{count}{unit}")
    return sign + " ".join(parts[:2])


def at_zone(value: str | int | None, zone: str) -> str:
    """An instant of the API on a site's wall clock, written as the API's own `…_local` fields are."""
    from zoneinfo import ZoneInfo

    instant = read_instant(value)
    return "" if instant is None else f"{instant.astimezone(ZoneInfo(zone)):%d.%m.%Y %H:%M:%S}"
