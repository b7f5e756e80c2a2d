"""arcctl backup and restore on files: names, what is said, what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from arcd.store.sqlite import SqliteStore
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.store.journal import records


@pytest.fixture
async def journal(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / "journal.sqlite")
    await store.open()
    await store.commit(records(1, 9))
    await store.close()
    return tmp_path / "journal.sqlite"


def test_into_a_directory_under_the_name_of_the_instant(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    (tmp_path / "kept").mkdir()
    value = arcctl("backup", str(tmp_path / "kept"), "--journal", str(journal), "--json").json()
    [made] = (tmp_path / "kept").iterdir()
    assert (value["path"], value["ok"], value["entries"], value["findings"]) == (str(made), True, 9, [])
    assert made.match("journal-????????T??????Z.sqlite")


def test_only_the_newest_are_kept_and_other_files_are_left_alone(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    for day in ("20200101", "20200102", "20200103"):
        (kept / f"journal-{day}T030000Z.sqlite").touch()
    (kept / "journal-of-my-own.sqlite").touch()
    ran = arcctl("backup", str(kept), "--journal", str(journal), "--keep", "2")
    assert ran.code == 0
    assert "verified, 9 entries" in ran.out
    left = sorted(path.name for path in kept.iterdir())
    assert left[0] == "journal-20200103T030000Z.sqlite"
    assert left[-1] == "journal-of-my-own.sqlite"
    assert len(left) == 3


def test_a_journal_that_does_not_verify_is_copied_and_said(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as tampering:
        tampering.execute("DROP TRIGGER payload_is_never_changed")
        tampering.execute("UPDATE payload SET body = x'78' WHERE seq = 4")
        tampering.commit()
    (tmp_path / "journal-20200101T030000Z.sqlite").touch()
    ran = arcctl("backup", str(tmp_path), "--journal", str(journal), "--keep", "1")
    assert ran.code == 1
    assert "DOES NOT VERIFY" in ran.out
    assert "entry 4" in ran.out
    assert "the copy is kept as it is" in ran.err
    assert (tmp_path / "journal-20200101T030000Z.sqlite").exists(), "good older backups are not given up for a bad one"


def test_what_is_asked_wrongly(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    ran = arcctl("backup", str(tmp_path / "no" / "where"), "--journal", str(journal))
    assert (ran.code, "there is no directory" in ran.err) == (2, True)
    ran = arcctl("backup", str(tmp_path / "file"), "--journal", str(journal), "--keep", "3")
    assert (ran.code, "--keep takes a directory" in ran.err) == (2, True)
    ran = arcctl("backup", str(tmp_path / "file"), "--journal", str(tmp_path / "nothing"))
    assert (ran.code, "does not exist" in ran.err) == (1, True)
    ran = arcctl("restore", str(journal), "--to", str(journal))
    assert (ran.code, "--replace" in ran.err) == (1, True)
    ran = arcctl("restore", str(journal), "--to", str(tmp_path / "then"), "--until", "yesterday")
    assert (ran.code, "is no instant" in ran.err) == (2, True)
    ran = arcctl("restore", str(journal), "--to", str(tmp_path / "then"), "--until", "2001-01-01T10:00")
    assert (ran.code, "the backup begins after" in ran.err) == (2, True)


def test_restored_and_said_what_comes_next(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    ran = arcctl("restore", str(journal), "--to", str(tmp_path / "again.sqlite"))
    assert ran.code == 0
    assert "up to entry 9" in ran.out
    assert "start arcd" in ran.out
    value = arcctl("restore", str(journal), "--to", str(tmp_path / "more.sqlite"), "--json").json()
    assert (value["head_seq"], value["backup"]) == (9, str(journal))
