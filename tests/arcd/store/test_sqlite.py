"""What only the store on disk can do wrong: processes, files, disks. The rest is in tests/conformance."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arcd.store import Batch, CaseQuery, Checkpoint, Restored, StateRow, Store, StoreError
from arcd.store.memory import MemoryStore
from arcd.store.sqlite import WAL_BYTES_KEPT_MAX, WAL_PAGES, SqliteStore
from arcd.store.verify import verify_file
from tests.arcd.store.journal import all_entries, case, counted_salts, effect, erase, everything, record, records

KILLS = 3
BATCH = 7


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, urandom=counted_salts())
    await store.open()
    yield store
    await store.close()


def writer(path: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.arcd.store.writer", str(path), str(BATCH), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ruin(path: Path, damage: bytes) -> None:
    """Overwrite the beginning of the schema's page, and cut the file off."""
    data = path.read_bytes()
    path.write_bytes(data[:100] + damage + data[100 + len(damage) : 40_000])


def size(path: Path) -> int:
    return path.stat().st_size


async def check_whole(path: Path, acknowledged: int) -> None:
    """Every acknowledged batch is there, the one under way is there whole or not at all, and all tables agree."""
    store = SqliteStore(path)
    restored = await store.open()
    try:
        head = restored.head.seq
        assert head in (acknowledged, acknowledged + BATCH)
        assert restored.checkpoint_seq == head
        assert restored.rows == [StateRow(table="last", key="seq", body=str(head).encode())]
        assert restored.outbox == [effect(f"e{head}", head)]
        kept = await store.case("C1")
        assert kept is not None
        assert kept.state == f"as of {head}"
        assert len(await all_entries(store, after=head - BATCH)) == BATCH
        assert (await all_entries(store, until=head, subject="site/K-1"))[-1].seq == head
    finally:
        await store.close()  # its thread would keep the whole run from ending
    verdict = verify_file(path)
    assert (verdict.ok, verdict.entries, verdict.erased) == (True, head, 0)


def test_a_killed_process_loses_no_batch_and_leaves_no_half(path: Path) -> None:
    acknowledged = 0
    for kill in range(KILLS):
        with writer(path) as process:
            assert process.stdout is not None
            for _ in range(3 + 5 * kill):
                acknowledged = int(process.stdout.readline())
            process.kill()  # in the middle of whatever it is doing
            rest = process.stdout.read()  # what `readline` has read ahead among it; `communicate` would forget that
        acknowledged = int(rest.split()[-1]) if rest.split() else acknowledged
        asyncio.run(check_whole(path, acknowledged))
    assert acknowledged >= BATCH * 3 * KILLS


def test_a_file_that_cannot_grow_ends_the_process_and_loses_nothing(path: Path) -> None:
    process = writer(path, str(300_000))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert str(path) in errors
    asyncio.run(check_whole(path, int(output.split()[-1])))


async def test_a_second_daemon_is_refused_and_readers_are_not(store: SqliteStore, path: Path) -> None:
    await store.commit(records(1, 3))
    second = SqliteStore(path)
    with pytest.raises(StoreError, match="in use by another arcd"):
        await second.open()
    await second.close()
    assert verify_file(path).entries == 3
    await store.commit(records(4, 4))


