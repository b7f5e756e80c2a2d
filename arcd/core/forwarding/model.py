"""What is remembered of an output.

One rule: whether a signal is an output's is a function of its instant, so that a backlog is judged by the hours in
which it came and not by those in which it can at last be sent.
"""

from __future__ import annotations

from msgspec import Struct

SWITCHES_MAX = 16  # a backlog older than so many switches is judged by the hours alone


class Switch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody's word: from `at` to before `until`."""

    on: bool
    at: int
    until: int
    by: str
    reason: str


class ForwardState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    acknowledged: int = 0  # entry of the journal: it and all before it are done with
    switches: tuple[Switch, ...] = ()  # the newest last

    def switch_at(self, at: int) -> Switch | None:
        """The last word that had been said by `at` and stands then."""
        newest = next((switch for switch in reversed(self.switches) if switch.at <= at), None)
        return newest if newest is not None and at < newest.until else None
