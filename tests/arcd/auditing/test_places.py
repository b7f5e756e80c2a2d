"""Where copies go: real directories, a real web server, a real mail server, and what each says when it cannot."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest

from arcd.auditing import places
from arcd.auditing.places import DirectoryPlace, MailPlace, MemoryPlace, Place, UrlPlace
from arcd.core.facts import EffectOutcome
from arcd.effectors.mail import MailEffector, MailSecurity
from arcd.guard_links import LinkSigner
from arcd.store import SignedNote
from tests.arcd.effectors.far_ends import http_far_end, smtp_far_end, status
from tests.patience import in_time

NOTE = SignedNote(size=7, at=1_790_000_000_000_000_000, text="arc.example/j\n7\nroot\n\n— arc.example/j sig\n")


async def test_a_directory_gets_a_file_a_day_and_a_second_time_is_the_same_file(tmp_path: Path) -> None:
    place = DirectoryPlace("directory-1", tmp_path)
    for _ in range(2):
        assert (await place.put(NOTE)).outcome is EffectOutcome.DELIVERED
    assert os.listdir(tmp_path) == ["2026-09-21"]
    assert os.listdir(tmp_path / "2026-09-21") == ["checkpoint-000000000007.note"]
    assert (tmp_path / "2026-09-21" / "checkpoint-000000000007.note").read_text("utf-8") == NOTE.text
    other = SignedNote(size=NOTE.size, at=NOTE.at + 1, text=NOTE.text.replace("root", "riit"))
    assert (await place.put(other)).outcome is EffectOutcome.DELIVERED
    assert len(os.listdir(tmp_path / "2026-09-21")) == 2, "a journal that was restored has gone another way"
    await place.close()


async def test_a_mount_that_is_missing_is_not_made_up(tmp_path: Path) -> None:
    performed = await DirectoryPlace("directory-1", tmp_path / "mnt").put(NOTE)
    assert (performed.outcome, performed.detail) == (EffectOutcome.FAILED, "No such file or directory")
    assert not (tmp_path / "mnt").exists()


async def test_a_share_that_hangs_costs_one_thread_and_is_asked_again_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = DirectoryPlace("directory-1", tmp_path)
    hanging = tmp_path / "2026-09-21" / "checkpoint-000000000007.tmp"
    hanging.parent.mkdir()
    os.mkfifo(hanging)  # opening it for writing lasts until somebody reads
    with monkeypatch.context() as patch:
        patch.setattr(places, "TOTAL_S", 0.02)
        for _ in range(20):
            performed = await place.put(NOTE)
            assert (performed.outcome, performed.detail) == (
                EffectOutcome.FAILED,
                "the directory does not answer in time",
            )
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "checkpoints directory-1"] == [True]
    assert await in_time(asyncio.to_thread(lambda: "the pool is everybody's")) == "the pool is everybody's"
    reading = os.open(hanging, os.O_RDONLY | os.O_NONBLOCK)
    hanging.unlink()
    assert (await in_time(place.put(NOTE))).outcome is EffectOutcome.DELIVERED
    os.close(reading)


async def test_an_address_gets_the_note_as_text() -> None:
    async with http_far_end() as far_end:
        place = UrlPlace("url-1", far_end.url)
        assert (await place.put(NOTE)).outcome is EffectOutcome.DELIVERED
        await place.close()
    [post] = far_end.posts
    assert (post.method, post.body.decode()) == ("POST", NOTE.text)
    assert post.headers["content-type"] == "text/plain; charset=utf-8"


async def test_an_address_that_refuses_or_is_gone() -> None:
    async with http_far_end(status(503)) as far_end:
        place = UrlPlace("url-1", far_end.url)
        assert (await place.put(NOTE)).detail == "HTTP 503"
    performed = await place.put(NOTE)
    assert (performed.outcome, performed.detail) == (EffectOutcome.FAILED, "no connection")
    await place.close()


async def test_a_mailbox_gets_a_message() -> None:
    async with smtp_far_end() as far_end:
        mail = MailEffector(
            host="127.0.0.1",
            port=far_end.port,
            security=MailSecurity.PLAIN,
            sender="arcd@example.invalid",
            links=LinkSigner(b"k" * 32, "https://x.example"),
            now=lambda: NOTE.at,
        )
        place = MailPlace("mail-1", "witness@example.invalid", mail, interval_s=60)
        assert (await place.put(NOTE)).outcome is EffectOutcome.DELIVERED
        await place.close()
    [delivered] = far_end.delivered
    assert delivered.message["Subject"] == "Checkpoint of arc.example/j: 7 entries"
    assert delivered.message["Message-ID"] == "<checkpoint-7@example.invalid>"
    assert "— arc.example/j sig" in delivered.text


def test_kinds_are_those_that_metrics_know() -> None:
    from arcd.metrics import LABEL_VALUES

    known: list[Place] = [MemoryPlace(), DirectoryPlace("d", Path("/")), UrlPlace("u", "http://127.0.0.1")]
    assert {place.kind for place in known} <= set(LABEL_VALUES["place"])
    assert MailPlace.kind in LABEL_VALUES["place"]
