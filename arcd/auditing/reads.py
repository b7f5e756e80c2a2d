"""Who has read personal data: told once at its beginning, and then again, with a count, while it goes on.

One rule: a read is said before it is answered, and saying so never causes another. One person who follows the journal
for an hour is a handful of entries, not one for each that they see, and these entries are not themselves personal data.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from arcd.clock import Clock
from arcd.core.facts import Actor, AnyFact, SensitiveRead

WINDOW_S: Final = 600.0  # reads of one kind, by one person, of one subject within it are told together
READERS_MAX: Final = 1_000  # windows open at once; beyond it the oldest is told and closed
NS: Final = 1_000_000_000

Post = Callable[[AnyFact], None]
_Key = tuple[str, str, str]


class _Window(Struct):
    actor: Actor
    opened_at: int
    count: int = 0  # since it was told


class ReadLog:
    def __init__(self, post: Post, clock: Clock) -> None:
        self._post = post
        self._clock = clock
        self._open: dict[_Key, _Window] = {}

    def was_read(self, actor: Actor, what: str, subject: str) -> None:
        key = (actor.id, what, subject)
        window = self._open.get(key)
        if window is not None:
            window.count += 1
            return
        while len(self._open) >= READERS_MAX:
            self._close(next(iter(self._open)))
        now = self._clock.now()
        self._open[key] = _Window(actor=actor, opened_at=now)
        self._post(SensitiveRead(at=now, what=what, subject=subject, actor=actor))

    def look(self) -> None:
        """Close the windows that are over; called now and then."""
        over = self._clock.now() - int(WINDOW_S * NS)
        for key in [key for key, window in self._open.items() if window.opened_at <= over]:
            self._close(key)

    def finish(self) -> None:
        for key in list(self._open):
            self._close(key)

    def _close(self, key: _Key) -> None:
        window = self._open.pop(key)
        if window.count:
            self._post(
                SensitiveRead(
                    at=self._clock.now(),
                    what=key[1],
                    subject=key[2],
                    actor=window.actor,
                    count=window.count,
                    since=window.opened_at,
                )
            )