async def test_a_file_changed_by_hand_is_not_continued(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    await store.commit(records(1, 3))
    await store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER entry_is_never_deleted")
        connection.execute("DELETE FROM entry WHERE seq = 3")
    with pytest.raises(StoreError, match=r"changed by hand.*recorded head 3.*arcctl journal verify"):
        await store.open()
    with pytest.raises(StoreError, match="changed by hand"):  # and the lock has been given back
        await store.open()


async def test_a_journal_written_behind_the_stores_back_is_not_continued(store: SqliteStore, path: Path) -> None:
    await store.commit(records(1, 3))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET head_seq = 2")
    with pytest.raises(AssertionError, match="written by someone else"):
        await store.commit(records(4, 4))


@pytest.mark.parametrize("damage", [b"", b"\0" * 100, b"\xff" * 4096])
async def test_a_damaged_file_is_named(path: Path, damage: bytes) -> None:
    store = SqliteStore(path)
    await store.open()
    await store.commit(Batch(records=[record(seq, payload=b"x" * 600) for seq in range(1, 200)]))
    await store.close()
    ruin(path, damage)
    with pytest.raises(StoreError, match=str(path)):
        await store.open()


async def test_a_cancelled_commit_ends_the_stores_use(store: SqliteStore) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(store.commit(records(1, 500)))
        await asyncio.sleep(0)  # – lets the task hand its batch over; nothing is waited for
        task.cancel()
    assert task.cancelled()
    with pytest.raises(StoreError, match=r"failed commit \(CancelledError\)"):
        await store.commit(records(1, 1))
    await store.close()
    assert (await store.open()).head.seq in (0, 500)


async def test_the_log_does_not_grow_without_bound(store: SqliteStore, path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    largest = 0
    body = b'"' + b"x" * 4000 + b'"'  # 24 MB in all
    for first in range(1, 6000, 300):
        await store.commit(Batch(records=[record(seq, payload=body) for seq in range(first, first + 300)]))
        largest = max(largest, size(log))
    assert largest < WAL_PAGES * 4096 + 4_000_000 <= WAL_BYTES_KEPT_MAX


async def test_erased_bytes_are_in_no_file(store: SqliteStore, path: Path) -> None:
    secret = b"Matti Meikalainen 040 1234567"
    await store.commit(Batch(records=[record(1), record(2, payload=secret), record(3)]))

    def found() -> list[str]:
        return [file.name for file in path.parent.iterdir() if secret in file.read_bytes()]

    assert found()
    await erase(store, [2])
    assert found() == []
    assert (verify_file(path).ok, verify_file(path).erased) == (True, 1)


async def test_nobody_else_may_read_any_of_the_files(store: SqliteStore, path: Path) -> None:
    await store.commit(records(1, 1))
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["journal.db", "journal.db-shm", "journal.db-wal", "journal.db.lock"], 0o600)


async def test_the_log_is_synced_at_every_commit(store: SqliteStore) -> None:
    assert store._writer is not None
    for pragma, value in (("synchronous", 2), ("foreign_keys", 1), ("journal_mode", "wal"), ("secure_delete", 1)):
        assert await store._writer.rows(f"PRAGMA {pragma}") == [(value,)]


@st.composite
def histories(draw: st.DrawFn) -> list[Batch]:
    """Batches as a runtime might make them, with few ids so that they meet again."""
    seq = checkpoint = 0
    pending: list[str] = []
    batches = []
    for number in range(draw(st.integers(1, 5))):
        count = draw(st.integers(0, 4))
        subjects = st.sampled_from(["site/K-1", "site/K-2", "case/C1", "centre"])
        made = [
            record(
                seq + 1 + index,
                subject=draw(subjects),
                refs=draw(st.lists(subjects, max_size=2)),
                kind=draw(st.sampled_from(["a", "b"])),
                payload=draw(st.binary(max_size=20)),
            )
            for index in range(count)
        ]
        seq += count
        added = [f"e{number}.{index}" for index in range(draw(st.integers(0, 2)))]
        pending += added
        settled = draw(st.lists(st.sampled_from(pending), max_size=2, unique=True)) if pending else []
        pending = [effect_id for effect_id in pending if effect_id not in settled]
        rows = draw(
            st.lists(
                st.builds(
                    StateRow,
                    table=st.sampled_from(["t", "u"]),
                    key=st.sampled_from("kl"),
                    body=st.none() | st.binary(max_size=5),
                ),
                max_size=4,
            )
        )
        checkpoint = draw(st.integers(checkpoint, seq))
        batches.append(
            Batch(
                records=made,
                outbox_added=[effect(effect_id, seq) for effect_id in added],
                outbox_settled=settled,
                cases=[
                    case(f"C{draw(st.integers(1, 3))}", state=str(number), is_open=draw(st.booleans()))
                    for _ in range(draw(st.integers(0, 2)))
                ],
                checkpoint=Checkpoint(seq=checkpoint, rows=rows) if draw(st.booleans()) else None,
            )
        )
        if batches[-1].checkpoint is None:
            checkpoint = max((b.checkpoint.seq for b in batches if b.checkpoint is not None), default=0)
    return batches


@settings(max_examples=20)
@given(histories())
def test_any_history_is_the_same_on_disk_and_in_memory(batches: list[Batch]) -> None:
    async def told(store: Store) -> tuple[object, ...]:
        await store.open()
        for batch in batches:
            await store.commit(batch)
        await store.close()
        restored: Restored = await store.open()
        held = await everything(store, restored)
        by_subject = [await all_entries(store, subject=subject, kind="a") for subject in ("site/K-1", "case/C1")]
        cases = [await store.cases(CaseQuery()), await store.cases(CaseQuery(open_only=False))]
        await store.close()
        return (*held, by_subject, cases)

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "journal.db"
        on_disk = asyncio.run(told(SqliteStore(path, urandom=counted_salts())))
        assert on_disk == asyncio.run(told(MemoryStore(urandom=counted_salts())))
        assert verify_file(path).findings == ()
