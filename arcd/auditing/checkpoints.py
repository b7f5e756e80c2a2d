"""Signs where the journal stands, every so often, and sees to it that copies get away.

One rule: what is signed is durable already, and the commit of signals waits for none of this. A checkpoint that cannot
be kept (a full disk) is signed again at the next look; the entries it would have vouched for are in the one after it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import structlog

from arcd.auditing.courier import FAILURES_TOLD, Courier
from arcd.auditing.places import Place
from arcd.clock import Clock
from arcd.core.facts import EffectOutcome
from arcd.degraded import Reading
from arcd.effectors import Performed
from arcd.metrics import Metrics
from arcd.store import SignedNote, Store, StoreError
from protocols.tlog.checkpoint import TreeHead
from protocols.tlog.merkle import root
from protocols.tlog.note import SigningKey, encode_note

log = structlog.get_logger(__name__)

NS = 1_000_000_000
LOOK_S: Final = 1.0
LAST_CHANCE_S: Final = 3.0  # per place, all at once, when the daemon ends
OVERDUE_INTERVALS: Final = 5  # entries unsigned for so many intervals are a fault
PLACES_WANTED: Final = 2  # requirements 5, design 4


class Checkpoints:
    """`key` None: nothing is signed, and that is all this says."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        key: SigningKey | None,
        places: Sequence[Place] = (),
        interval_s: float = 60.0,
        entries_max: int = 1_000,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._key = key
        self._interval_s = interval_s
        self._entries_max = entries_max
        self._couriers = [Courier(place, clock, self._delivered) for place in places]
        self._signed_size = 0
        self._signed_s = clock.monotonic_s()
        self._lock = asyncio.Lock()

    @property
    def key(self) -> SigningKey | None:
        return self._key

    @property
    def signed_size(self) -> int:
        return self._signed_size

    async def begin(self) -> None:
        """Where signing had come to. What was signed last may not have got away before the end."""
        newest = await self._store.newest_note()
        if newest is None:
            return
        self._signed_size = newest.size
        self._metrics.audit_checkpoint(newest.at)
        for courier in self._couriers:
            courier.offer(newest)

    async def run(self) -> None:
        """Until cancelled."""
        if self._key is None:
            return
        async with asyncio.TaskGroup() as tasks:
            for courier in self._couriers:
                tasks.create_task(courier.run(), name=courier.place.name)
            while True:
                await asyncio.sleep(LOOK_S)
                await self._look()

    async def _look(self) -> None:
        size = (await self._store.frontier()).size
        unsigned = size - self._signed_size
        age_s = self._clock.monotonic_s() - self._signed_s
        if unsigned and (age_s >= self._interval_s or unsigned >= self._entries_max):
            try:
                await self.sign()
            except StoreError as error:
                log.error("checkpoint.not_kept", error=str(error))

    async def sign(self) -> SignedNote | None:
        """A checkpoint of everything that is durable now; the last one again where nothing has come since.

        None: no key. StoreError: it could not be kept.
        """
        if self._key is None:
            return None
        async with self._lock:
            frontier = await self._store.frontier()
            newest = await self._store.newest_note() if frontier.size == self._signed_size else None
            if newest is not None and newest.size == frontier.size:
                return newest
            head = TreeHead(origin=self._key.verifier.name, size=frontier.size, root=root(frontier))
            note = SignedNote(size=frontier.size, at=self._clock.now(), text=encode_note(head.text(), [self._key]))
            await self._store.keep_note(note)
            self._signed_size = note.size
            self._signed_s = self._clock.monotonic_s()
            self._metrics.audit_checkpoint(note.at)
            for courier in self._couriers:
                courier.offer(note)
            return note

    async def finish(self) -> None:
        """The last checkpoint of a clean stop, after everything is committed."""
        try:
            await self.sign()
        except StoreError as error:
            log.error("checkpoint.not_kept", error=str(error))
        await asyncio.gather(*(courier.last_chance(LAST_CHANCE_S) for courier in self._couriers))

    async def close(self) -> None:
        for courier in self._couriers:
            await courier.place.close()

    # ----------------------------------------------------------------------------------------------------- what is told

    def _delivered(self, place: Place, performed: Performed, note: SignedNote) -> None:
        self._metrics.audit_copy(place.kind, performed.outcome, note.at)
        if performed.outcome is not EffectOutcome.DELIVERED:
            log.warning("checkpoint.not_copied", place=place.name, size=note.size, detail=performed.detail)

    def readings(self) -> Iterator[Reading]:
        """For the daemon's watch on itself: one for each place."""
        for courier in self._couriers:
            brought = f"up to entry {courier.brought.size}" if courier.brought is not None else "nothing so far"
            detail = f"{courier.detail}; has {brought}"
            yield Reading("checkpoint_copy", courier.failures >= FAILURES_TOLD, detail, about=courier.place.name)

    def told(self, head_seq: int) -> tuple[bool, str]:
        """Whether signing keeps up, and a line about it for `arcctl status`."""
        if self._key is None:
            return True, "checkpoints are not signed (audit.origin of the settings)"
        behind_s = self._clock.monotonic_s() - self._signed_s
        is_overdue = head_seq > self._signed_size and behind_s > OVERDUE_INTERVALS * self._interval_s
        reached = sum(courier.brought is not None and not courier.failures for courier in self._couriers)
        line = f"signed up to entry {self._signed_size}; {reached} of {len(self._couriers)} places take copies"
        if len(self._couriers) < PLACES_WANTED:
            line += f" ({PLACES_WANTED} are wanted)"
        return not is_overdue, line
