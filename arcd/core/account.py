"""What is remembered per account: when it was last heard, and what it said lately.

One rule: nothing here decides anything. `recent` is short and bounded, because a panel only repeats what it has not
seen acknowledged.
"""

from __future__ import annotations

from msgspec import Struct

# requirements 4.4: identical message within the retry horizon is a retransmission.
RETRY_HORIZON_S = 120.0
# More unacknowledged frames in flight from one account than this, and a retransmission could look new.
RECENT_MAX = 64


class Recent(Struct, frozen=True, kw_only=True, array_like=True):
    """A frame that was answered: its fingerprint, when, which journal entry, and the case it went to ("" for none)."""

    fingerprint: str
    at: int
    seq: int
    case_id: str
    reply: str


class AccountState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    last_heard: int = 0
    recent: tuple[Recent, ...] = ()
    # How often each wire trouble has been seen since its case was opened is in the case; here only the last instant.
    troubles: dict[str, int] = {}

    def find_recent(self, fingerprint: str, now: int) -> Recent | None:
        oldest = now - int(RETRY_HORIZON_S * 1e9)
        for recent in reversed(self.recent):
            if recent.fingerprint == fingerprint:
                return recent if recent.at >= oldest else None
        return None

    def remember(self, recent: Recent) -> AccountState:
        oldest = recent.at - int(RETRY_HORIZON_S * 1e9)
        kept = self.recent
        if kept and kept[0].at < oldest:
            kept = tuple(entry for entry in kept if entry.at >= oldest)
        return AccountState(
            last_heard=max(self.last_heard, recent.at), recent=(*kept[1 - RECENT_MAX :], recent), troubles=self.troubles
        )


def account_key(number: str, receiver: str | None, line: str | None) -> str:
    """Key of the account table: the namespace as the site base names it, upper case."""
    return f"{receiver or '*'}/{line or '*'}/{number}".upper()
