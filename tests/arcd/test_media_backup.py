"""Pictures of a backup: exactly those that its journal names, each what its name says, and every loss by name."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from arcd import media_backup
from arcd.clock import VirtualClock
from arcd.media import DAY_S, NS, MediaStore
from arcd.media_backup import SUMS, Kept, Loss, check, media_of, named, put_back, save
from arcd.store import Batch, Record, StoreError
from arcd.store.backup import back_up
from arcd.store.sqlite import SqliteStore
from tests.arcd.store.journal import record

DAYS = {"alarm": 90, "tour": 7}


class Scene:
    """A journal, the media directory beside it, and the pictures that entries name."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = VirtualClock()
        self.media = directory / "media"
        self.pictures = MediaStore(self.media, bytes_max=1 << 20, retention_days=DAYS, now=self.clock.now)
        self.journal = directory / "journal.sqlite"
        self.records: list[Record] = []

    def keep(self, data: bytes, retention: str = "alarm") -> str:
        return self.pictures.keep(data, "image/jpeg", retention).place

    def names(self, *addresses: str, age_days: float = 0) -> None:
        media = ",".join(f'"media:{address}"' for address in addresses)
        payload = f'{{"fact":{{"received":{{"signals":[{{"media":[{media}]}}]}}}}}}'.encode()
        at = self.clock.now() - round(age_days * DAY_S * NS)
        made = record(len(self.records) + 1, payload=payload)
        self.records.append(Record(seq=made.seq, at=at, kind="frame_received", subject=made.subject, payload=payload))

    def saved(self, name: str = "backup.sqlite") -> tuple[Path, Kept]:
        self.write()
        backup = self.directory / name
        back_up(self.journal, backup)
        kept = save(backup, self.media, at=self.clock.now())
        assert kept is not None
        return backup, kept

    def write(self) -> None:
        async def write() -> None:
            store = SqliteStore(self.journal)
            restored = await store.open()
            await store.commit(Batch(records=self.records[restored.head.seq :]))
            await store.close()

        asyncio.run(write())

    def put_back(self, backup: Path) -> Kept:
        shutil.rmtree(self.media)
        kept = put_back(backup, self.journal, self.media, at=self.clock.now())
        assert kept is not None
        return kept


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def files(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.glob("*/*/*")}


def test_what_the_journal_names_goes_along_and_comes_back(scene: Scene) -> None:
    one, two = scene.keep(b"one"), scene.keep(b"two", "tour")
    scene.keep(b"not named: of a signal that came after the copy, or whose entry was erased")
    os.utime(scene.media / one, ns=(1, 1_700_000_000 * NS))
    scene.names(one, two)
    scene.names(one)
    backup, kept = scene.saved()
    assert kept == Kept(pictures=2, size_bytes=6)
    assert files(media_of(backup)) == {one, two}
    sums = subprocess.run(["sha256sum", "-c", SUMS], cwd=media_of(backup), capture_output=True, text=True, check=False)
    assert (sums.returncode, sums.stdout.count(": OK")) == (0, 2), "for whoever has nothing but coreutils"
    assert {oct(path.stat().st_mode & 0o077) for path in media_of(backup).glob("*/*/*")} == {"0o0"}

    assert scene.put_back(backup) == Kept(pictures=2, size_bytes=6)
    assert (scene.media / one).read_bytes() == b"one"
    assert (scene.media / one).stat().st_mtime_ns == 1_700_000_000 * NS, "its time to be kept goes on, and not anew"
    assert files(scene.media) == {one, two}


def test_a_journal_without_pictures_needs_no_directory(scene: Scene, tmp_path: Path) -> None:
    scene.names("")
    scene.write()
    assert save(scene.journal, tmp_path / "nowhere", at=scene.clock.now()) is None
    check(scene.journal)
    assert put_back(scene.journal, scene.journal, tmp_path / "nowhere", at=0) is None
    assert not (tmp_path / "nowhere").exists()


def test_losses_are_told_by_name_and_do_not_stop_the_rest(scene: Scene) -> None:
    good, gone, changed, shorter = (scene.keep(b"picture %d" % number) for number in range(4))
    linked, device = scene.keep(b"picture 5"), scene.keep(b"picture 6")
    scene.names(good, gone)
    scene.names(gone, changed, shorter, linked, device)
    (scene.media / gone).unlink()
    (scene.media / changed).write_bytes(b"Picture 2")
    (scene.media / shorter).write_bytes(b"")
    (scene.media / linked).unlink()
    (scene.media / linked).symlink_to("/etc/hostname")
    (scene.media / device).unlink()
    os.mkfifo(scene.media / device)
    backup, kept = scene.saved()
    assert (kept.pictures, kept.expired) == (1, 0)
    lost = {loss.place: (loss.seq, loss.why) for loss in kept.lost}
    assert lost[gone] == (2, "missing")
    assert lost[changed] == lost[shorter] == (2, "not what its name says")
    assert set(lost) == {gone, changed, shorter, linked, device}
    assert files(media_of(backup)) == {good}, "nothing stands under a name that it does not have"


