"""What can be shown of a line: availability by month and over the whole time, the longest fault, how fast faults were
detected (R-17, R-78).

One rule: figures from faults and windows alone. Where the faults come from, the state or the journal, is the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from arcd.core.line_service.availability import Availability, Window, availability
from arcd.core.line_service.history import Fault


class Detection(Struct, frozen=True, kw_only=True):
    """Of the faults that were detected within the time looked at."""

    faults: int
    median_s: float | None
    longest_s: float | None
    limit_s: float | None  # the reporting time; the shortest where it was changed meanwhile
    late: int


class Evidence(Struct, frozen=True, kw_only=True):
    windows: tuple[Availability, ...]  # oldest first
    whole: Availability  # from the first window's beginning to the last one's end
    faults: tuple[Fault, ...]  # that touch it, oldest first
    longest: Fault | None  # counted whole, also what of it lies outside
    detection: Detection


def evidence(
    windows: Sequence[Window], watched: Sequence[tuple[int, int]], faults: Sequence[Fault], now: int
) -> Evidence:
    """`windows` follow each other without a gap."""
    whole = Window(f"{windows[0].name}…{windows[-1].name}", windows[0].begins, windows[-1].ends)
    begins, ends = whole.begins, min(whole.ends, now)
    touching = tuple(fault for fault in faults if fault.since < ends and (fault.until or now) > begins)
    return Evidence(
        windows=tuple(availability(window, watched, touching, now) for window in windows),
        whole=availability(whole, watched, touching, now),
        faults=touching,
        longest=max(touching, key=lambda fault: lasted_s(fault, now), default=None),
        detection=_detection([fault for fault in touching if begins <= fault.detected_at < ends]),
    )


def lasted_s(fault: Fault, now: int) -> float:
    return ((fault.until or now) - fault.since) / 1e9


def _detection(faults: list[Fault]) -> Detection:
    delays = sorted(fault.delay_s for fault in faults)
    middle = len(delays) // 2
    median = None
    if delays:
        median = delays[middle] if len(delays) % 2 else (delays[middle - 1] + delays[middle]) / 2
    return Detection(
        faults=len(faults),
        median_s=median,
        longest_s=delays[-1] if delays else None,
        limit_s=min((fault.limit_s for fault in faults if fault.limit_s), default=None),
        late=sum(not fault.is_in_time for fault in faults),
    )
