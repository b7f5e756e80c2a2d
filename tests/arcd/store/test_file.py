"""Taking the file: who may, what is made, which version is understood."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from arcd.store import StoreError
from arcd.store.file import APPLICATION_ID, SCRIPTS, check_version, migrate, release, take

OLDER = "CREATE TABLE thing (a INTEGER) STRICT; PRAGMA application_id = 0x61726364;"
NEWER = "ALTER TABLE thing ADD COLUMN b INTEGER NOT NULL DEFAULT 7;"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_directory_and_files_are_made_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "journal.db"
    release(take(path))
    assert (mode(path.parent), mode(path), mode(tmp_path / "new" / "journal.db.lock")) == (0o700, 0o600, 0o600)
    path.chmod(0o644)
    release(take(path))
    assert mode(path) == 0o600


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    lock = take(path)
    with pytest.raises(StoreError, match=rf"in use by another arcd \(process {os.getpid()}\).*one writer"):
        take(path)
    release(lock)
    release(take(path))


def test_a_failed_taking_gives_the_lock_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, long enough for a header to be expected " * 3)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"is not an arcd store.*name another file"):
            take(path)
    path.unlink()
    release(take(path))


def test_a_newer_version_is_refused_by_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    release(take(path))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(SCRIPTS) + 1}")
    with pytest.raises(
        StoreError,
        match=rf"has schema version {len(SCRIPTS) + 1}, this arcd knows version {len(SCRIPTS)}: .*restore a backup",
    ):
        take(path)


def test_an_older_version_is_brought_forward_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    release(take(path, [OLDER]))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO thing VALUES (1)")
    release(take(path, [OLDER, NEWER]))
    release(take(path, [OLDER, NEWER]))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT a, b FROM thing").fetchall() == [(1, 7)]
        assert check_version(connection, path, 2) == 2


def test_a_migration_that_fails_leaves_the_older_version(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    release(take(path, [OLDER]))
    with pytest.raises(StoreError, match="no such table: nowhere"):
        take(path, [OLDER, NEWER + "INSERT INTO nowhere VALUES (1);"])
    with closing(sqlite3.connect(path)) as connection:
        assert check_version(connection, path, 2) == 1
        assert [row[1] for row in connection.execute("PRAGMA table_info(thing)")] == ["a"]


@pytest.mark.parametrize("foreign", ["CREATE TABLE mine (x)", "PRAGMA user_version = 3", "PRAGMA application_id = 5"])
def test_another_programs_database_is_left_alone(tmp_path: Path, foreign: str) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(foreign)
    with pytest.raises(StoreError, match="another program's SQLite database"):
        take(path)


@pytest.mark.parametrize("place", ["file/journal.db", "directory"])
def test_a_place_where_no_file_can_be(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "directory").mkdir()
    with pytest.raises(StoreError, match=str(tmp_path / place)):
        take(tmp_path / place)


def test_the_schema_is_what_it_is_called() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, Path("memory"))
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (len(SCRIPTS),)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET kind = 'x'",
        "DELETE FROM entry",
        "UPDATE payload SET body = x''",
        "UPDATE entry_ref SET ref = 'x'",
        "DELETE FROM entry_ref",
        "INSERT INTO payload VALUES (2, x'', x'')",
        "INSERT INTO meta (one, created_at, head_seq, head_hash, checkpoint_seq) VALUES (2, 0, 0, x'', 0)",
        "UPDATE note SET body = 'x'",
        "DELETE FROM note",
    ],
)
def test_what_has_been_written_is_defended_by_the_file_itself(statement: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, Path("memory"))
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("INSERT INTO entry VALUES (1, 0, 'k', 's', x'', x'', x'', '[]')")
        connection.execute("INSERT INTO payload VALUES (1, x'', x'')")
        connection.execute("INSERT INTO entry_ref VALUES (0, 's', 1)")
        connection.execute("INSERT INTO note VALUES (1, 0, 'n')")
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute(statement)
