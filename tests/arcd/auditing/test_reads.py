"""Reads are told once at their beginning and once more, with a count, when their window closes."""

from __future__ import annotations

from arcd.auditing.reads import READERS_MAX, WINDOW_S, ReadLog
from arcd.clock import VirtualClock
from arcd.core.facts import Actor, AnyFact, SensitiveRead

MATTI = Actor(id="os:matti")


def test_the_first_is_told_at_once_and_the_rest_are_folded() -> None:
    clock, told = VirtualClock(), list[AnyFact]()
    reads = ReadLog(told.append, clock)
    began = clock.now()
    for _ in range(5):
        reads.was_read(MATTI, "journal", "centre")
        clock.advance(60)
    reads.look()
    assert told == [SensitiveRead(at=began, what="journal", subject="centre", actor=MATTI)]
    clock.advance(WINDOW_S)
    reads.look()
    assert told[1:] == [
        SensitiveRead(at=clock.now(), what="journal", subject="centre", actor=MATTI, count=4, since=began)
    ]
    reads.look()
    assert len(told) == 2
    reads.was_read(MATTI, "journal", "centre")
    assert len(told) == 3, "a new window"


def test_what_differs_is_told_apart() -> None:
    told = list[AnyFact]()
    reads = ReadLog(told.append, VirtualClock())
    reads.was_read(MATTI, "journal", "centre")
    reads.was_read(MATTI, "journal", "case/C1")
    reads.was_read(MATTI, "export", "case/C1")
    reads.was_read(Actor(id="os:maija"), "journal", "centre")
    assert len(told) == 4


def test_a_stop_tells_what_is_open_and_the_number_of_windows_is_bounded() -> None:
    told = list[AnyFact]()
    reads = ReadLog(told.append, VirtualClock())
    for number in range(READERS_MAX + 1):
        reads.was_read(MATTI, "journal", f"case/C{number}")
        reads.was_read(MATTI, "journal", f"case/C{number}")
    assert len(told) == READERS_MAX + 2, "the oldest was told before its time"
    reads.finish()
    assert len(told) == 2 * (READERS_MAX + 1)
