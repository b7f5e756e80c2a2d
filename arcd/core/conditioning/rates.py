"""Sources that run away: the same account, code and zone without end (requirements 4.4, runaway).

Two detectors as in Patriot: a sliding window for bursts, a token bucket for slow leaks. One case tells of it; what
follows is folded into that case and counted, until the source has been below its limits for a while.

One rule: life safety is not looked at here. Its repeats join their own open case and nothing else.
"""

from __future__ import annotations

from bisect import bisect_left

from msgspec.structs import replace

from arcd.core.case.casebook import save
from arcd.core.conditioning.arrival import Arrival
from arcd.core.conditioning.tickets import open_ticket
from arcd.core.record import Judged, Judgement
from arcd.core.site import Conditioning
from arcd.core.siterun import RATE_TIMES_MAX, Rate, SiteRates
from arcd.core.turn import NS, Turn
from protocols.signals import Category, Qualifier

# Signals that cost people something when they come without end. Openings, tests and the like are only logged.
RATED = frozenset(
    {
        Category.INTRUSION, Category.TAMPER, Category.TECHNICAL, Category.TROUBLE, Category.SUPERVISION,
        Category.BYPASS, Category.UNKNOWN,
    }
)  # fmt: skip

_NONE = SiteRates()


def fold(turn: Turn, arrival: Arrival) -> Judgement | None:
    """Count the signal; the judgement when its source runs away, None when it may pass."""
    signal, conditioning = arrival.signal, arrival.entry.site.conditioning
    if signal.category not in RATED or signal.qualifier is Qualifier.RESTORE:
        return None
    if conditioning.runaway_count <= 0:
        return None
    key = "|".join((arrival.account, signal.scheme, signal.code, arrival.zone))
    rates = turn.state.rates.get(arrival.site_id) or _NONE
    rate, is_over = counted(rates.rates.get(key) or Rate(), turn.at, conditioning)
    if is_over:
        rate = _run_away(turn, arrival, key, rate, conditioning)
    judgement = None
    if rate.runaway_seq:
        if rate.runaway_seq != arrival.seq:
            rate = replace(rate, folded=rate.folded + 1)
            _count_in_case(turn, rate)
        because = f"runaway since entry {rate.runaway_seq}"
        judgement = Judgement(index=arrival.index, judged=Judged.FOLDED, because=because, case_id=rate.case_id)
    turn.state.rates.put(arrival.site_id, rates.with_rate(key, rate, stale_before=_stale_before(turn, conditioning)))
    return judgement


def counted(rate: Rate, at: int, conditioning: Conditioning) -> tuple[Rate, bool]:
    """One more signal at this instant, and whether that is more than the source may send.

    The bucket is kept as the instant at which it is full again; a signal that finds it empty takes nothing out.
    """
    if rate.last_at > at:
        # The clock was set back: what lies in its future would keep the window full until then.
        rate = replace(rate, times=(), full_at=0)
    limit = min(conditioning.runaway_count, RATE_TIMES_MAX - 1)
    opened = at - int(conditioning.runaway_window_s * NS)
    times = (*rate.times[bisect_left(rate.times, opened) :], at)[-limit - 1 :]
    refill_ns = int(conditioning.runaway_refill_s * NS)
    full_at = max(rate.full_at, at) + refill_ns
    is_empty = 0 < conditioning.runaway_bucket * refill_ns < full_at - at
    rate = replace(rate, times=times, full_at=rate.full_at if is_empty else full_at, last_at=at)
    return rate, is_empty or len(times) > limit


def _run_away(turn: Turn, arrival: Arrival, key: str, rate: Rate, conditioning: Conditioning) -> Rate:
    """Over its limit, for the first time or once more: it has to be below for `runaway_clear_s` from here."""
    case = turn.state.cases.get(rate.case_id)
    was_closed = rate.case_id != "" and (case is None or not case.is_open)
    if not rate.runaway_seq or was_closed:  # closed by somebody, and it goes on: they are told again
        turn.deadlines.clear(_deadline(arrival.site_id, rate))
        text = f"{arrival.account} {arrival.signal.code} {arrival.zone}".strip()
        case_id = open_ticket(turn, arrival.entry, "runaway", about=key, text=text)
        rate = replace(rate, runaway_seq=arrival.seq, case_id=case_id, folded=0)
        turn.note("runaway.began", case_id, source=key)
    turn.deadlines.set(_deadline(arrival.site_id, rate), turn.after(conditioning.runaway_clear_s))
    return rate


def _count_in_case(turn: Turn, rate: Rate) -> None:
    """Compressed: how many, the first and the last. The journal has each of them."""
    case = turn.state.cases.get(rate.case_id)
    if case is None or not case.is_open:
        return
    signals = tuple(
        replace(each, repeats=rate.folded, last_at=turn.at) if each.seq == rate.runaway_seq else each
        for each in case.signals
    )
    save(turn, replace(case, signals=signals))


def on_quiet(turn: Turn, site_id: str, runaway_seq: int) -> None:
    """Below its limits for long enough: the next signal counts as itself again."""
    rates = turn.state.rates.get(site_id) or _NONE
    kept = {}
    for key, rate in rates.rates.items():
        if rate.runaway_seq == runaway_seq:
            turn.note("runaway.ended", rate.case_id, source=key, folded=rate.folded)
        else:
            kept[key] = rate
    turn.state.rates.put(site_id, SiteRates(rates=kept))


def _stale_before(turn: Turn, conditioning: Conditioning) -> int:
    """A source heard before this has an empty window and a full bucket: nothing to remember."""
    bucket_s = conditioning.runaway_bucket * conditioning.runaway_refill_s
    return turn.at - int(max(conditioning.runaway_window_s, bucket_s) * NS)


def _deadline(site_id: str, rate: Rate) -> str:
    return f"site/{site_id}/runaway/{rate.runaway_seq}"
