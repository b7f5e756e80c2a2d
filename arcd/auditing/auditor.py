"""Everything about the journal's proof in one place: what the daemon starts and stops, and what the API asks.

One rule: it puts the parts together and decides nothing; what changes the journal goes through the core as a fact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from arcd.auditing.checkpoints import Checkpoints
from arcd.auditing.erasing import Eraser
from arcd.auditing.keys import key_change
from arcd.auditing.reads import Asked, ReadLog
from arcd.clock import Clock
from arcd.core.audit.retention import RetentionClass
from arcd.core.effects import Answer
from arcd.core.facts import Actor, AnyFact, SegmentSealed
from arcd.core.state import State
from arcd.store import SignedNote, Store, StoreError
from protocols.tlog.note import SigningKey

log = structlog.get_logger(__name__)

NIGHT_S: Final = 86_400.0
FIRST_NIGHT_S: Final = 3_600.0  # after a start: not while everybody reconnects
LOOK_S: Final = 5.0
SEAL_TRIES_MAX: Final = 20

Ask = Callable[[AnyFact], Awaitable[Answer]]
Post = Callable[[AnyFact], None]


class Auditor:
    def __init__(
        self,
        *,
        store: Store,
        state: State,
        clock: Clock,
        ask: Ask,
        asked: Asked,
        post: Post,
        checkpoints: Checkpoints,
        days: Mapping[RetentionClass, int],
        is_retaining: bool = False,
        previous_key: Callable[[str], SigningKey | None] = lambda name: None,
    ) -> None:
        self.checkpoints = checkpoints
        self.reads = ReadLog(asked, post, clock)
        self.eraser = Eraser(store=store, state=state, ask=ask, clock=clock, days=days)
        self._store = store
        self._state = state
        self._clock = clock
        self._ask = ask
        self._post = post
        self._is_retaining = is_retaining
        self._previous_key = previous_key

    # -------------------------------------------------------------------------------------------------------- its life

    async def begin(self) -> None:
        """Before the first signal: which key signs from here on. CredentialError when the one before is unreadable."""
        key = self.checkpoints.key
        if key is not None:
            audit = self._state.audit.get("audit")
            known = audit.keys if audit is not None else ()
            change = key_change(known, key, self._previous_key, self._clock.now())
            if change is not None:
                self._post(change)
                log.info("audit.key", verifier=change.verifier, vouched=change.vouched)
        await self.checkpoints.begin()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.checkpoints.run(), name="checkpoints")
            tasks.create_task(self._tell_reads(), name="reads")
            if self._is_retaining:
                tasks.create_task(self._retain(), name="retention")

    async def _tell_reads(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.reads.look()

    async def _retain(self) -> None:
        await asyncio.sleep(FIRST_NIGHT_S)
        while True:
            try:
                erased = await self.eraser.retain()
            except StoreError as error:
                log.error("audit.retention_failed", error=str(error))  # the next night; reception goes on
            else:
                log.info("audit.retention", entries=erased.entries, held=erased.held, granted=erased.answer.granted)
            await asyncio.sleep(NIGHT_S)

    # -------------------------------------------------------------------------------------------------------- requests

    async def seal(self, actor: Actor, reason: str) -> tuple[Answer, SignedNote | None]:
        """A checkpoint of everything so far, and the entry that says that a segment ends there."""
        note = await self.checkpoints.sign()
        if note is None:
            message = "Nothing is sealed without a signature: set audit.origin and audit.key in the settings."
            return Answer(granted=False, rule="seal.key", message=message), None
        frontier, head = await self._store.frontier(), await self._store.head()
        for _ in range(SEAL_TRIES_MAX):
            if frontier.size == note.size == head.seq:
                break
            # Something was committed meanwhile: the segment ends behind it.
            note = await self.checkpoints.sign() or note
            frontier, head = await self._store.frontier(), await self._store.head()
        else:
            message = "Signals come in too fast to end a segment between them; try again in a quieter moment."
            return Answer(granted=False, rule="seal.busy", message=message), None
        audit = self._state.audit.get("audit")
        answer = await self._ask(
            SegmentSealed(
                at=self._clock.now(),
                through=frontier.size,
                hash=head.hash.hex(),
                peaks=tuple(peak.hex() for peak in frontier.peaks),
                actor=actor,
                reason=reason,
                sealed_at=head.at,
                key_notes=tuple(key.note for key in audit.keys) if audit is not None else (),
            )
        )
        return answer, note
