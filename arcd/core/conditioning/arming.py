"""What an opening or a closing changes: the armed state, and everything that is counted per armed period.

One rule: only openings and closings proper; reports about them (late, failed) change nothing.
"""

from __future__ import annotations

from arcd.core.conditioning import confirmation, pending, swingers, unrestored
from arcd.core.conditioning.arrival import Arrival, put_run, run_of
from arcd.core.turn import Turn
from arcd.core.view import area_key
from protocols.event_codes import is_closing, is_opening


def note(turn: Turn, arrival: Arrival) -> None:
    signal = arrival.signal
    opens = is_opening(signal)
    if not opens and not is_closing(signal):
        return
    run = run_of(turn, arrival.site_id).with_armed(area_key(arrival.system_id, signal.area), not opens)
    run = swingers.reset_by_arming(run, arrival.system_id, arrival.area)
    if opens:
        run = confirmation.clear_by_opening(run, arrival.system_id, arrival.area)
    put_run(turn, arrival.site_id, run)
    if opens:
        pending.user_came(turn, arrival)
    unrestored.report(turn, arrival)
