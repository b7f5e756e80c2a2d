"""Pictures beside the journal: named by content, bounded, swept by class, but for what a legal hold is on."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from arcd.clock import VirtualClock
from arcd.media import DAY_S, NS, MediaStore

PICTURE = b"\xff\xd8" + bytes(100)


def a_store(tmp_path: Path, clock: VirtualClock, *, bytes_max: int = 1000) -> MediaStore:
    days = {"alarm": 90, "tour": 7}
    return MediaStore(tmp_path, bytes_max=bytes_max, retention_days=days, now=clock.now)


def dated(path: Path, clock: VirtualClock, days_ago: float) -> None:
    at = clock.now() - round(days_ago * DAY_S * NS)
    os.utime(path, ns=(at, at))


def test_a_picture_is_named_by_its_content(tmp_path: Path) -> None:
    store = a_store(tmp_path, VirtualClock())
    kept = store.keep(PICTURE, "image/jpeg", "alarm")
    digest = hashlib.sha256(PICTURE).hexdigest()
    assert (kept.sha256, kept.place) == (digest, f"alarm/{digest[:2]}/{digest}.jpg")
    assert (tmp_path / kept.place).read_bytes() == PICTURE
    assert store.keep(PICTURE, "image/jpeg", "alarm") == kept
    assert store.size_bytes == len(PICTURE), "the same one twice is one file"
    assert kept.as_text() == f"sha256:{digest} image/jpeg 102 bytes, kept as {kept.place}"
    assert not list(tmp_path.rglob("*.part"))


def test_what_cannot_be_kept_says_why(tmp_path: Path) -> None:
    store = a_store(tmp_path, VirtualClock(), bytes_max=150)
    assert "no retention class" in store.keep(PICTURE, "image/jpeg", "forever").why
    assert "no retention class" in store.keep(PICTURE, "image/jpeg", "../..").why
    assert store.keep(PICTURE, "image/jpeg", "alarm").place
    assert store.keep(PICTURE + b"x", "image/jpeg", "alarm").why == "the media directory is full"
    assert store.keep(PICTURE, "image/x-unheard-of", "tour").why == "the media directory is full"


def test_the_disk_may_refuse(tmp_path: Path) -> None:
    (tmp_path / "alarm").write_text("a file is in the way")
    kept = a_store(tmp_path, VirtualClock()).keep(PICTURE, "image/png", "alarm")
    assert (kept.place, kept.why) == ("", "the disk refused it")


def test_each_class_is_swept_by_its_own_time(tmp_path: Path) -> None:
    clock = VirtualClock()
    store = a_store(tmp_path, clock)
    alarm = store.keep(PICTURE, "image/jpeg", "alarm")
    tour = store.keep(PICTURE, "image/jpeg", "tour")
    for kept in (alarm, tour):
        dated(tmp_path / kept.place, clock, 8)
    assert store.sweep() == 1
    assert (tmp_path / alarm.place).exists()
    assert not (tmp_path / tour.place).exists()
    assert store.size_bytes == len(PICTURE)
    dated(tmp_path / alarm.place, clock, 91)
    assert store.sweep({alarm.place}) == 0, "not what a legal hold is on"
    assert store.sweep({tour.place}) == 1


def test_a_start_counts_what_lies_there(tmp_path: Path) -> None:
    clock = VirtualClock()
    a_store(tmp_path, clock).keep(PICTURE, "image/jpeg", "alarm")
    assert a_store(tmp_path, clock).size_bytes == len(PICTURE)
