"""Committed signals on an automation line: in order, every one, over refusals, silences, hang-ups and crashes.

On memory twins and virtual time; real sockets and ports are in `test_transports`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from arcd.clock import VirtualClock
from arcd.forwarding.courier import AHEAD_MAX, Courier
from arcd.forwarding.cursor import Cursor
from arcd.forwarding.feed import Feed, Wanted
from arcd.forwarding.forms import AUTOMATION, printer
from arcd.forwarding.line_output import LineOutput
from arcd.forwarding.memory import MemorySoftware
from arcd.outgoing import JournalOf
from protocols.receiver_lines import surgard
from protocols.receiver_lines.talking import ACK, NAK
from tests.arcd.test_runtime import Bench, alarm
from tests.virtual_time import run

FORM = AUTOMATION["surgard"](surgard.MLR2, None, None)
BEAT = FORM.heartbeat


class Software(MemorySoftware):
    """Acknowledges everything, and remembers what it took."""

    def __init__(self) -> None:
        super().__init__(lambda data: self.say(data))
        self.is_silent = False
        self.refuses = 0
        self.taken: list[bytes] = []

    def say(self, data: bytes) -> bytes:
        if self.is_silent:
            return b""
        if self.refuses and data != BEAT:
            self.refuses -= 1
            return NAK
        if data != BEAT:
            self.taken.append(data)
        return ACK

    @property
    def zones(self) -> list[int]:
        return [zone_of(message) for message in self.taken]


def zone_of(message: bytes) -> int:
    """``S011[#1001|Nri1/BA7]``"""
    return int(message.rstrip(b"]\x14").rpartition(b"BA")[2])


@asynccontextmanager
async def output(bench: Bench, software: Software, wanted: Wanted | None = None) -> AsyncIterator[Courier]:
    state = bench.state.forwards.get("here")
    after = state.acknowledged if state is not None else bench.runtime.committed_seq
    feed = Feed(JournalOf(bench.runtime), wanted or Wanted(), is_on=lambda _: True, site=bench.state.sites.get)
    sender = LineOutput(
        form="surgard", transport=software, manner=FORM.manner, heartbeat=BEAT, encode=printer(FORM, {}),
        clock=bench.clock,
    )  # fmt: skip
    cursor = Cursor("here", after, post=bench.runtime.post, clock=bench.clock)
    courier = Courier("here", feed, sender, cursor, is_on=lambda: True)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(courier.run())
        yield courier
        task.cancel()


def feed_alarms(bench: Bench, first: int, last: int) -> None:
    line = bench.gateway.connect()
    for number in range(first, last + 1):
        line.feed(alarm(sequence=number, zone=str(number)))


def on_a_bench(test):  # type: ignore[no-untyped-def]  # – a decorator of tests
    def sync_test() -> None:
        clock = VirtualClock()

        async def main() -> None:
            bench = Bench(clock=clock)
            async with bench.running():
                await test(bench)

        run(main(), clock)

    sync_test.__name__, sync_test.__doc__ = test.__name__, test.__doc__
    return sync_test


@on_a_bench
async def test_signals_go_out_in_the_order_of_the_journal_and_the_cursor_follows(bench: Bench) -> None:
    software = Software()
    async with output(bench, software) as courier:
        feed_alarms(bench, 1, 30)
        await asyncio.sleep(3)
        assert software.zones == list(range(1, 31))
        assert software.taken[0] == b"S011[#1001|Nri1/BA1]\x14"
        assert bench.state.forwards["here"].acknowledged == 3 + 30
        assert courier.health().waiting == 0
    kinds = await bench.kinds()
    assert kinds["forward_acknowledged"] <= 3, "folded, and what it is itself moves nothing on"
    assert kinds["frame_received"] == 30


@on_a_bench
async def test_a_retransmission_is_no_news(bench: Bench) -> None:
    software = Software()
    async with output(bench, software):
        line = bench.gateway.connect()
        line.feed(alarm())
        line.feed(alarm())
        await asyncio.sleep(2)
        assert software.zones == [3]


@on_a_bench
async def test_silence_then_computer_fail_then_everything_from_the_same_message_on(bench: Bench) -> None:
    software = Software()
    async with output(bench, software) as courier:
        software.is_silent = True
        feed_alarms(bench, 1, 5)
        await asyncio.sleep(20)
        health = courier.health()
        assert (health.is_up, health.waiting, health.detail) == (False, 5, "connected, and does not answer")
        assert software.heard.count(software.heard[0]) == 4
        await asyncio.sleep(600)
        software.is_silent = False
        await asyncio.sleep(60)
        assert software.zones == [1, 2, 3, 4, 5]
        assert courier.health().is_up


@on_a_bench
async def test_refused_is_said_again_and_what_is_refused_for_good_is_put_before_a_person(bench: Bench) -> None:
    software = Software()
    async with output(bench, software) as courier:
        software.refuses = 3
        feed_alarms(bench, 1, 2)
        await asyncio.sleep(5)
        assert software.zones == [1, 2]
        software.refuses = FORM.manner.nak_attempts_max
        feed_alarms(bench, 3, 4)
        await asyncio.sleep(15)
        assert software.zones == [1, 2, 4], "what is behind it is not held up for ever"
        assert courier.health().refused == 1
    codes = [case.signals[0].signal.code for case in bench.state.cases.values() if case.signals]
    assert "output_refused" in codes


@on_a_bench
async def test_a_hang_up_in_the_middle_repeats_at_most_what_was_under_way(bench: Bench) -> None:
    software = Software()
    async with output(bench, software):
        for turn in range(5):
            software.is_silent = True
            feed_alarms(bench, turn * 3 + 1, turn * 3 + 3)
            await asyncio.sleep(1)
            software.hang_up()
            await asyncio.sleep(1)
            software.is_silent = False
            software.connect()
            await asyncio.sleep(1)
        assert software.zones == list(range(1, 16))


@on_a_bench
async def test_a_dead_output_reads_only_a_little_ahead(bench: Bench) -> None:
    software = Software()
    async with output(bench, software) as courier:
        software.is_silent = True
        feed_alarms(bench, 1, AHEAD_MAX + 50)
        await asyncio.sleep(10)
        assert courier.health().waiting <= AHEAD_MAX + 2
        software.is_silent = False
        await asyncio.sleep(120)
        assert software.zones == list(range(1, AHEAD_MAX + 51))


def test_a_crash_between_sending_and_writing_it_down_repeats_and_loses_nothing() -> None:
    clock = VirtualClock()
    software = Software()

    async def main() -> None:
        bench = Bench(clock=clock)
        async with bench.running():
            async with output(bench, software):
                feed_alarms(bench, 1, 3)
                await asyncio.sleep(2)  # written down
                feed_alarms(bench, 4, 6)
                await asyncio.sleep(0.2)  # taken, and not written down
                assert software.zones == [1, 2, 3, 4, 5, 6]
                crashed = bench.store.crash()
        bench.store = crashed
        after = Bench(store=crashed, clock=clock)
        async with after.running(), output(after, software):
            feed_alarms(after, 7, 8)
            await asyncio.sleep(3)
        assert software.zones == [1, 2, 3, 4, 5, 6, 4, 5, 6, 7, 8], "only what was not written down comes twice"

    run(main(), clock)
