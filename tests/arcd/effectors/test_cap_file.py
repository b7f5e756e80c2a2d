"""The directory both sides see, on a real disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from arcd.core.effects import SendAlert
from arcd.core.facts import EffectOutcome
from arcd.effectors.cap_file import FILES_MAX, CapFileEffector, CapInbox
from protocols.cap.reader import MESSAGE_BYTES_MAX, read
from tests.patience import in_time
from tests.protocols.cap.alerts import FULL


def an_alert(effect_id: str = "E1") -> SendAlert:
    return SendAlert(id=effect_id, message=FULL, case_id="C10")


class Taker:
    """Takes what begins with G."""

    def __init__(self) -> None:
        self.took: list[bytes] = []

    async def __call__(self, content: bytes) -> bool:
        self.took.append(content)
        return content.startswith(b"G")


def listed(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_a_message_is_a_whole_file_under_its_identifier(tmp_path: Path) -> None:
    cap = CapFileEffector(tmp_path)
    performed = [await cap.perform(an_alert(effect_id)) for effect_id in ("E1", "E2")]
    await cap.close()
    assert {each.outcome for each in performed} == {EffectOutcome.DELIVERED}
    assert listed(tmp_path / "outbox") == ["arc.example-1.xml"], "twice is once, and nothing is left beside it"
    assert read((tmp_path / "outbox" / "arc.example-1.xml").read_bytes()) == FULL


async def test_an_identifier_cannot_leave_the_directory(tmp_path: Path) -> None:
    cap = CapFileEffector(tmp_path / "cap")
    await cap.perform(SendAlert(id="E1", message=replace(FULL, identifier="../../x"), case_id="C10"))
    assert listed(tmp_path) == ["cap"]
    assert listed(tmp_path / "cap" / "outbox") == [".._.._x.xml"]


async def test_a_share_that_hangs_is_a_failure_to_repeat(tmp_path: Path) -> None:
    cap = CapFileEffector(tmp_path, total_s=0.02)
    hanging = tmp_path / "outbox" / "arc.example-1.part"
    os.mkfifo(hanging)  # opening it for writing lasts until somebody reads
    for _ in range(20):
        performed = await in_time(cap.perform(an_alert()))
        assert (performed.outcome, performed.detail) == (EffectOutcome.FAILED, "the directory does not answer in time")
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "CAP out"] == [True]
    os.close(os.open(hanging, os.O_RDONLY | os.O_NONBLOCK))


async def test_a_directory_that_is_gone_is_a_failure_to_repeat(tmp_path: Path) -> None:
    cap = CapFileEffector(tmp_path / "cap")
    (tmp_path / "cap" / "outbox").rmdir()
    performed = await cap.perform(an_alert())
    assert (performed.outcome, performed.detail) == (EffectOutcome.FAILED, "No such file or directory")


def test_a_directory_that_cannot_be_is_found_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be used for CAP files: Not a directory"):
        CapFileEffector(tmp_path / "file")


async def test_answers_are_taken_in_order_and_kept(tmp_path: Path) -> None:
    CapFileEffector(tmp_path)
    for name, content in (("b.xml", b"Good 2"), ("a.xml", b"Good 1"), ("c.xml", b"bad"), ("d.part", b"Good 3")):
        (tmp_path / "inbox" / name).write_bytes(content)
    taker = Taker()
    assert await CapInbox(tmp_path, taker).look() == 3
    assert taker.took == [b"Good 1", b"Good 2", b"bad"]
    assert (listed(tmp_path / "taken"), listed(tmp_path / "refused")) == (["a.xml", "b.xml"], ["c.xml"])
    assert listed(tmp_path / "inbox") == ["d.part"], "not a whole file yet"


async def test_a_giant_is_read_no_further_than_needed(tmp_path: Path) -> None:
    CapFileEffector(tmp_path)
    (tmp_path / "inbox" / "a.xml").write_bytes(b"x" * (MESSAGE_BYTES_MAX + 1000))
    taker = Taker()
    await CapInbox(tmp_path, taker).look()
    assert [len(content) for content in taker.took] == [MESSAGE_BYTES_MAX + 1]
    assert listed(tmp_path / "refused") == ["a.xml"]


async def test_as_many_as_one_look_takes(tmp_path: Path) -> None:
    CapFileEffector(tmp_path)
    for number in range(FILES_MAX + 1):
        (tmp_path / "inbox" / f"{number:03}.xml").write_bytes(b"G")
    inbox = CapInbox(tmp_path, Taker())
    assert [await inbox.look(), await inbox.look(), await inbox.look()] == [FILES_MAX, 1, 0]


async def test_what_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    CapFileEffector(tmp_path)
    (tmp_path / "inbox" / "a.xml").mkdir()
    taker = Taker()
    inbox = CapInbox(tmp_path, taker)
    await inbox.look()
    assert taker.took == [b""]
    assert listed(tmp_path / "refused") == ["a.xml"]


async def test_what_cannot_be_moved_is_told_once(tmp_path: Path) -> None:
    CapFileEffector(tmp_path)
    (tmp_path / "inbox" / "a.xml").write_bytes(b"bad")
    os.rmdir(tmp_path / "refused")
    taker = Taker()
    inbox = CapInbox(tmp_path, taker)
    assert [await inbox.look(), await inbox.look()] == [1, 0]
    assert taker.took == [b"bad"]


async def test_no_inbox_is_nothing_to_take(tmp_path: Path) -> None:
    assert await CapInbox(tmp_path / "none", Taker()).look() == 0


async def test_it_looks_again_and_again(tmp_path: Path) -> None:
    CapFileEffector(tmp_path)
    taken = asyncio.Event()

    async def take(content: bytes) -> bool:
        taken.set()
        return True

    running = asyncio.get_running_loop().create_task(CapInbox(tmp_path, take, look_s=0.001).run())
    (tmp_path / "inbox" / "a.xml").write_bytes(b"G")
    await in_time(taken.wait())
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
