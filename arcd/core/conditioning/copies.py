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


def likeness(arrival: Arrival) -> str:
    """Everything that two copies share; "" when the panel gave no time, or the site wants no copies found."""
    signal = arrival.signal
    if signal.occurred_at is not None:
        happened = f"e{signal.occurred_at}"
    elif arrival.panel_s:
        happened = f"f{arrival.panel_s}"
    else:
        return ""
    if arrival.entry.site.conditioning.second_path_s <= 0:
        return ""
    user = bare_address(signal.user)
    said = (signal.scheme, signal.code, signal.qualifier, arrival.area, arrival.zone, user)
    return "|".join((arrival.system_id, happened, *said))


def match(turn: Turn, arrival: Arrival, like: str) -> Judgement | None:
    seen = run_of(turn, arrival.site_id).seen.get(like) if like else None
    if seen is None or seen.path == arrival.path or abs(turn.at - seen.at) > _window_ns(arrival):
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


def remember(turn: Turn, arrival: Arrival, like: str, judgement: Judgement) -> None:
    if not like:
        return
    run = run_of(turn, arrival.site_id)
    known = dict(run.seen)
    known.pop(like, None)
    oldest = turn.at - _window_ns(arrival)
    while known:
        first = next(iter(known))
        if len(known) < SEEN_MAX and known[first].at >= oldest:
            break
        del known[first]
    known[like] = Seen(path=arrival.path, at=arrival.at, seq=arrival.seq, case_id=judgement.case_id)
    put_run(turn, arrival.site_id, replace(run, seen=known))


def _window_ns(arrival: Arrival) -> int:
    return int(arrival.entry.site.conditioning.second_path_s * NS)
