"""arcctl backup and restore on files: names, what is said, what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from arcd.core.facts import SensitiveRead
from arcd.media import MediaStore
from arcd.store import Batch
from arcd.store.sqlite import SqliteStore
from tests.arcd.cli.conftest import Arcctl
from tests.arcd.cli.daemon import Daemon
from tests.arcd.store.journal import record, records


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


def test_a_backup_that_is_none(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    """A name typed wrongly leaves no empty file behind that the next one takes for a backup."""
    ran = arcctl("restore", str(tmp_path / "typo"), "--to", str(tmp_path / "then"))
    assert (ran.code, "typo does not exist or is not a file" in ran.err) == (1, True)
    with closing(sqlite3.connect(tmp_path / "foreign")) as foreign:
        foreign.execute("CREATE TABLE a (b)")
    ran = arcctl("restore", str(tmp_path / "foreign"), "--to", str(tmp_path / "then"))
    assert (ran.code, "another program's SQLite database" in ran.err) == (1, True)
    ran = arcctl("backup", str(tmp_path / "foreign"), "--journal", str(journal))
    assert (ran.code, "exists; a backup replaces nothing" in ran.err, "is a copy" in ran.err) == (1, True, False)
    assert not (tmp_path / "typo").exists()


def test_restored_and_said_what_comes_next(arcctl: Arcctl, tmp_path: Path, journal: Path) -> None:
    ran = arcctl("restore", str(journal), "--to", str(tmp_path / "again.sqlite"))
    assert ran.code == 0
    assert "up to entry 9" in ran.out
    assert "start arcd" in ran.out
    value = arcctl("restore", str(journal), "--to", str(tmp_path / "more.sqlite"), "--json").json()
    assert (value["head_seq"], value["backup"]) == (9, str(journal))


@pytest.fixture
async def with_picture(tmp_path: Path) -> Path:
    """A journal that names one picture, in the media directory beside it."""
    pictures = MediaStore(tmp_path / "lib" / "media", bytes_max=1_000, retention_days={"alarm": 36_500}, now=lambda: 0)
    place = pictures.keep(b"picture", "image/jpeg", "alarm").place
    store = SqliteStore(tmp_path / "lib" / "journal.sqlite")
    await store.open()
    named = b'{"fact":{"received":{"signals":[{"media":["media:%s"]}]}}}' % place.encode()
    await store.commit(Batch(records=[record(1, payload=named)]))
    await store.close()
    return tmp_path / "lib" / "journal.sqlite"


def test_pictures_go_along_and_come_back(arcctl: Arcctl, tmp_path: Path, with_picture: Path) -> None:
    kept, backup = tmp_path / "kept", tmp_path / "kept" / "backup.sqlite"
    kept.mkdir()
    value = arcctl("backup", str(backup), "--journal", str(with_picture), "--json").json()
    assert (value["media"]["pictures"], value["media"]["lost"]) == (1, [])
    ran = arcctl("restore", str(backup), "--to", str(tmp_path / "again" / "journal.sqlite"))
    assert (ran.code, "1 picture," in ran.out) == (0, True), ran.err
    [picture] = (tmp_path / "again" / "media").glob("*/*/*")
    assert picture.read_bytes() == b"picture"


def test_a_lost_picture_is_named_and_no_older_backup_removed(
    arcctl: Arcctl, tmp_path: Path, with_picture: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    old = kept / "journal-20200101T030000Z.sqlite"
    old.touch()
    (kept / f"{old.name}.media").mkdir()
    [picture] = (with_picture.parent / "media").glob("*/*/*")
    picture.write_bytes(b"else")
    ran = arcctl("backup", str(kept), "--journal", str(with_picture), "--keep", "1")
    assert ran.code == 1
    assert f"LOST alarm/{picture.parent.name}/{picture.name}: not what its name says (entry 1)" in ran.out
    assert old.exists()
    picture.write_bytes(b"picture")
    ran = arcctl("backup", str(kept / "other.sqlite"), "--journal", str(with_picture))
    assert ran.code == 0, ran.err
    [made] = set(kept.glob("journal-*.sqlite")) - {old}
    ran = arcctl("restore", str(made), "--to", str(tmp_path / "journal.sqlite"))
    assert (ran.code, "not in the backup" in ran.out, "is restored" in ran.err) == (1, True, True)


def test_old_pictures_go_with_their_journal(arcctl: Arcctl, tmp_path: Path, with_picture: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    old = kept / "journal-20200101T030000Z.sqlite"
    old.touch()
    (kept / f"{old.name}.media").mkdir()
    assert arcctl("backup", str(kept), "--journal", str(with_picture), "--keep", "1").code == 0
    assert not old.exists()
    assert len(list(kept.glob("*.media"))) == 1


def test_without_pictures_only_by_a_clear_word(arcctl: Arcctl, tmp_path: Path, with_picture: Path) -> None:
    backup = tmp_path / "backup.sqlite"
    value = arcctl("backup", str(backup), "--journal", str(with_picture), "--without-media", "--json").json()
    assert value["media"] is None
    assert not (tmp_path / "backup.sqlite.media").exists()
    ran = arcctl("restore", str(backup), "--to", str(tmp_path / "again.sqlite"))
    assert (ran.code, "names 1 picture," in ran.err, (tmp_path / "again.sqlite").exists()) == (1, True, False)
    assert arcctl("restore", str(backup), "--to", str(tmp_path / "again.sqlite"), "--without-media").code == 0


def test_who_takes_it_away_stands_in_the_journal(arcctl: Arcctl, daemon: Daemon, tmp_path: Path, journal: Path) -> None:
    ran = arcctl("backup", str(tmp_path / "one.sqlite"), "--journal", str(journal), "--why", "nightly")
    assert (ran.code, ran.err) == (0, "")
    [fact] = daemon.desk.asked
    assert isinstance(fact, SensitiveRead)
    assert (fact.what, fact.recipient, fact.reason) == ("backup", str(tmp_path / "one.sqlite"), "nightly")
    alone = arcctl("backup", str(tmp_path / "two.sqlite"), "--journal", str(journal), "--socket", "/nowhere.sock")
    assert (alone.code, "stands in no journal" in alone.err) == (0, True)
