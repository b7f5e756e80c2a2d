"""How available a line was, in a local month or year: plain arithmetic on its faults.

Availability is the time the line was up through the time it was watched. A fault counts from its beginning, not from
its detection, so that a slow category does not look better than it is. A month begins at midnight on the site's wall
clock, so March is an hour shorter and October an hour longer than their days say.

One rule: nothing is rounded here, and time that nobody watched counts neither way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from arcd.core.calendars import instant_of, local_day
from arcd.core.line_service.history import Fault

NS = 1_000_000_000
MONTHS = 12


class Window(Struct, frozen=True):
    """From `begins` up to, not including, `ends`; ns UTC. `name` is "2026-03", or "2026"."""

    name: str
    begins: int
    ends: int


class Availability(Struct, frozen=True, kw_only=True):
    window: Window
    watched_s: float
    down_s: float
    faults: int  # that touch the window
    longest_s: float  # of a fault, as far as it lies in the window
    late: int  # detected later than the category's reporting time; counted where they were detected

    @property
    def ratio(self) -> float | None:
        """0 to 1; None where the line was not watched at all."""
        return 1 - self.down_s / self.watched_s if self.watched_s else None


def month_window(timezone: str, year: int, month: int) -> Window:
    later = date(year + month // MONTHS, month % MONTHS + 1, 1)
    begins = instant_of(timezone, date(year, month, 1), 0)
    return Window(f"{year}-{month:02d}", begins, instant_of(timezone, later, 0))


def year_window(timezone: str, year: int) -> Window:
    begins = instant_of(timezone, date(year, 1, 1), 0)
    return Window(f"{year}", begins, instant_of(timezone, date(year + 1, 1, 1), 0))


def months_of(timezone: str, year: int) -> list[Window]:
    return [month_window(timezone, year, month) for month in range(1, MONTHS + 1)]


def last_months(timezone: str, now: int, count: int = MONTHS) -> list[Window]:
    """The month of `now` and those before it, oldest first."""
    day = local_day(timezone, now)
    months = [divmod(day.year * MONTHS + day.month - 1 - back, MONTHS) for back in reversed(range(count))]
    return [month_window(timezone, year, month + 1) for year, month in months]


def availability(window: Window, watched: Sequence[tuple[int, int]], faults: Iterable[Fault], now: int) -> Availability:
    """`watched`: (from, until) in ns UTC, apart from each other. What lies after `now` has not happened yet."""
    ends = min(window.ends, now)
    spans = [(max(begin, window.begins), min(end, ends)) for begin, end in watched]
    spans = [(begin, end) for begin, end in spans if begin < end]
    down, longest, touching, late = 0, 0, 0, 0
    for fault in faults:
        until = fault.until if fault.until is not None else now
        parts = [min(until, end) - max(fault.since, begin) for begin, end in spans]
        inside = sum(part for part in parts if part > 0)
        touching += inside > 0
        down += inside
        longest = max(longest, inside)
        late += window.begins <= fault.detected_at < ends and not fault.is_in_time
    return Availability(
        window=window,
        watched_s=sum(end - begin for begin, end in spans) / NS,
        down_s=down / NS,
        faults=touching,
        longest_s=longest / NS,
        late=late,
    )
