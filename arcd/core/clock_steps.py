"""What a step of the wall clock does to time that is running (design 6: durations use the boot clock).

A guard who has a minute to answer has a minute of true time, whoever sets the clock meanwhile. So when the clock is
set, every deadline that stands for a duration moves along with it, and so does what makes a repeat a repeat. What was
named as an instant stays: the end of a test, opening hours, the time at which somebody wanted a parked case back.

One rule: a deadline of a new kind is a duration unless it is listed here as an instant.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.account import RETRY_HORIZON_S
from arcd.core.turn import NS, Turn

# Owners whose deadlines are instants; those of a case are durations but for the return time somebody named.
INSTANTS = frozenset({"flag", "schedule", "testdue"})
NAMED_RETURN = "resume"


def is_duration(key: str) -> bool:
    owner, _, rest = key.partition("/")
    if owner == "case":
        return rest.partition("/")[2] != NAMED_RETURN
    return owner not in INSTANTS


def follow(turn: Turn, step_s: float) -> None:
    """The clock was set by so many seconds, forward positive: what was running has as long to run as before."""
    step_ns = round(step_s * NS)
    for key, due in list(turn.state.deadlines.items()):
        if is_duration(key):
            turn.deadlines.set(key, due + step_ns)
    for site_id, run in list(turn.state.siteruns.items()):
        if run.pending:
            moved = tuple(replace(pending, due=pending.due + step_ns) for pending in run.pending)
            turn.state.siteruns.put(site_id, replace(run, pending=moved))
    _keep_repeats_known(turn, step_ns)


def _keep_repeats_known(turn: Turn, step_ns: int) -> None:
    """A panel that has not seen its ACK repeats itself meanwhile: what it said just now was still said just now."""
    oldest = turn.at - step_ns - int(RETRY_HORIZON_S * NS)
    for key, account in list(turn.state.accounts.items()):
        if any(recent.at >= oldest for recent in account.recent.values()):
            moved = {
                fingerprint: replace(recent, at=recent.at + step_ns) if recent.at >= oldest else recent
                for fingerprint, recent in account.recent.items()
            }
            turn.state.accounts.put(key, replace(account, recent=moved))