def test_what_is_gone_by_its_time_is_no_loss(scene: Scene) -> None:
    old, renewed, other = (scene.keep(b"picture %d" % number) for number in range(3))
    tour = scene.keep(b"tour", "tour")
    scene.names(old, renewed, age_days=91)
    scene.names(renewed, age_days=89)
    scene.names(tour, age_days=8)
    scene.names(other.replace("alarm/", "unheard-of/"), age_days=5_000)
    for place in (old, renewed, tour):
        (scene.media / place).unlink()
    backup, kept = scene.saved()
    assert kept.expired == 2
    assert {loss.place for loss in kept.lost} == {renewed, other.replace("alarm/", "unheard-of/")}
    again = scene.put_back(backup)
    assert (again.expired, {loss.why for loss in again.lost}) == (2, {"not in the backup"})


def test_addresses_that_lead_elsewhere_are_nobodys_pictures(scene: Scene) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    for address in (
        f"../{digest[:2]}/{digest}.jpg", f"alarm/00/{digest}.jpg", f"alarm/{digest[:2]}/{digest}.jpg/../../x",
        f"/alarm/{digest[:2]}/{digest}.jpg", f"alarm/{digest[:2]}/{digest}.part.jpg", "alarm/aa/short.jpg",
    ):  # fmt: skip
        scene.names(address)
    scene.write()
    assert named(scene.journal) == {}


def test_the_next_backup_links_what_the_one_before_has(scene: Scene) -> None:
    one, two = scene.keep(b"one"), scene.keep(b"two")
    scene.names(one, two)
    first, _ = scene.saved("first.sqlite")
    (media_of(first) / two).write_bytes(b"rotten")
    three = scene.keep(b"three")
    scene.names(three)
    second, kept = scene.saved("second.sqlite")
    assert (kept.pictures, kept.linked, kept.lost) == (3, 1, ())
    assert (media_of(second) / one).samefile(media_of(first) / one)
    assert (media_of(second) / two).read_bytes() == b"two", "what has rotten there is copied anew"
    media_backup.remove(first)
    assert scene.put_back(second).pictures == 3


def test_nothing_is_left_of_a_copy_that_failed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.names(scene.keep(b"one"))
    scene.write()
    (scene.directory / "backups").mkdir()
    backup = scene.directory / "backups" / "backup.sqlite"
    back_up(scene.journal, backup)
    media_of(backup).mkdir()
    with pytest.raises(StoreError, match="a backup replaces nothing"):
        save(backup, scene.media, at=0)
    media_of(backup).rmdir()

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(media_backup, "_copy", full)
    with pytest.raises(StoreError, match="is full"):
        save(backup, scene.media, at=0)
    assert [path.name for path in backup.parent.iterdir()] == ["backup.sqlite"]


def test_what_has_rotten_in_the_backup_is_told_and_what_is_there_stays(scene: Scene) -> None:
    one, two, three = scene.keep(b"one"), scene.keep(b"two"), scene.keep(b"three")
    scene.names(one, two, three)
    backup, _ = scene.saved()
    (media_of(backup) / one).write_bytes(b"ONE")
    (media_of(backup) / two).unlink()
    (media_of(backup) / three).write_bytes(b"THREE")
    (scene.media / one).unlink()
    (scene.media / two).write_bytes(b"changed since")
    newer = scene.keep(b"newer than the backup")
    kept = put_back(backup, scene.journal, scene.media, at=scene.clock.now())
    assert kept == Kept(
        pictures=1,
        size_bytes=5,
        lost=tuple(
            Loss(place=place, seq=1, why=why) for place, why in ((one, "not what its name says"), (two, "missing"))
        ),
    )
    assert (scene.media / three).read_bytes() == b"three"
    assert (scene.media / newer).exists()


def test_only_what_the_restored_journal_names_comes_back(scene: Scene, tmp_path: Path) -> None:
    one = scene.keep(b"one")
    scene.names(one)
    scene.write()
    earlier = tmp_path / "earlier.sqlite"
    back_up(scene.journal, earlier)
    scene.names(scene.keep(b"two"))
    backup, _ = scene.saved()
    kept = put_back(backup, earlier, tmp_path / "then", at=scene.clock.now())
    assert kept is not None
    assert files(tmp_path / "then") == {one}


def test_a_backup_without_the_pictures_it_names_is_refused_before_anything_is_done(scene: Scene) -> None:
    scene.names(scene.keep(b"one"))
    backup, _ = scene.saved()
    check(backup)
    media_backup.remove(backup)
    with pytest.raises(StoreError, match=r"names 1 picture, .*--without-media"):
        check(backup)


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b"\n", b"0" * 64 + b"  ../../etc/passwd\n", b"0" * 64 + b"  alarm/11/" + b"1" * 64 + b".jpg\n",
     b"x" * 1_000, b"1" * 64 + b"  alarm/11/" + b"1" * 64 + b".jpg"],
)  # fmt: skip
def test_a_list_that_was_changed_is_refused(scene: Scene, line: bytes) -> None:
    scene.names(scene.keep(b"one"))
    backup, _ = scene.saved()
    with (media_of(backup) / SUMS).open("ab") as sums:
        sums.write(line)
    with pytest.raises(StoreError, match="line 2, is no line of a list of pictures"):
        check(backup)


def test_a_large_picture_is_streamed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_backup, "_AT_ONCE", 1_000)
    place = scene.keep(bytes(10_001))
    scene.names(place)
    told: list[tuple[int, int]] = []
    scene.write()
    kept = save(scene.journal, scene.media, at=0, progress=lambda done, whole: told.append((done, whole)))
    assert kept == Kept(pictures=1, size_bytes=10_001)
    assert told == [(1, 1)]
