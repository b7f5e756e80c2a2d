"""The words of a signal that came without them: some panels say them only once the signal has been acknowledged.

One rule: words are no second signal. They are written to what became of the first: its case, or where it waits.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.account import Recent
from arcd.core.case.casebook import save
from arcd.core.conditioning.arrival import put_run, run_of
from arcd.core.directory import Entry
from arcd.core.flags.holding import holding
from arcd.core.record import Judged, Judgement
from arcd.core.turn import Turn
from protocols.signals import Signal


def attach(turn: Turn, entry: Entry, signal: Signal, index: int, first: Recent) -> Judgement:
    """`first`: the frame whose signal of this index `signal` is, with its words."""
    case_id, because = first.case_of(index), f"text of entry {first.seq}"
    flag = holding(turn, entry, signal)
    if flag is not None and not case_id:
        return Judgement(index=index, judged=Judged.HELD, because=because, flag_id=flag.id)
    site_id = entry.site.id
    run = run_of(turn, site_id)
    if any(each.seq == first.seq and each.index == index for each in run.pending):
        pending = tuple(
            replace(each, signal=replace(each.signal, text=signal.text))
            if each.seq == first.seq and each.index == index
            else each
            for each in run.pending
        )
        put_run(turn, site_id, replace(run, pending=pending))
    case = turn.state.cases.get(case_id) if case_id else None
    if case is not None and case.is_open:
        signals = tuple(
            replace(each, signal=replace(each.signal, text=signal.text))
            if each.seq == first.seq and each.signal.code == signal.code
            else each
            for each in case.signals
        )
        save(turn, replace(case, signals=signals))
    return Judgement(index=index, judged=Judged.COPY, because=because, case_id=case_id)
