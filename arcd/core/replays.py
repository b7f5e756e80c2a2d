"""What an account has sent under encryption and `recent` no longer holds: a recording of it is still a recording.

One rule: bounded, and never with a gap. Frames stand under the second the panel stamped them with, which a recording
cannot change, so finding one is three lookups. A second is forgotten when the account's time window has passed it.
Where an account sends more than the bound within its window, the oldest second is forgotten early, and from then on
frames as old as that are outside the window: an honest panel is given the time and sends again, a recording cannot.
"""

from __future__ import annotations

from typing import Final

from arcd.core.account import Recent, Sent
from arcd.core.state import State

NS: Final = 1_000_000_000
# Frames remembered per account beside the newest (account.RECENT_MAX). A window of fifteen minutes is covered in full
# up to four signals a second; a panel above that is in a runaway.
REPLAYS_MAX: Final = 4096
# Two messages that say the same in the same second, each with a header of its own, are sent in one breath.
BREATH_S: Final = 2.0
# The panel's second is computed from its clock's difference to ours: rounding may move it by one.
ROUNDING_S: Final = 1


def find(state: State, account: str, key: str, sent_s: int) -> Recent | None:
    """The frame that was sent with this content in this second. Its case is not remembered."""
    if account not in state.sent:
        return None
    for second in range(sent_s - ROUNDING_S, sent_s + ROUNDING_S + 1):
        seq = (state.sent_in_second.get(_key(account, second)) or {}).get(key)
        if seq is not None:
            return Recent(at=second * NS, seq=seq, case_id="", sent_s=second)
    return None


def is_below_floor(state: State, account: str, sent_s: int) -> bool:
    sent = state.sent.get(account)
    return sent is not None and sent_s <= sent.floor_s + ROUNDING_S


def remember(state: State, account: str, displaced: dict[str, Recent], oldest_s: int) -> None:
    """Keep what `recent` lets go of, by what was sealed (by fingerprint where an older version did not note that).

    `oldest_s`: the panel's second that the account's time window has passed.
    """
    sent = state.sent.get(account) or Sent()
    seconds, frames, floor_s = list(sent.seconds), sent.frames, sent.floor_s
    by_second: dict[int, dict[str, int]] = {}
    for fingerprint, recent in displaced.items():
        by_second.setdefault(recent.sent_s, {})[recent.sealed or fingerprint] = recent.seq
    for second, found in by_second.items():
        key = _key(account, second)
        before = state.sent_in_second.get(key)
        if before is None:
            seconds.append(second)
            before = {}
        frames += len(found.keys() - before.keys())
        state.sent_in_second.put(key, before | found)
    seconds.sort()
    while seconds and (seconds[0] < oldest_s or frames > REPLAYS_MAX):
        second = seconds.pop(0)
        if second >= oldest_s:
            floor_s = max(floor_s, second)
        key = _key(account, second)
        frames -= len(state.sent_in_second[key])
        state.sent_in_second.drop(key)
    state.sent.put(account, Sent(seconds=tuple(seconds), frames=frames, floor_s=floor_s))


def forget(state: State, account: str) -> None:
    sent = state.sent.get(account)
    if sent is None:
        return
    for second in sent.seconds:
        state.sent_in_second.drop(_key(account, second))
    state.sent.drop(account)


def _key(account: str, second: int) -> str:
    return f"{account}@{second}"
