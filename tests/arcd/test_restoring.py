"""A backup put back: whole, as of an earlier entry, or not at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from arcd import restoring
from arcd.core.record import StepRecord
from arcd.core.station import Station
from arcd.restoring import forget_marker, read_marker
from arcd.store import Batch, Checkpoint, Restored, StoreError
from arcd.store.file import take
from arcd.store.offline import last_until
from arcd.store.sqlite import SqliteStore
from arcd.store.verify import verify_file
from tests.arcd.past import Past
from tests.arcd.store.journal import all_entries, erasure
from tests.playbook import START, Panel
from tests.sites import DISPATCH, LOOK, plan, rules

AT = START + 1


@pytest.fixture
def past() -> Past:
    """An alarm whose guards do not answer: a case, offers that time out, a person who is called."""
    past = Past(rules(plan("send", DISPATCH + LOOK), {"BA": "send"}))
    past.happens(Panel("1001").sia("BA", zone="3"))
    past.later(300)
    return past


def written(path: Path, past: Past) -> Path:
    async def write() -> Path:
        store = SqliteStore(path)
        await store.open()
        await store.commit(Batch(records=past.records))
        await store.close()
        return path

    return asyncio.run(write())


def put_back(backup: Path, target: Path, *, until: int | None = None, replace: bool = False) -> restoring.Marker:
    return restoring.restore(
        backup, target, by="os:matti", at=AT, until=until, replace=replace, progress=lambda what, done, whole: None
    )


async def opened(path: Path) -> tuple[SqliteStore, Restored, Station]:
    """As a start of the daemon finds it: the checkpoint, and the tail stepped."""
    store, station = SqliteStore(path), Station()
    restored = await store.open()
    station.restore((row.table, row.key, row.body) for row in restored.rows if row.body is not None)
    async for entry in store.entries(after=restored.checkpoint_seq):
        station.step(msgspec.json.decode(entry.payload or b"", type=StepRecord).fact, entry.seq)
    return store, restored, station


def test_a_whole_backup_is_the_same_journal_again(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    target = tmp_path / "lib" / "journal.sqlite"
    marker = put_back(backup, target)
    assert marker == read_marker(target)
    assert (marker.backup, marker.head_seq, marker.by) == ("backup.sqlite", len(past.records), "os:matti")
    assert (verify_file(target).head_hash, target.stat().st_mode & 0o777) == (marker.head_hash, 0o600)

    async def state() -> Station:
        store, _, station = await opened(target)
        await store.close()
        return station

    assert asyncio.run(state()).state.dump() == past.station.state.dump()
    forget_marker(target)
    assert read_marker(target) is None


def test_as_of_every_earlier_entry_the_state_is_the_one_of_then(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    then = Station()
    decoder = msgspec.json.Decoder(StepRecord)
    for record in past.records[:4]:
        then.step(decoder.decode(record.payload).fact, record.seq)
    for record in past.records[4:]:
        then.step(decoder.decode(record.payload).fact, record.seq)
        target = tmp_path / f"{record.seq}.sqlite"
        put_back(backup, target, until=record.seq)

        async def compare(target: Path = target, seq: int = record.seq) -> None:
            store, restored, station = await opened(target)
            assert (restored.checkpoint_seq, restored.head.seq) == (seq, seq)
            assert station.state.dump() == then.state.dump()
            waiting = {key for key, pending in then.state.pending.items() if not pending.waiting}
            assert {row.effect_id for row in restored.outbox} == waiting
            for case in then.state.cases.values():
                row = await store.case(case.id)
                assert row is not None
                assert (row.state, row.is_open) == (case.state, case.is_open)
            assert await all_entries(store) == (await _entries(backup))[:seq]
            await store.close()

        asyncio.run(compare())
    assert len(then.state.cases) == 1


async def _entries(backup: Path) -> list[object]:
    store = SqliteStore(backup)
    await store.open()
    entries = await all_entries(store)
    await store.close()
    return list(entries)


def test_what_was_replaced_is_kept(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    target = tmp_path / "journal.sqlite"
    target.write_bytes(b"the broken one")
    target.with_name("journal.sqlite-wal").write_bytes(b"its log")
    with pytest.raises(StoreError, match=r"journal\.sqlite exists; with --replace it is moved aside first"):
        put_back(backup, target)
    assert target.read_bytes() == b"the broken one"
    put_back(backup, target, replace=True)
    aside = f"journal.sqlite.before-restore-{AT // 10**9}"
    assert (tmp_path / aside).read_bytes() == b"the broken one"
    assert (tmp_path / f"{aside}-wal").read_bytes() == b"its log"
    assert verify_file(target).ok


def test_a_backup_that_does_not_verify_replaces_nothing(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    with closing(sqlite3.connect(backup)) as tampering:
        tampering.execute("DROP TRIGGER payload_is_never_changed")
        tampering.execute("UPDATE payload SET body = x'78' WHERE seq = 3")
        tampering.commit()
    target = tmp_path / "journal.sqlite"
    target.write_bytes(b"still here")
    with pytest.raises(StoreError, match=r"does not verify \(entry 3: .*nothing was restored"):
        put_back(backup, target, replace=True)
    assert target.read_bytes() == b"still here"
    assert read_marker(target) is None


def test_not_under_a_running_daemon(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    target = written(tmp_path / "journal.sqlite", past)
    lock = take(target)
    with pytest.raises(StoreError, match="is in use by another arcd"):
        put_back(backup, target, replace=True)
    os.close(lock)


def test_where_entries_were_erased_only_the_whole_is_restored(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)

    async def erase() -> None:
        store = SqliteStore(backup)
        await store.open()
        last = len(past.records) + 1
        await store.commit(Batch(records=[erasure(last, [3])], erased=[3], checkpoint=Checkpoint(seq=last, rows=[])))
        await store.close()

    asyncio.run(erase())
    target = tmp_path / "journal.sqlite"
    with pytest.raises(StoreError, match="1 entries up to 5 have been erased or given up"):
        put_back(backup, target, until=5)
    assert list(tmp_path.glob("*partial*")) == []
    assert put_back(backup, target).head_seq == len(past.records) + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_restores_belongs_to_the_daemon(tmp_path: Path, past: Past) -> None:
    """It has a user of its own, who owns the directory: it could not open root's journal, marker or lock."""
    backup = written(tmp_path / "backup.sqlite", past)
    state = tmp_path / "lib"
    state.mkdir(mode=0o700)
    os.chown(state, 64_998, 64_998)
    put_back(backup, state / "journal.sqlite")
    put_back(backup, state / "journal.sqlite", replace=True)
    assert {(path.name, path.stat().st_uid, path.stat().st_gid) for path in state.iterdir()} == {
        (name, 64_998, 64_998)
        for name in (
            "journal.sqlite",
            "journal.sqlite.lock",
            "journal.sqlite.restored",
            f"journal.sqlite.before-restore-{AT // 1_000_000_000}",
        )
    }


def test_an_entry_that_is_not_there(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    for until in (0, len(past.records) + 1):
        with pytest.raises(StoreError, match=f"there is no entry {until} in it"):
            put_back(backup, tmp_path / "journal.sqlite", until=until)


def test_the_last_entry_before_an_instant(tmp_path: Path, past: Past) -> None:
    backup = written(tmp_path / "backup.sqlite", past)
    instants = [record.at for record in past.records]
    assert last_until(backup, instants[-1]) == len(instants)
    assert last_until(backup, instants[0] - 1) == 0
    assert last_until(backup, instants[5]) == sum(at <= instants[5] for at in instants)


def test_a_marker_nobody_can_read_is_said_and_not_passed_over(tmp_path: Path) -> None:
    restoring.marker_path(tmp_path / "journal.sqlite").write_text("{")
    with pytest.raises(StoreError, match="should say from what the journal was restored"):
        read_marker(tmp_path / "journal.sqlite")
