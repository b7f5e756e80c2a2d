"""When checkpoints are signed, what is signed, and that nothing waits for it; on memory twins and virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arcd.auditing.checkpoints import Checkpoints
from arcd.auditing.courier import FAILURES_TOLD, RETRY_S
from arcd.auditing.places import MemoryPlace
from arcd.clock import VirtualClock
from arcd.core.facts import EffectOutcome
from arcd.effectors import Performed
from arcd.metrics import Metrics
from arcd.store import SignedNote, StoreError
from arcd.store.memory import MemoryStore
from protocols.tlog.checkpoint import decode_tree_head
from protocols.tlog.merkle import root
from protocols.tlog.note import SigningKey, decode_note, signers
from tests.arcd.store.journal import counted_salts, records
from tests.virtual_time import run

KEY = SigningKey("arc.example/journal", bytes(32))


class Signing:
    def __init__(self, *places: MemoryPlace, key: SigningKey | None = KEY, store: MemoryStore | None = None) -> None:
        self.clock = VirtualClock()
        self.store = store or MemoryStore(urandom=counted_salts())
        self.metrics = Metrics(version="test")
        self.checkpoints = Checkpoints(
            store=self.store,
            clock=self.clock,
            metrics=self.metrics,
            key=key,
            places=places,
            interval_s=60,
            entries_max=1000,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.store.open()
        await self.checkpoints.begin()
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.checkpoints.run())
            yield
            task.cancel()

    def metric(self, name: str) -> str:
        body = self.metrics.exposition()[0].decode()
        return next(line.rpartition(" ")[2] for line in body.splitlines() if line.startswith(name))


class ForgetfulPlace(MemoryPlace):
    """Takes what it is given in the very turn in which the stop comes, and forgets that, as a mail library does."""

    async def put(self, note: SignedNote) -> Performed:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return await super().put(note)


async def sizes(store: MemoryStore) -> list[int]:
    return [note.size for note in await store.notes()]


def test_a_minute_or_a_thousand_entries_and_only_when_something_came() -> None:
    signing = Signing()

    async def story() -> None:
        async with signing.running():
            await asyncio.sleep(200)
            assert await sizes(signing.store) == []
            await signing.store.commit(records(1, 5))
            await asyncio.sleep(2)
            assert await sizes(signing.store) == [5], "the minute was over long ago"
            await signing.store.commit(records(6, 7))
            await asyncio.sleep(50)
            assert await sizes(signing.store) == [5]
            await asyncio.sleep(12)
            assert await sizes(signing.store) == [5, 7]
            await signing.store.commit(records(8, 1006))
            await asyncio.sleep(2)
            assert await sizes(signing.store) == [5, 7]
            await signing.store.commit(records(1007, 1007))
            await asyncio.sleep(2)
            assert await sizes(signing.store) == [5, 7, 1007]

    run(story(), signing.clock)


def test_what_is_signed_is_the_tree_as_it_is_stored() -> None:
    signing = Signing()

    async def story() -> None:
        await signing.store.open()
        await signing.store.commit(records(1, 9))
        note = await signing.checkpoints.sign()
        assert note is not None
        head = decode_tree_head(decode_note(note.text).text)
        assert (head.origin, head.size, head.root) == ("arc.example/journal", 9, root(await signing.store.frontier()))
        assert signers(decode_note(note.text), [KEY.verifier]) == [KEY.verifier]
        assert await signing.checkpoints.sign() == note, "nothing has come since"
        assert float(signing.metric("arc_audit_checkpoint_timestamp_seconds")) == note.at / 1e9

    run(story(), signing.clock)


def test_signing_waits_for_no_commit_and_no_commit_for_it() -> None:
    """While a batch is being synced what is signed is the journal before it."""
    signing = Signing()

    async def story() -> None:
        await signing.store.open()
        await signing.store.commit(records(1, 3))
        may_commit = asyncio.Event()

        async def before(batch: object) -> None:
            await may_commit.wait()

        signing.store.before_commit = before
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(signing.store.commit(records(4, 9)))
            await asyncio.sleep(0)
            note = await signing.checkpoints.sign()
            assert note is not None
            assert note.size == 3
            may_commit.set()

    run(story(), signing.clock)


def test_a_checkpoint_that_cannot_be_kept_is_signed_at_the_next_look() -> None:
    class Full(MemoryStore):
        is_full = True

        async def keep_note(self, note: SignedNote) -> None:
            if self.is_full:
                raise StoreError("the disk is full")
            await super().keep_note(note)

    store = Full(urandom=counted_salts())
    place = MemoryPlace()
    signing = Signing(place, store=store)

    async def story() -> None:
        async with signing.running():
            await store.commit(records(1, 3))
            await asyncio.sleep(70)
            assert place.kept == []
            store.is_full = False
            await asyncio.sleep(2)
            assert [note.size for note in place.kept] == [3]

    run(story(), signing.clock)


def test_a_place_that_is_down_holds_up_nobody_and_gets_the_newest() -> None:
    good, bad = MemoryPlace("directory-1"), MemoryPlace("url-1")
    bad.outcome = EffectOutcome.FAILED
    signing = Signing(good, bad)

    async def story() -> None:
        async with signing.running():
            for size in range(1, 6):
                await signing.store.commit(records(size, size))
                await asyncio.sleep(61)
            assert [note.size for note in good.kept] == [1, 2, 3, 4, 5]
            readings = {reading.about: reading for reading in signing.checkpoints.readings()}
            assert not readings["directory-1"].is_bad
            assert readings["url-1"].is_bad
            assert readings["url-1"].detail == "failed; has nothing so far"
            assert signing.checkpoints.told(5) == (True, "signed up to entry 5; 1 of 2 places take copies")
            bad.outcome = EffectOutcome.DELIVERED
            await asyncio.sleep(RETRY_S + 1)
            assert [note.size for note in bad.kept] == [5]
            assert not any(reading.is_bad for reading in signing.checkpoints.readings())

    run(story(), signing.clock)
    assert FAILURES_TOLD > 1
    assert float(signing.metric('arc_audit_copies_total{outcome="failed",place="directory"}')) >= FAILURES_TOLD


def test_a_place_with_an_interval_is_not_flooded() -> None:
    daily = MemoryPlace("mail-1", interval_s=86_400)
    signing = Signing(daily)

    async def story() -> None:
        async with signing.running():
            for size in range(1, 31):
                await signing.store.commit(records(size, size))
                await asyncio.sleep(3600)
            assert [note.size for note in daily.kept] == [1, 25]

    run(story(), signing.clock)


def test_the_last_one_is_signed_and_brought_at_the_stop() -> None:
    place = MemoryPlace(interval_s=86_400)
    signing = Signing(place)

    async def story() -> None:
        async with signing.running():
            await signing.store.commit(records(1, 2))
            await asyncio.sleep(62)
            await signing.store.commit(records(3, 4))
        await signing.checkpoints.finish()
        assert [note.size for note in place.kept] == [2, 4]
        await signing.checkpoints.close()

    run(story(), signing.clock)


def test_what_did_not_get_away_before_a_crash_does_so_after_it() -> None:
    first = Signing(MemoryPlace())

    async def sign() -> MemoryStore:
        await first.store.open()
        await first.store.commit(records(1, 2))
        await first.checkpoints.sign()
        return first.store.crash()

    store = run(sign(), first.clock)
    place = MemoryPlace()
    second = Signing(place, store=store)

    async def story() -> None:
        async with second.running():
            await asyncio.sleep(1)
            assert [note.size for note in place.kept] == [2]
            assert second.checkpoints.signed_size == 2

    run(story(), second.clock)


def test_without_a_key_nothing_is_signed_and_that_is_said() -> None:
    signing = Signing(key=None)

    async def story() -> None:
        async with signing.running():
            await signing.store.commit(records(1, 2000))
            await asyncio.sleep(100)
        assert await signing.checkpoints.sign() is None
        assert await sizes(signing.store) == []
        is_well, line = signing.checkpoints.told(2000)
        assert is_well
        assert "not signed" in line

    run(story(), signing.clock)


def test_one_place_is_too_few_and_a_stuck_signer_is_a_fault() -> None:
    signing = Signing(MemoryPlace())

    async def story() -> None:
        await signing.store.open()
        assert signing.checkpoints.told(0) == (
            True,
            "signed up to entry 0; 0 of 1 places take copies (2 are wanted)",
        )
        signing.clock.advance(301)
        assert signing.checkpoints.told(1)[0] is False

    run(story(), signing.clock)


def test_a_stop_that_a_place_forgets_is_a_stop() -> None:
    place = ForgetfulPlace()
    signing = Signing(place)

    async def story() -> None:
        async with signing.running():
            await signing.store.commit(records(1, 5))
            await asyncio.sleep(100)
        assert [note.size for note in place.kept] == [5]

    run(story(), signing.clock)
