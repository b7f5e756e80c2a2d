"""A copy of a journal that is being written to."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from arcd.store import Batch, StoreError
from arcd.store import backup as backing_up
from arcd.store.backup import back_up
from arcd.store.sqlite import SqliteStore
from arcd.store.verify import verify_file
from tests.arcd.store.journal import all_entries, case, effect, everything, records


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def filled(path: Path) -> SqliteStore:
    store = SqliteStore(path)
    await store.open()
    await store.commit(records(1, 50))
    await store.commit(Batch(outbox_added=[effect("E1", 3)], cases=[case("C3")]))
    return store


async def test_everything_is_in_the_copy(tmp_path: Path) -> None:
    source, target = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    store = await filled(source)
    entries = await all_entries(store)
    back_up(source, target)  # beside the open store
    await store.close()
    verdict = verify_file(target)
    assert (verdict.ok, verdict.head_seq) == (True, 50)
    assert names(tmp_path) == ["copy.sqlite", "journal.sqlite", "journal.sqlite.lock"]
    assert target.stat().st_mode & 0o777 == 0o600
    first, second = SqliteStore(source), SqliteStore(target)
    assert await everything(first, await first.open()) == await everything(second, await second.open())
    assert await all_entries(second) == entries
    await first.close()
    await second.close()


async def test_what_is_committed_meanwhile_is_not_in_it_and_does_not_start_it_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    store = await filled(source)
    monkeypatch.setattr(backing_up, "PAGES_AT_ONCE", 1)
    loop = asyncio.get_running_loop()
    told: list[tuple[int, int]] = []

    async def commit(batch: Batch) -> None:
        await store.commit(batch)

    def meanwhile(done: int, whole: int) -> None:
        told.append((done, whole))
        if len(told) <= 5:  # the daemon commits between two steps of the copy
            at = 50 + len(told)
            asyncio.run_coroutine_threadsafe(commit(records(at, at)), loop).result()

    await asyncio.to_thread(back_up, source, target, progress=meanwhile)
    assert (verify_file(target).ok, verify_file(target).head_seq) == (True, 50)
    assert (await store.head()).seq == 55
    assert [done for done, _ in told] == list(range(1, len(told) + 1)), "each page was copied once"
    assert told[-1][0] == told[-1][1]
    await store.close()


async def test_an_interrupted_copy_leaves_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    store = await filled(source)
    await store.close()

    def stop(_done: int, _whole: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(source, target, progress=stop)
    assert names(tmp_path) == ["journal.sqlite", "journal.sqlite.lock"]


async def test_a_backup_replaces_nothing(tmp_path: Path) -> None:
    source, target = tmp_path / "journal.sqlite", tmp_path / "copy.sqlite"
    await (await filled(source)).close()
    target.write_text("dear to somebody")
    with pytest.raises(StoreError, match=r"copy\.sqlite exists; a backup replaces nothing"):
        back_up(source, target)
    assert target.read_text() == "dear to somebody"


def test_only_a_journal_is_copied(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist or is not a file"):
        back_up(tmp_path / "nothing", tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "theirs")) as theirs:
        theirs.execute("CREATE TABLE pantry (shelf)")
    with pytest.raises(StoreError, match="another program's SQLite database"):
        back_up(tmp_path / "theirs", tmp_path / "copy")
    (tmp_path / "empty").touch()
    with pytest.raises(StoreError, match="is empty"):
        back_up(tmp_path / "empty", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
