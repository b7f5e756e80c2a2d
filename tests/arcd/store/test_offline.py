from __future__ import annotations

import os
from pathlib import Path

import pytest

from arcd.store import Batch, Record, StoreError
from arcd.store.offline import entries, extent
from arcd.store.sqlite import SqliteStore
from tests.arcd.store.journal import erase


def records(first: int, count: int) -> Batch:
    return Batch(
        records=[
            Record(seq=seq, at=seq * 10, kind="a" if seq % 2 else "b", subject="centre", payload=b"{}")
            for seq in range(first, first + count)
        ]
    )


async def test_entries_are_read_beside_the_writer_and_are_those_it_reads_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    store = SqliteStore(path)
    await store.open()
    try:
        await store.commit(records(1, 1_500))  # more than one page
        found = extent(path)
        assert (found.last_seq, found.last_at) == (1_500, 15_000)
        assert list(entries(path, until=1_500)) == [entry async for entry in store.entries()]
        reading = entries(path, until=found.last_seq)
        next(reading)
        await store.commit(records(1_501, 1))
        assert sum(1 for _ in reading) == 1_499, "what is added meanwhile is left to the next reading"
        assert [entry.seq for entry in entries(path, until=5, kind="b")] == [2, 4]
        await erase(store, [3])
        assert [entry.seq for entry in entries(path, until=5) if entry.payload is None] == [3]
    finally:
        await store.close()
    assert extent(path).last_seq == 1_502
    assert sorted(os.listdir(tmp_path)) == ["journal.sqlite", "journal.sqlite.lock"], "nothing is left behind"


async def test_an_empty_journal_has_nothing(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.sqlite")
    await store.open()
    await store.close()
    assert extent(tmp_path / "journal.sqlite").last_seq == 0
    assert list(entries(tmp_path / "journal.sqlite", until=0)) == []


def test_what_is_no_journal_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database\n" * 100)
    (tmp_path / "empty").touch()
    for name, told in (("text", "not an arcd store"), ("empty", "is empty"), ("nowhere", "does not exist")):
        with pytest.raises(StoreError, match=told):
            extent(tmp_path / name)
        with pytest.raises(StoreError, match=told):
            list(entries(tmp_path / name, until=1))
