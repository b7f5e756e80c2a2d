"""The parts together: nights of retention, and that a store that cannot be read ends none of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from arcd.auditing.auditor import FIRST_NIGHT_S, NIGHT_S, Auditor
from arcd.auditing.checkpoints import Checkpoints
from arcd.clock import VirtualClock
from arcd.core.audit.retention import DAYS_DEFAULT
from arcd.core.effects import Answer
from arcd.core.facts import AnyFact
from arcd.core.state import State
from arcd.metrics import Metrics
from arcd.store import Entry, StoreError
from arcd.store.memory import MemoryStore
from tests.virtual_time import run


class Unreadable(MemoryStore):
    asked = 0

    async def entries(
        self, *, after: int = 0, until: int | None = None, subject: str | None = None, kind: str | None = None
    ) -> AsyncIterator[Entry]:
        self.asked += 1
        raise StoreError("the disk does not read reliably")
        yield  # type: ignore[unreachable]  # – an async generator all the same


def test_a_store_that_cannot_be_read_is_asked_again_the_next_night() -> None:
    clock, store = VirtualClock(), Unreadable()

    async def ask(fact: AnyFact) -> Answer:
        raise AssertionError("nothing was found to ask for")

    auditor = Auditor(
        store=store,
        state=State(),
        clock=clock,
        ask=ask,
        asked=lambda fact: asyncio.get_running_loop().create_future(),
        post=lambda fact: None,
        checkpoints=Checkpoints(store=store, clock=clock, metrics=Metrics(version="test"), key=None),
        days=DAYS_DEFAULT,
        is_retaining=True,
    )

    async def story() -> None:
        await store.open()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(auditor.run())
            await asyncio.sleep(FIRST_NIGHT_S + NIGHT_S + 1)
            task.cancel()

    run(story(), clock)
    assert store.asked == 2
