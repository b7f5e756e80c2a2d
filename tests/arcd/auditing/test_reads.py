"""Reads are on disk before their answers leave, and told once more a window, with a count, while they go on."""

from __future__ import annotations

import asyncio

import pytest
import structlog

from arcd.auditing.reads import READERS_MAX, WAIT_S, WINDOW_S, ReadLog
from arcd.clock import VirtualClock
from arcd.core.effects import Answer
from arcd.core.facts import Actor, AnyFact, SensitiveRead
from tests.virtual_time import run

MATTI = Actor(id="os:matti")


class Machine:
    """Takes facts; says that they are committed while `is_well`."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.told: list[AnyFact] = []
        self.waiting: list[asyncio.Future[Answer]] = []
        self.is_well = True
        self.reads = ReadLog(self.asked, self.told.append, self.clock)

    def asked(self, fact: AnyFact) -> asyncio.Future[Answer]:
        self.told.append(fact)
        self.waiting.append(asyncio.get_running_loop().create_future())
        if self.is_well:
            self.recover()
        return self.waiting[-1]

    def recover(self) -> None:
        self.is_well = True
        for future in self.waiting:
            if not future.done():
                future.set_result(Answer(granted=True))


async def test_the_first_is_told_at_once_and_the_rest_once_a_window() -> None:
    machine = Machine()
    clock, told, reads = machine.clock, machine.told, machine.reads
    began = clock.now()
    for _ in range(5):
        await reads.read(MATTI, "journal", "centre")
        clock.advance(60)
    reads.look()
    assert told == [SensitiveRead(at=began, what="journal", subject="centre", actor=MATTI)]
    clock.advance(WINDOW_S)
    reads.look()
    renewed = clock.now()
    assert told[1:] == [SensitiveRead(at=renewed, what="journal", subject="centre", actor=MATTI, count=4, since=began)]
    await reads.read(MATTI, "journal", "centre")
    assert len(told) == 2, "who reads on is told when the window is over"
    clock.advance(WINDOW_S)
    reads.look()
    assert told[2:] == [
        SensitiveRead(at=clock.now(), what="journal", subject="centre", actor=MATTI, count=1, since=renewed)
    ]
    clock.advance(WINDOW_S)
    reads.look()
    assert len(told) == 3
    await reads.read(MATTI, "journal", "centre")
    assert len(told) == 4, "who has stopped and comes again is told at once"


async def test_a_screen_that_asks_each_second_for_a_day_is_one_entry_a_window() -> None:
    machine = Machine()
    seconds = 86_400
    for second in range(seconds):
        await machine.reads.read(MATTI, "cases", "centre")
        if second % 5 == 0:
            machine.reads.look()
        machine.clock.advance(1)
    machine.reads.finish()
    told = [fact for fact in machine.told if isinstance(fact, SensitiveRead)]
    assert len(told) <= seconds / WINDOW_S + 2
    assert sum(fact.count for fact in told) == seconds


async def test_what_differs_is_told_apart() -> None:
    machine = Machine()
    await machine.reads.read(MATTI, "journal", "centre")
    await machine.reads.read(MATTI, "journal", "case/C1")
    await machine.reads.read(MATTI, "export", "case/C1")
    await machine.reads.read(MATTI, "export", "case/C1", "2026/17")
    await machine.reads.read(Actor(id="os:maija"), "journal", "centre")
    assert len(machine.told) == 5
    assert [fact.reason for fact in machine.told if isinstance(fact, SensitiveRead)] == ["", "", "", "2026/17", ""]


async def test_a_stop_tells_what_is_open_and_the_number_of_windows_is_bounded() -> None:
    machine = Machine()
    for number in range(READERS_MAX + 1):
        await machine.reads.read(MATTI, "journal", f"case/C{number}")
        await machine.reads.read(MATTI, "journal", f"case/C{number}")
    assert len(machine.told) == READERS_MAX + 2, "the oldest was told before its time"
    machine.reads.finish()
    assert len(machine.told) == 2 * (READERS_MAX + 1)


def test_nothing_is_answered_before_its_record_is_committed() -> None:
    machine = Machine()
    machine.is_well = False

    async def story() -> None:
        async with asyncio.TaskGroup() as tasks:
            answers = [tasks.create_task(machine.reads.read(MATTI, "case", "case/C1")) for _ in range(2)]
            await asyncio.sleep(WAIT_S / 2)
            assert not any(answer.done() for answer in answers), "the second waits for the first one's record too"
            machine.recover()
            await asyncio.gather(*answers)

    run(story(), machine.clock)
    machine.reads.finish()
    assert [(fact.count, fact.ahead) for fact in machine.told if isinstance(fact, SensitiveRead)] == [(1, 0), (1, 0)]


def test_a_disk_that_takes_nothing_keeps_nobody_from_an_alarm_and_it_is_said() -> None:
    machine = Machine()
    machine.is_well = False

    async def story() -> None:
        for _ in range(3):
            await machine.reads.read(MATTI, "case", "case/C1")

    began = machine.clock.now()
    with structlog.testing.capture_logs() as logs:
        run(story(), machine.clock)
    waited_s = (machine.clock.now() - began) / 1e9
    assert waited_s == pytest.approx(WAIT_S, abs=0.01), "once, not for each look"
    assert [line["event"] for line in logs] == ["read.ahead_of_record"] * 3
    machine.reads.finish()
    assert [(fact.count, fact.ahead) for fact in machine.told if isinstance(fact, SensitiveRead)] == [(1, 0), (2, 3)]
