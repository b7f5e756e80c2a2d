"""What every store does, whatever it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from arcd.store import (
    Batch,
    CaseQuery,
    Checkpoint,
    Entry,
    Head,
    Record,
    Restored,
    Sealed,
    SignedNote,
    StateRow,
    Store,
    StoreError,
)
from arcd.store.chain import GENESIS_HASH, commitment, encode_entry, entry_hash
from arcd.store.memory import MemoryStore
from arcd.store.precondition import BATCH_RECORDS_MAX, CASES_MAX, ERASED_MAX
from arcd.store.reading import ENTRIES_PAGE
from arcd.store.sqlite import SqliteStore
from protocols.tlog.merkle import Frontier, grow
from tests.arcd.store.journal import START, all_entries, case, counted_salts, effect, everything, record, records


class Bench:
    """A store, a way to start it again, and a way to make its next commit fail."""

    def __init__(self, make: Callable[[], Store], restart: Callable[[Store], Awaitable[Store]]) -> None:
        self.store = make()
        self._restart = restart

    async def restart(self) -> Restored:
        self.store = await self._restart(self.store)
        return await self.store.open()

    async def erase(self, seqs: Sequence[int]) -> None:
        head = await self.store.head()
        await self.store.commit(Batch(checkpoint=Checkpoint(seq=head.seq, rows=[]), erased=seqs))

    async def fail_next_commit_of(self, batch: Batch) -> None:
        """Try to commit what does not fit any more."""
        await self.fail_next_commit()
        large = [msgspec.structs.replace(record, payload=b"x" * 100_000) for record in batch.records]
        with pytest.raises(StoreError, match="full"):
            await self.store.commit(msgspec.structs.replace(batch, records=large))

    async def fail_next_commit(self) -> None:
        if isinstance(self.store, MemoryStore):
            self.store.fail_next_commit = StoreError("the disk is full")
        else:
            assert isinstance(self.store, SqliteStore)
            assert self.store._writer is not None  # – the disk is made small where SQLite counts it
            [(pages,)] = await self.store._writer.rows("PRAGMA page_count")
            await self.store._writer.rows(f"PRAGMA max_page_count = {pages}")


@pytest.fixture(params=["memory", "sqlite"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    if request.param == "memory":

        async def crash(store: Store) -> Store:
            assert isinstance(store, MemoryStore)
            return store.crash()

        bench = Bench(lambda: MemoryStore(urandom=counted_salts()), crash)
    else:

        async def reopen(store: Store) -> Store:
            await store.close()
            return SqliteStore(tmp_path / "journal.db", urandom=counted_salts())

        bench = Bench(lambda: SqliteStore(tmp_path / "journal.db", urandom=counted_salts()), reopen)
    yield bench
    await bench.store.close()


async def test_a_new_store_is_empty(bench: Bench) -> None:
    restored = await bench.store.open()
    assert restored == Restored(checkpoint_seq=0, rows=[], outbox=[], head=Head(seq=0, hash=GENESIS_HASH, at=0))
    assert await bench.store.head() == restored.head
    assert await all_entries(bench.store) == []
    assert await bench.store.cases(CaseQuery()) == []
    assert await bench.store.case("C1") is None


async def test_entries_are_chained_and_come_back(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(records(1, 3))
    await bench.store.commit(records(4, 5))
    entries = await all_entries(bench.store)
    previous = GENESIS_HASH
    for seq, entry in enumerate(entries, start=1):
        assert (entry.seq, entry.at, entry.kind, entry.subject) == (seq, START + seq, "signal_received", "site/K-1")
        assert entry.payload == b'{"seq":%d}' % seq
        assert entry.salt is not None
        assert entry.commitment == commitment(entry.salt, entry.payload)
        assert entry.previous_hash == previous
        assert entry.hash == entry_hash(
            encode_entry(
                seq=seq,
                at=entry.at,
                kind=entry.kind,
                subject=entry.subject,
                commitment=entry.commitment,
                previous_hash=previous,
                refs="[]",
            )
        )
        previous = entry.hash
    assert len({entry.salt for entry in entries}) == 5
    assert await bench.store.head() == Head(seq=5, hash=previous, at=START + 5)


async def test_a_restart_gives_back_what_was_committed(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(
        Batch(
            records=[record(1), record(2)],
            outbox_added=[effect("e1", 1), effect("e2", 2)],
            cases=[case("C1")],
            checkpoint=Checkpoint(seq=1, rows=[StateRow(table="site", key="K-1", body=b"{}")]),
        )
    )
    await bench.store.commit(Batch(records=[record(3)], outbox_settled=["e1"]))
    entries = await all_entries(bench.store)
    restored = await bench.restart()
    assert restored.checkpoint_seq == 1
    assert restored.rows == [StateRow(table="site", key="K-1", body=b"{}")]
    assert restored.outbox == [effect("e2", 2)]
    assert restored.head == Head(seq=3, hash=entries[-1].hash, at=START + 3)
    assert await all_entries(bench.store) == entries
    assert await all_entries(bench.store, after=restored.checkpoint_seq) == entries[1:]
    assert await bench.store.case("C1") == case("C1")
    await bench.store.commit(records(4, 4))
    assert (await bench.store.head()).seq == 4


async def test_entries_by_range_subject_ref_and_kind(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(
        Batch(
            records=[
                record(1, subject="site/K-1"),
                record(2, subject="site/K-2", refs=["case/C1", "site/K-2", "case/C1"]),
                record(3, subject="case/C1", refs=["site/K-1"], kind="case_closed"),
                record(4, subject="centre", kind="case_closed"),
            ]
        )
    )

    async def found(**question: Any) -> list[int]:
        return [entry.seq for entry in await all_entries(bench.store, **question)]

    assert await found() == [1, 2, 3, 4]
    assert await found(after=1, until=3) == [2, 3]
    assert await found(until=99) == [1, 2, 3, 4]
    assert await found(after=4) == []
    assert await found(subject="site/K-1") == [1, 3]
    assert await found(subject="case/C1") == [2, 3]
    assert await found(subject="case/C1", after=2) == [3]
    assert await found(subject="site/K") == []
    assert await found(kind="case_closed") == [3, 4]
    assert await found(kind="case_closed", subject="centre") == [4]
    assert await found(kind="signal_received", subject="centre") == []


async def test_a_large_batch_comes_back_in_order_over_several_pages(bench: Bench) -> None:
    await bench.store.open()
    count = 4 * ENTRIES_PAGE + 1
    await bench.store.commit(
        Batch(
            records=[record(seq, subject=f"site/K-{seq % 2}", refs=["centre"]) for seq in range(1, count + 1)],
            outbox_added=[effect(f"e{seq}", seq) for seq in range(count, 0, -1)],
        )
    )
    assert [entry.seq for entry in await all_entries(bench.store)] == list(range(1, count + 1))
    assert [entry.seq for entry in await all_entries(bench.store, subject="centre")] == list(range(1, count + 1))
    assert [entry.seq for entry in await all_entries(bench.store, subject="site/K-1")] == list(range(1, count + 1, 2))
    assert [row.seq for row in (await bench.restart()).outbox] == list(range(count, 0, -1))  # as added


async def test_a_subject_is_found_across_eras(bench: Bench) -> None:
    await bench.store.open()
    first = 1
    for size in (BATCH_RECORDS_MAX, 10):
        last = first + size - 1
        await bench.store.commit(
            Batch(
                records=[
                    record(seq, subject="site/K-1" if seq % 8191 == 0 else "x", payload=b"{}")
                    for seq in range(first, last + 1)
                ]
            )
        )
        first = last + 1
    seqs = [entry.seq for entry in await all_entries(bench.store, subject="site/K-1")]
    assert seqs == list(range(8191, first, 8191))
    assert [entry.seq for entry in await all_entries(bench.store, subject="x", after=65_534)] == [
        65_534 + more for more in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
    ]


async def test_an_empty_batch_changes_nothing(bench: Bench) -> None:
    before = await bench.store.open()
    await bench.store.commit(Batch())
    assert await bench.store.head() == before.head


async def test_a_batch_without_records_is_durable_too(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1)], outbox_added=[effect("e1", 1)]))
    head = await bench.store.head()
    await bench.store.commit(Batch(outbox_settled=["e1", "never added"]))
    await bench.store.commit(Batch(cases=[case("C1")]))
    await bench.store.commit(Batch(checkpoint=Checkpoint(seq=1, rows=[])))
    restored = await bench.restart()
    assert (restored.head, restored.outbox, restored.checkpoint_seq) == (head, [], 1)
    assert await bench.store.case("C1") == case("C1")


async def test_checkpoint_rows_are_put_replaced_and_taken_away(bench: Bench) -> None:
    await bench.store.open()

    async def checkpoint(seq: int, *rows: tuple[str, str, bytes | None]) -> None:
        state = [StateRow(table=table, key=key, body=body) for table, key, body in rows]
        await bench.store.commit(Batch(records=[record(seq)], checkpoint=Checkpoint(seq=seq, rows=state)))

    await checkpoint(1, ("site", "b", b"1"), ("site", "a", b"2"), ("case", "a", b"3"), ("case", "z", b"4"))
    await checkpoint(2, ("site", "a", b""), ("case", "a", None), ("case", "never", None))
    await checkpoint(3, ("case", "z", b"5"), ("case", "z", None), ("site", "b", None), ("site", "b", b"6"))
    restored = await bench.restart()
    assert restored.checkpoint_seq == 3
    assert restored.rows == [
        StateRow(table="site", key="a", body=b""),
        StateRow(table="site", key="b", body=b"6"),
    ]


async def test_an_effect_added_and_settled_in_one_batch_is_gone(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1)], outbox_added=[effect("e1", 1)], outbox_settled=["e1"]))
    await bench.store.commit(Batch(outbox_added=[effect("e1", 1)]))
    assert (await bench.restart()).outbox == [effect("e1", 1)]


async def test_cases_newest_first_and_filtered(bench: Bench) -> None:
    await bench.store.open()
    rows = [
        case("C1", opened_at=START + 1),
        case("C2", opened_at=START + 3, site_id="K-2"),
        case("C3", opened_at=START + 3, is_open=False),
        case("C4", opened_at=START + 2),
    ]
    await bench.store.commit(Batch(cases=rows))

    async def found(query: CaseQuery) -> list[str]:
        return [row.case_id for row in await bench.store.cases(query)]

    assert await found(CaseQuery()) == ["C2", "C4", "C1"]
    assert await found(CaseQuery(open_only=False)) == ["C3", "C2", "C4", "C1"]
    assert await found(CaseQuery(open_only=False, limit=2)) == ["C3", "C2"]
    assert await found(CaseQuery(site_id="K-2")) == ["C2"]
    assert await found(CaseQuery(case_type="alarm", site_id="K-1")) == ["C4", "C1"]
    assert await found(CaseQuery(case_type="tour")) == []
    closed = case("C1", is_open=False, opened_at=START + 1, state="closed")
    await bench.store.commit(Batch(cases=[case("C1", state="lost"), closed]))  # said last holds
    assert await bench.store.case("C1") == closed
    assert await found(CaseQuery()) == ["C2", "C4"]
    await bench.restart()
    assert await bench.store.case("C1") == closed


@pytest.mark.parametrize("limit", [0, -1, CASES_MAX + 1])
async def test_a_query_without_bounds_is_refused(bench: Bench, limit: int) -> None:
    await bench.store.open()
    with pytest.raises(ValueError, match=f"limit is {limit}; ask for 1 to 10000 cases"):
        await bench.store.cases(CaseQuery(limit=limit))


async def test_an_erased_payload_leaves_its_entry(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(records(1, 3))
    before = await all_entries(bench.store)
    await bench.erase([2])
    after = await all_entries(bench.store)
    assert (after[0], after[2]) == (before[0], before[2])
    assert (after[1].payload, after[1].salt) == (None, None)
    assert (after[1].hash, after[1].commitment) == (before[1].hash, before[1].commitment)
    await bench.restart()
    assert await all_entries(bench.store) == after
    await bench.store.commit(records(4, 4))


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (records(2, 2), "record 2 where 1 comes next"),
        (records(0, 0), "record 0 where 1 comes next"),
        (Batch(records=[record(1), record(3)]), "record 3 where 2 comes next"),
        (Batch(records=[record(1), record(1)]), "record 1 where 2 comes next"),
        (Batch(checkpoint=Checkpoint(seq=1, rows=[])), "a checkpoint as of 1 with the last one at 0, head 0"),
        (Batch(records=[record(1, subject="a\0b")]), "contains NUL"),
        (Batch(records=[record(1, subject="")]), "never empty"),
        (Batch(records=[record(1, kind="k" * 16_384)]), "16384 characters"),
        (Batch(records=[record(1)] * (BATCH_RECORDS_MAX + 1)), "at most 65536 records"),
    ],
)
async def test_a_contradictory_batch_is_a_broken_invariant_and_leaves_the_store_usable(
    bench: Bench, batch: Batch, said: str
) -> None:
    await bench.store.open()
    with pytest.raises(AssertionError, match=said):
        await bench.store.commit(batch)
    await bench.store.commit(records(1, 1))
    assert [entry.seq for entry in await all_entries(bench.store)] == [1]


async def test_an_effect_id_is_added_once(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1)], outbox_added=[effect("e1", 1)]))
    with pytest.raises(AssertionError, match="the store holds something else"):
        await bench.store.commit(Batch(records=[record(2)], outbox_added=[effect("e2", 2), effect("e1", 2)]))
    with pytest.raises(StoreError, match="after a failed commit"):
        await bench.store.commit(records(2, 2))
    assert [row.effect_id for row in (await bench.restart()).outbox] == ["e1"]
    assert [entry.seq for entry in await all_entries(bench.store)] == [1]


async def test_a_failed_commit_leaves_nothing_and_ends_the_stores_use(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1)], outbox_added=[effect("e1", 1)], cases=[case("C1")]))
    head = await bench.store.head()
    await bench.fail_next_commit()
    big = b'"' + b"x" * 100_000 + b'"'
    with pytest.raises(StoreError, match="full"):
        await bench.store.commit(
            Batch(
                records=[record(2, payload=big)],
                outbox_added=[effect("e2", 2)],
                outbox_settled=["e1"],
                cases=[case("C1", state="lost"), case("C2")],
                checkpoint=Checkpoint(seq=2, rows=[StateRow(table="site", key="K-1", body=b"{}")]),
            )
        )
    assert await bench.store.head() == head
    for batch in (records(2, 2), Batch(outbox_settled=["e1"]), Batch()):
        with pytest.raises(
            StoreError, match=r"nothing more is stored after a failed commit \(.*full.*start arcd again"
        ):
            await bench.store.commit(batch)
    restored = await bench.restart()
    assert (restored.head, restored.checkpoint_seq, restored.rows) == (head, 0, [])
    assert restored.outbox == [effect("e1", 1)]
    assert await bench.store.cases(CaseQuery()) == [case("C1")]
    await bench.store.commit(records(2, 2))


async def test_batches_handed_over_together_are_stored_in_that_order(bench: Bench) -> None:
    await bench.store.open()
    assert bench.store.backlog == 0
    first = bench.store.commit(Batch(records=[record(1)], outbox_added=[effect("e1", 1)]))
    second = bench.store.commit(Batch(records=[record(2)], outbox_settled=["e1"], cases=[case("C1", state="begun")]))
    third = bench.store.commit(Batch(records=[record(3)], cases=[case("C1", state="ended")]))
    assert bench.store.backlog <= 3
    await first
    assert (await bench.store.head()).seq == 1
    assert [entry.seq for entry in await all_entries(bench.store)] == [1]
    await second
    await third
    assert bench.store.backlog == 0
    assert (await bench.store.head()).seq == 3
    restored = await bench.restart()
    assert (restored.head.seq, restored.outbox) == (3, [])
    assert await bench.store.case("C1") == case("C1", state="ended")


async def test_nothing_behind_a_failed_commit_is_stored(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(records(1, 1))
    await bench.fail_next_commit()
    big = b'"' + b"x" * 100_000 + b'"'
    failing = bench.store.commit(Batch(records=[record(2, payload=big)]))
    behind = bench.store.commit(Batch(outbox_settled=["e1"], cases=[case("C1")]))
    with pytest.raises(StoreError, match="full"):
        await failing
    with pytest.raises(StoreError):
        await behind
    assert (await bench.restart()).head.seq == 1
    assert await bench.store.case("C1") is None


async def test_reading_goes_on_while_commits_run(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(records(1, 2 * ENTRIES_PAGE))
    seen: list[Entry] = []

    async def read() -> None:
        async for entry in bench.store.entries():
            seen.append(entry)

    async def write() -> None:
        for seq in range(2 * ENTRIES_PAGE + 1, 2 * ENTRIES_PAGE + 21):
            await bench.store.commit(Batch(records=[record(seq)], cases=[case(f"C{seq}")]))
            assert await bench.store.case(f"C{seq}") is not None

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        group.create_task(write())
    assert [entry.seq for entry in seen] == list(range(1, len(seen) + 1))
    assert len(seen) >= 2 * ENTRIES_PAGE
    assert (await bench.store.head()).seq == 2 * ENTRIES_PAGE + 20


async def test_a_store_that_is_not_open_says_so(bench: Bench) -> None:
    with pytest.raises(StoreError, match="not open; open"):
        await bench.store.commit(records(1, 1))
    await bench.store.open()
    await bench.store.commit(records(1, 1))
    await bench.store.close()
    with pytest.raises(StoreError, match="not open; open"):
        await bench.store.commit(records(2, 2))
    with pytest.raises(StoreError, match="not open; open"):
        await all_entries(bench.store)
    with pytest.raises(StoreError, match="not open; open"):
        await bench.store.case("C1")
    assert (await bench.store.open()).head.seq == 1


async def test_awkward_values_come_back_as_they_went_in(bench: Bench) -> None:
    await bench.store.open()
    awkward = "site/ä\"\\'\n\u2028😀 null 007 \x7f"
    batch = Batch(
        records=[
            Record(seq=1, at=-1, kind=awkward, subject=awkward, payload=bytes(range(256)), refs=("42", awkward, "1.0")),
            Record(seq=2, at=2**63 - 1, kind="null", subject="true", payload=b""),
        ],
        checkpoint=Checkpoint(
            seq=2, rows=[StateRow(table=awkward, key="", body=b"\0"), StateRow(table="", key="1", body=b"")]
        ),
    )
    await bench.store.commit(batch)
    first, second = await all_entries(bench.store)
    assert (first.at, first.kind, first.subject, first.payload) == (-1, awkward, awkward, bytes(range(256)))
    assert (second.at, second.kind, second.subject, second.payload) == (2**63 - 1, "null", "true", b"")
    for ref in ("42", "1.0", awkward):
        assert await all_entries(bench.store, subject=ref) == [first]
    restored = await bench.restart()
    assert sorted((row.table, row.key, row.body) for row in restored.rows) == [("", "1", b""), (awkward, "", b"\0")]


async def test_two_stores_given_the_same_hold_the_same(tmp_path: Path) -> None:
    stores: list[Store] = [
        MemoryStore(urandom=counted_salts()),
        SqliteStore(tmp_path / "j.db", urandom=counted_salts()),
    ]
    held = []
    for store in stores:
        await store.open()
        await store.commit(records(1, 7))
        await store.commit(Batch(records=[record(8)], outbox_added=[effect("e1", 8)], cases=[case("C1")]))
        await store.close()
        held.append(await everything(store, await store.open()))
        await store.close()
    assert held[0] == held[1]


async def test_the_tree_grows_with_the_entries_and_survives_a_restart(bench: Bench) -> None:
    await bench.store.open()
    assert await bench.store.frontier() == Frontier()
    for first in range(1, 601, 100):
        await bench.store.commit(records(first, first + 99))
    leaves = [entry.hash for entry in await all_entries(bench.store)]
    expected, nodes = grow(Frontier(), leaves)
    assert await bench.store.frontier() == expected
    await bench.restart()
    assert await bench.store.frontier() == expected
    assert await bench.store.nodes(0, 254, 3) == leaves[254:257]
    assert await bench.store.nodes(0, 599, 5) == leaves[599:]
    assert await bench.store.nodes(8, 0, 9) == [node.hash for node in nodes]
    assert await bench.store.nodes(7, 0, 1) == []
    await bench.store.commit(records(601, 601))
    assert await bench.store.frontier() == grow(expected, [(await bench.store.head()).hash])[0]


async def test_signed_checkpoints_are_kept_by_size(bench: Bench) -> None:
    await bench.store.open()
    assert await bench.store.newest_note() is None
    first, second = (SignedNote(size=size, at=START + size, text=f"note ä {size}\n") for size in (3, 7))
    await bench.store.keep_note(second)
    await bench.store.keep_note(first)
    await bench.store.keep_note(SignedNote(size=3, at=0, text="another of the same size"))
    await bench.restart()
    assert await bench.store.notes() == [first, second]
    assert await bench.store.notes(after_size=3) == [second]
    assert await bench.store.newest_note() == second


async def test_an_erasure_and_the_entry_that_says_so_are_one(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1), record(2), record(3)], cases=[case("C1"), case("C2")]))
    erasing = Batch(records=[record(4)], checkpoint=Checkpoint(seq=4, rows=[]), erased=[1, 3], cases_gone=["C1", "C9"])
    await bench.fail_next_commit_of(erasing)
    await bench.restart()
    assert [entry.payload is None for entry in await all_entries(bench.store)] == [False, False, False]
    assert await bench.store.case("C1") is not None
    await bench.store.commit(erasing)
    assert await bench.store.sweep(10) == 0
    await bench.restart()
    assert [entry.payload is None for entry in await all_entries(bench.store)] == [True, False, True, False]
    assert (await bench.store.case("C1"), await bench.store.case("C2")) == (None, case("C2"))


async def test_entries_given_up_are_gone_at_once_and_swept_in_portions(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(seq, refs=[f"case/C{seq}"]) for seq in range(1, 11)]))
    entries = await all_entries(bench.store)
    peaks = grow(Frontier(), [entry.hash for entry in entries[:6]])[0].peaks
    sealed = Sealed(through=6, hash=entries[5].hash, peaks=peaks)
    assert await bench.store.pruned() is None
    await bench.store.commit(Batch(records=[record(11)], checkpoint=Checkpoint(seq=11, rows=[]), pruned=sealed))
    frontier = await bench.store.frontier()
    for _ in range(2):
        assert [entry.seq for entry in await all_entries(bench.store)] == [7, 8, 9, 10, 11]
        assert await all_entries(bench.store, subject="case/C3") == []
        assert [entry.seq for entry in await all_entries(bench.store, subject="case/C8")] == [8]
        assert await bench.store.pruned() == sealed
        assert await bench.store.nodes(2, 0, 1) == [peaks[0]]
        assert await bench.store.nodes(1, 2, 1) == [peaks[1]]
        assert await bench.store.nodes(0, 7, 1) == [entries[7].hash]
        assert await bench.store.frontier() == frontier
        await bench.restart()
    assert [await bench.store.sweep(4) for _ in range(3)] == [2, 0, 0]
    assert [entry.seq for entry in await all_entries(bench.store)] == [7, 8, 9, 10, 11]


async def test_given_up_is_only_what_is_stored_and_sealed_as_stored(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1), record(2)], checkpoint=Checkpoint(seq=2, rows=[])))
    with pytest.raises(AssertionError, match="given up to 3, to 0 before"):
        await bench.store.commit(Batch(pruned=Sealed(through=3, hash=bytes(32), peaks=(bytes(32), bytes(32)))))
    with pytest.raises(AssertionError, match="the store holds something else"):
        await bench.store.commit(Batch(pruned=Sealed(through=1, hash=bytes(32), peaks=(bytes(32),))))


async def test_nothing_that_a_restart_needs_is_erased(bench: Bench) -> None:
    await bench.store.open()
    await bench.store.commit(Batch(records=[record(1), record(2)], checkpoint=Checkpoint(seq=1, rows=[])))
    with pytest.raises(AssertionError, match="entry 2 is erased, and a restart reads on from 1"):
        await bench.store.commit(Batch(erased=[1, 2]))
    with pytest.raises(AssertionError, match="at most 20000 payloads"):
        await bench.store.commit(Batch(erased=[1] * (ERASED_MAX + 1)))
