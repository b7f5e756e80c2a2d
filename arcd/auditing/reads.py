"""Who has read personal data: told before the answer leaves, and then again, with a count, while it goes on.

One rule: a read is on stable storage before it is answered, but nobody who must act on an alarm waits for a disk: after
`WAIT_S` the answer leaves all the same, the system log says so at once, and the journal as soon as it takes entries.
However often a screen asks, one person's reading of one thing is one entry a window, and saying so causes no other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from msgspec import Struct

from arcd.clock import Clock
from arcd.core.effects import Answer
from arcd.core.facts import Actor, AnyFact, SensitiveRead

log = structlog.get_logger(__name__)

WINDOW_S: Final = 600.0  # reads of one kind, by one person, of one subject within it are told together
WAIT_S: Final = 0.5  # for the record of a read; a commit takes milliseconds unless the disk is in trouble
READERS_MAX: Final = 1_000  # windows open at once; beyond it the oldest is told and closed
NS: Final = 1_000_000_000

Post = Callable[[AnyFact], None]
Asked = Callable[[AnyFact], asyncio.Future[Answer]]
"""Gives a fact to the machine at once; done when it is committed."""

_Key = tuple[str, str, str, str]


class _Window(Struct):
    actor: Actor
    opened_at: int
    recorded: asyncio.Future[Answer]
    count: int = 0  # since it was told
    ahead: int = 0  # of all, answered while the record was still waiting for the disk; since it was told
    has_waited: bool = False


class ReadLog:
    def __init__(self, asked: Asked, post: Post, clock: Clock) -> None:
        self._asked = asked
        self._post = post
        self._clock = clock
        self._open: dict[_Key, _Window] = {}

    async def read(self, actor: Actor, what: str, subject: str, why: str = "") -> None:
        """Returns when the answer may leave."""
        key = (actor.id, what, subject, why)
        window = self._open.get(key)
        if window is None:
            window = self._open[key] = self._begun(actor, what, subject, why)
        else:
            window.count += 1
        if not window.recorded.done() and not window.has_waited:
            await asyncio.wait({window.recorded}, timeout=WAIT_S)
        if not window.recorded.done() or window.recorded.exception() is not None:  # StoreError: it never will be
            window.has_waited = True
            window.ahead += 1
            log.warning("read.ahead_of_record", actor=actor.id, what=what, subject=subject)

    def look(self) -> None:
        """Tell what has been read in the windows that are over; called now and then."""
        now = self._clock.now()
        over = now - int(WINDOW_S * NS)
        for key in [key for key, window in self._open.items() if window.opened_at <= over]:
            window = self._open.pop(key)
            if self._told(key, window):
                # Whoever reads on is told again when this one is over, and not in between.
                window.opened_at, window.count, window.ahead = now, 0, 0
                self._open[key] = window

    def finish(self) -> None:
        for key, window in self._open.items():
            self._told(key, window)
        self._open.clear()

    def _begun(self, actor: Actor, what: str, subject: str, why: str) -> _Window:
        while len(self._open) >= READERS_MAX:
            oldest = next(iter(self._open))
            self._told(oldest, self._open.pop(oldest))
        now = self._clock.now()
        fact = SensitiveRead(at=now, what=what, subject=subject, actor=actor, reason=why)
        return _Window(actor=actor, opened_at=now, recorded=self._asked(fact))

    def _told(self, key: _Key, window: _Window) -> bool:
        if not window.count and not window.ahead:
            return False
        _, what, subject, why = key
        self._post(
            SensitiveRead(
                at=self._clock.now(),
                what=what,
                subject=subject,
                actor=window.actor,
                count=window.count,
                since=window.opened_at,
                reason=why,
                ahead=window.ahead,
            )
        )
        return True
