"""What goes on when the wall clock is set (design 6: durations use the boot clock, instants are UTC).

A guard who has a minute to answer has a minute of true time, whoever sets the clock meanwhile. So every deadline that
counts time moves along, a signal that waits with its own; and what a panel said just now was still said just now, so
that its repeat stays a repeat. What else lies in the future of a clock that was set back is left where it is: whoever
measures a time from there has to bear with it.

One rule: decided from the state alone, so that a replay moves the same things by as much.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.account import RETRY_HORIZON_S, Recent
from arcd.core.turn import NS, Turn


def follow(turn: Turn, step: int) -> None:
    """`step`: ns the wall clock was set forward."""
    turn.deadlines.shift(step)
    for site_id, run in list(turn.state.siteruns.items()):
        if run.pending:
            moved = tuple(replace(pending, due=pending.due + step) for pending in run.pending)
            turn.state.siteruns.put(site_id, replace(run, pending=moved))
    oldest = turn.at - step - int(RETRY_HORIZON_S * NS)
    for key, account in list(turn.state.accounts.items()):
        if any(recent.at >= oldest for recent in (*account.recent.values(), *account.older.values())):
            recents, older = _moved(account.recent, oldest, step), _moved(account.older, oldest, step)
            turn.state.accounts.put(key, replace(account, recent=recents, older=older))


def _moved(recents: dict[str, Recent], oldest: int, step: int) -> dict[str, Recent]:
    return {
        fingerprint: replace(recent, at=recent.at + step) if recent.at >= oldest else recent
        for fingerprint, recent in recents.items()
    }
