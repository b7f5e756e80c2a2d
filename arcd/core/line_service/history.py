"""What is remembered of a line: when its watching began, and the faults since.

A line is a transmission path, or the ATS: all paths of a system together.

One rule: bounded. The newest faults stand here; `complete_from` says from when on they are all of them, and what is
older is read from the journal.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

FAULTS_MAX = 200


class Fault(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Instants in ns UTC. `since` is when the line was last heard: the fault began right after it."""

    since: int
    detected_at: int
    until: int | None = None  # None: it lasts
    limit_s: float = 0.0  # the reporting time of its category; 0: none is known

    @property
    def delay_s(self) -> float:
        return (self.detected_at - self.since) / 1e9

    @property
    def is_in_time(self) -> bool:
        """Detected within the reporting time, to the millisecond: a deadline fires no earlier than it is due."""
        return not self.limit_s or self.delay_s <= self.limit_s + 0.001


class LineHistory(Struct, frozen=True, kw_only=True, omit_defaults=True):
    watched_from: int
    complete_from: int = 0  # 0: all of them stand here
    faults: tuple[Fault, ...] = ()  # by their beginning


def failed(history: LineHistory, fault: Fault) -> LineHistory:
    """A fault has been decided on. One that is open already goes on: the earlier beginning stands."""
    if history.faults and history.faults[-1].until is None:
        return history
    since = max(fault.since, history.faults[-1].until or 0) if history.faults else fault.since
    faults = (*history.faults, replace(fault, since=since))
    if len(faults) <= FAULTS_MAX:
        return replace(history, faults=faults)
    dropped, *kept = faults
    return replace(history, faults=tuple(kept), complete_from=dropped.until or dropped.since)


def restored(history: LineHistory, at: int) -> LineHistory:
    if not history.faults or history.faults[-1].until is not None:
        return history
    *before, last = history.faults
    return replace(history, faults=(*before, replace(last, until=max(at, last.since))))
