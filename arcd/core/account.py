"""What is remembered per account: when it was last heard, and what it said lately.

One rule: nothing here decides anything. `recent` is short and bounded, because a panel only repeats what it has not
seen acknowledged. What it lets go of and a recording could still bring is kept by `replays`.
"""

from __future__ import annotations

from itertools import takewhile

from msgspec import Struct

# requirements 4.4: identical message within the retry horizon is a retransmission.
RETRY_HORIZON_S = 120.0
# More unacknowledged frames in flight from one account than this, and a retransmission could look new.
RECENT_MAX = 64
NEWEST_MAX = 8  # beside them


class Recent(Struct, frozen=True, gc=False, kw_only=True, array_like=True):
    """A frame that was answered: when, which journal entry, and the case it went to ("" for none).

    `sent_s` is the panel's own timestamp in whole seconds (0 for none): it tells a recording from a new message.
    """

    at: int
    seq: int
    case_id: str
    sent_s: int = 0
    cases: tuple[str, ...] = ()  # of a frame with several signals: the case of each, "" for none
    is_encrypted: bool = False
    sealed: str = ""  # `Received.sealed`
    sequence: str = ""  # as sent

    def case_of(self, index: int) -> str:
        return self.cases[index] if self.cases else self.case_id


class Sent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account's seconds that hold frames, oldest first, and how many frames that are."""

    seconds: tuple[int, ...] = ()
    frames: int = 0
    floor_s: int = 0  # frames stamped so, or earlier, can no longer be told from recordings


class AccountState(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Both dicts are by fingerprint, oldest first, and replaced whole, never edited. Only the short one is copied for
    every frame: a copy of all touches what a hundred other accounts have pushed out of the processor's caches."""

    last_heard: int = 0
    recent: dict[str, Recent] = {}  # the newest
    older: dict[str, Recent] = {}  # those before them; one that stands in `recent` as well was said again

    def find_recent(self, fingerprint: str) -> Recent | None:
        """The newest frame with this fingerprint that is still remembered."""
        return self.recent.get(fingerprint) or self.older.get(fingerprint)

    def find_sealed(self, sealed: str) -> Recent | None:
        """A frame that is still remembered and said this at that time, whatever its header was."""
        for known in (self.recent, self.older):
            for each in known.values():
                if each.sealed == sealed:
                    return each
        return None

    def newest(self) -> Recent | None:
        return next(reversed(self.recent.values()), None)

    def remember(self, fingerprint: str, recent: Recent, horizon_s: float) -> tuple[AccountState, dict[str, Recent]]:
        """With the frame as the newest. Also what had to go before the horizon has passed it: the oldest when there
        are too many, and the same content sent earlier."""
        oldest = recent.at - int(horizon_s * 1e9)
        earlier = self.find_recent(fingerprint)
        displaced = {} if earlier is None or earlier.at < oldest else {fingerprint: earlier}
        if self.recent and next(reversed(self.recent.values())).at < oldest:
            newest, older = {}, {}  # it speaks seldom: there are many such accounts, and nothing of it is worth keeping
        elif len(self.recent) < NEWEST_MAX:
            newest, older = self.recent.copy(), self.older
            newest.pop(fingerprint, None)
        else:
            newest, older = {}, self._all_since(oldest)
            while len(older) > RECENT_MAX:
                first = next(iter(older))
                displaced[first] = older.pop(first)
        newest[fingerprint] = recent
        return AccountState(last_heard=max(self.last_heard, recent.at), recent=newest, older=older), displaced

    def _all_since(self, oldest: int) -> dict[str, Recent]:
        """Cut where the first stands that is young enough: what is out of order, because the clock was set back in
        between, goes when its turn comes."""
        found = self.older.copy()
        for key in self.recent:
            found.pop(key, None)
        found.update(self.recent)
        for key in list(takewhile(lambda key: found[key].at < oldest, found)):
            del found[key]
        return found


def account_key(number: str, receiver: str | None, line: str | None) -> str:
    """Key of the account table: the namespace as the site base names it, upper case."""
    return f"{receiver or '*'}/{line or '*'}/{number}".upper()
