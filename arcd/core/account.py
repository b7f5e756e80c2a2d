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
    """A frame that was answered: its fingerprint, when, which journal entry, and the case it went to ("" for none).

    `sent_s` is the panel's own timestamp in whole seconds (0 for none): it tells a recording from a new message.
    """

    fingerprint: str
    at: int
    seq: int
    case_id: str
    sent_s: int = 0


class AccountState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    last_heard: int = 0
    recent: tuple[Recent, ...] = ()

    def find_recent(self, fingerprint: str) -> Recent | None:
        """The newest frame with this fingerprint that is still remembered."""
        for recent in reversed(self.recent):
            if recent.fingerprint == fingerprint:
                return recent
        return None

    def remember(self, recent: Recent, horizon_s: float) -> AccountState:
        """Older frames than the horizon are forgotten; so is the oldest when there are too many."""
        oldest = recent.at - int(horizon_s * 1e9)
        kept = self.recent
        if kept and kept[0].at < oldest:
            kept = tuple(entry for entry in kept if entry.at >= oldest)
        return AccountState(last_heard=max(self.last_heard, recent.at), recent=(*kept[1 - RECENT_MAX :], recent))


def account_key(number: str, receiver: str | None, line: str | None) -> str:
    """Key of the account table: the namespace as the site base names it, upper case."""
    return f"{receiver or '*'}/{line or '*'}/{number}".upper()
