"""The same message over the system's second path (requirements 4.4, dual-path copy).

A panel that reports over two paths sends one event twice: with the same time, code, zone and qualifier, from another
account or by another way. The later one is attached to what became of the first.

One rule: a copy needs the panel's own time. Two equal messages without one are two messages.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.casebook import save
from arcd.core.conditioning.arrival import Arrival, put_run, run_of
from arcd.core.record import Judged, Judgement
from arcd.core.siterun import SEEN_MAX, Seen
from arcd.core.turn import NS, Turn
from protocols.signals import bare_address


def match(turn: Turn, arrival: Arrival) -> Judgement | None:
    seen = _find(turn, arrival)
    if seen is None:
        return None
    case = turn.state.cases.get(seen.case_id) if seen.case_id else None
    is_open = case is not None and case.is_open
    if arrival.signal.is_life_safety and not is_open:
        return None  # nobody works on the first any more: it counts as new
    if case is not None and is_open:
        signals = tuple(
            replace(each, copies=each.copies + 1) if each.seq == seen.seq else each for each in case.signals
        )
        save(turn, replace(case, signals=signals))
    because = f"copy of entry {seen.seq}"
    return Judgement(index=arrival.index, judged=Judged.COPY, because=because, case_id=seen.case_id)


def _find(turn: Turn, arrival: Arrival) -> Seen | None:
    run = run_of(turn, arrival.site_id)
    if not run.seen:
        return None
    likeness = _likeness(arrival)
    if not likeness:
        return None
    oldest = turn.at - int(arrival.entry.site.conditioning.second_path_s * NS)
    for seen in reversed(run.seen):
        if seen.likeness == likeness and seen.path != arrival.path and seen.at >= oldest:
            return seen
    return None


def remember(turn: Turn, arrival: Arrival, judgement: Judgement) -> None:
    likeness = _likeness(arrival)
    window_s = arrival.entry.site.conditioning.second_path_s
    if not likeness or window_s <= 0:
        return
    run = run_of(turn, arrival.site_id)
    seen = Seen(likeness=likeness, path=arrival.path, at=arrival.at, seq=arrival.seq, case_id=judgement.case_id)
    kept, oldest = run.seen[1 - SEEN_MAX :], turn.at - int(window_s * NS)
    while kept and kept[0].at < oldest:
        kept = kept[1:]
    put_run(turn, arrival.site_id, replace(run, seen=(*kept, seen)))


def _likeness(arrival: Arrival) -> str:
    """Everything that two copies share; "" when the panel gave no time."""
    signal = arrival.signal
    happened = f"e{signal.occurred_at}" if signal.occurred_at is not None else f"f{arrival.panel_s}"
    if happened == "f0":
        return ""
    user = bare_address(signal.user)
    return (
        f"{arrival.system_id}|{happened}|{signal.scheme}|{signal.code}|{signal.qualifier}"
        f"|{arrival.area}|{arrival.zone}|{user}"
    )
