"""Brings checkpoints to one place, one at a time, until they are there.

One rule: only the newest waits. A checkpoint vouches for everything before it, so one that could not be delivered is
worth nothing once a later one is signed; the queue of a place that is down for a week is one note long.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

from arcd.auditing.places import Place
from arcd.clock import Clock
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.heeding import heeding_a_stop
from arcd.store import SignedNote

RETRY_S: Final = 30.0
FAILURES_TOLD: Final = 3  # attempts in a row that make a trouble of it

Delivered = Callable[[Place, Performed, SignedNote], None]


class Courier:
    def __init__(self, place: Place, clock: Clock, delivered: Delivered) -> None:
        self.place = place
        self.failures = 0
        self.detail = "nothing sent yet"
        self.brought: SignedNote | None = None
        self._clock = clock
        self._delivered = delivered
        self._waiting: SignedNote | None = None
        self._filled = asyncio.Event()
        self._next_s = 0.0  # monotonic; not before

    @property
    def is_behind(self) -> bool:
        return self._waiting is not None

    def offer(self, note: SignedNote) -> None:
        self._waiting = note
        self._filled.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._filled.wait()
            pause_s = self._next_s - self._clock.monotonic_s()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            with heeding_a_stop():  # a mailbox is a place, and its library loses one: what was brought is noted first
                await self.bring()

    async def bring(self) -> None:
        """One attempt with the newest note that waits, if any."""
        note = self._waiting
        if note is None:
            self._filled.clear()
            return
        performed = await self.place.put(note)
        if performed.outcome is EffectOutcome.DELIVERED:
            self.failures = 0
            self.brought = note
            if self._waiting is note:
                self._waiting = None
                self._filled.clear()
            self._next_s = self._clock.monotonic_s() + self.place.interval_s
        else:
            self.failures += 1
            self._next_s = self._clock.monotonic_s() + RETRY_S
        self.detail = performed.detail
        self._delivered(self.place, performed, note)

    async def last_chance(self, seconds: float) -> None:
        """Before the daemon ends: whatever the place's interval, for no longer than this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.bring()
