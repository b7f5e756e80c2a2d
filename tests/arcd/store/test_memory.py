"""What the twin offers beyond a store: crashes and hooks. The rest is in tests/conformance."""

from __future__ import annotations

import asyncio

import pytest

from arcd.store import Batch, StoreError
from arcd.store.memory import MemoryStore
from tests.arcd.store.journal import all_entries, counted_salts, effect, everything, record, records


async def test_a_crash_keeps_what_was_committed_and_ends_the_old_store() -> None:
    store = MemoryStore(urandom=counted_salts())
    await store.open()
    await store.commit(Batch(records=[record(1)], outbox_added=[effect("e1", 1)]))
    survivor = store.crash()
    with pytest.raises(StoreError, match="the process has crashed"):
        await store.commit(records(2, 2))
    restored = await survivor.open()
    assert (restored.head.seq, restored.outbox) == (1, [effect("e1", 1)])
    before = await everything(survivor, restored)
    await survivor.commit(records(2, 2))
    await store.close()
    assert await everything(store, await store.open()) == before  # the two share nothing


async def test_a_crash_before_the_batch_is_durable_loses_it_and_one_after_does_not() -> None:
    for moment, kept in (("before_commit", []), ("after_commit", [1])):
        store = MemoryStore()
        await store.open()
        survivors: list[MemoryStore] = []

        async def crash(batch: Batch, store: MemoryStore = store, survivors: list[MemoryStore] = survivors) -> None:
            survivors.append(store.crash())
            raise StoreError("the power is cut")

        setattr(store, moment, crash)
        with pytest.raises(StoreError, match="the power is cut"):
            await store.commit(records(1, 1))
        await survivors[0].open()
        assert [entry.seq for entry in await all_entries(survivors[0])] == kept


async def test_a_commit_under_way_in_a_crashed_process_is_never_finished() -> None:
    store = MemoryStore()
    await store.open()
    go_on = asyncio.Event()

    async def wait(batch: Batch) -> None:
        await go_on.wait()

    store.before_commit = wait
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_refused(store))
        await asyncio.sleep(0)
        with pytest.raises(AssertionError, match="one after the other"):
            await store.commit(records(1, 1))
        survivor = store.crash()
        go_on.set()
    assert "the process has crashed" in task.result()
    assert (await survivor.open()).head.seq == 0


async def _refused(store: MemoryStore) -> str:
    with pytest.raises(StoreError) as raised:
        await store.commit(records(1, 1))
    return str(raised.value)


async def test_the_failure_asked_for_is_the_one_raised() -> None:
    store = MemoryStore()
    await store.open()
    store.fail_next_commit = StoreError("the disk is full")
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        await store.commit(records(1, 1))
    assert (await store.head()).seq == 0
