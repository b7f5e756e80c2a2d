"""What a legal hold can be on: a case, a site, a period, or everything there is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

EVERYTHING: Final = "centre"  # a hold on it holds all there is
PERIOD: Final = "period"  # "period/2026-12-01T00:00:00Z/2026-12-03T00:00:00Z": what was recorded from then until then


def is_holdable(subject: str) -> bool:
    kind, slash, name = subject.partition("/")
    if kind == PERIOD:
        return period_of(subject) is not None
    return subject == EVERYTHING or (kind in ("case", "site") and bool(slash and name) and "\0" not in name)


def period_of(subject: str) -> tuple[int, int] | None:
    """First instant and the one behind the last, ns UTC; None: it names no period."""
    kind, _, both = subject.partition("/")
    since, slash, until = both.partition("/")
    if kind != PERIOD or not slash:
        return None
    try:
        first, end = _instant(since), _instant(until)
    except ValueError:
        return None
    return (first, end) if first < end else None


def _instant(text: str) -> int:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("an instant without its offset is no instant")
    return round(when.timestamp() * 1_000_000) * 1_000
