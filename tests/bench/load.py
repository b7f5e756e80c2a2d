"""The load generator: a process of its own that plays many panels and keeps a number of messages in flight on each.

    python -m tests.bench.load < order.json > measured.json

One rule: it shares the processors with what it measures, so everything that can be is done before the clock starts
(frames, addresses), and a reply costs a count of its end and a write of the next frame.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from itertools import cycle
from typing import cast

import msgspec
import uvloop

from arcd.clock import SystemClock
from protocols.dc09 import Dialler
from protocols.secrets import WireKey
from tests.bench.rows import KEY, ZONES, Measured, Order, Row, account_of, sites_of

# More than this is not expected of the daemon on the machines we know; echoes repeat their frames.
FRAMES_PER_S_MAX = 30_000
REPEAT_AFTER_S = 1.0  # datagrams may be lost; a panel sends the same bytes again
RUN_OUT_S = 2.0  # for what is still in flight at the end
SEQUENCE_MAX = 9_999
# A panel stamps what it says with the time. What is said in a few seconds is made beforehand: as if every panel spoke
# ten times a second, which is within its time window however quick the daemon is.
STAMPED_EVERY_NS = 100_000_000


def frames_for(row: Row, connection: int, count: int, now: int) -> list[bytes]:
    """What one connection says: its sites in turn, each with sequence numbers, codes and zones of its own."""
    key = WireKey(KEY) if row.is_keyed else None
    sites = [
        (Dialler(account=account_of(site), key=key), row.codes_of(site))
        for site in sites_of(connection, row.connections)
    ]
    frames = []
    for at in range(count):
        number, of = divmod(at, len(sites))
        dialler, codes = sites[of]
        code = codes[number % len(codes)]
        frames.append(
            dialler.sia_dcs(
                f"Nri1/{code}{_address(code, number):03}",
                sequence=1 + number % SEQUENCE_MAX,
                now=now + number * STAMPED_EVERY_NS if row.is_keyed else None,
                pad=os.urandom if row.is_keyed else None,
            )
        )
    return frames


def _address(code: str, number: int) -> int:
    """A zone; a restore names that of the alarm before it."""
    return 1 + (number - (code == "BR")) % ZONES


class Tally:
    """What all connections count together."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.is_measuring = False
        self.is_over = False
        self.acknowledged = 0
        self.acknowledged_ever = 0
        self.refused = 0
        self.repeats = 0


class Connection(asyncio.Protocol, asyncio.DatagramProtocol):
    """One panel, or one gateway of panels, over either transport."""

    def __init__(self, tally: Tally, frames: Iterator[bytes], window: int) -> None:
        self._tally = tally
        self._frames = frames
        self._window = window
        self._in_flight: deque[tuple[float, bytes]] = deque()
        self._write = lambda data: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if hasattr(transport, "sendto"):
            self._write = cast(asyncio.DatagramTransport, transport).sendto
        else:
            self._write = cast(asyncio.WriteTransport, transport).write

    def begin(self) -> None:
        self._send(self._window)

    def data_received(self, data: bytes) -> None:
        self._take(data, data.count(b"\r"))

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._take(data, 1)

    def _take(self, data: bytes, replies: int) -> None:
        tally, now = self._tally, time.perf_counter()
        if b'"NAK"' in data or b'"DUH"' in data:
            tally.refused += replies
        for _ in range(min(replies, len(self._in_flight))):
            sent, _frame = self._in_flight.popleft()
            tally.acknowledged_ever += 1
            if tally.is_measuring:
                tally.acknowledged += 1
                tally.latencies.append(now - sent)
        if not tally.is_over:
            self._send(replies)

    def _send(self, count: int) -> None:
        now = time.perf_counter()
        for _ in range(count):
            frame = next(self._frames)
            self._in_flight.append((now, frame))
            self._write(frame)

    def repeat_lost(self) -> None:
        before = time.perf_counter() - REPEAT_AFTER_S
        for at, (sent, frame) in enumerate(self._in_flight):
            if sent < before:
                self._in_flight[at] = (time.perf_counter(), frame)
                self._tally.repeats += 1
                self._write(frame)


async def measure(order: Order) -> Measured:
    row, tally, loop = order.row, Tally(), asyncio.get_running_loop()
    count = int((order.warm_up_s + order.measure_s) * FRAMES_PER_S_MAX / row.connections)
    if row.is_echo:
        count = 1_000  # an echo may hear the same again
    elif row.connections == 1:
        count //= 4  # alone it waits for every sync
    now = SystemClock().now()
    panels = []
    for number in range(row.connections):
        frames = frames_for(row, number, count, now)
        panels.append(Connection(tally, cycle(frames) if row.is_echo else iter(frames), row.window))
    for panel in panels:
        if row.transport == "tcp":
            await loop.create_connection(lambda panel=panel: panel, "127.0.0.1", order.port)
        else:
            await loop.create_datagram_endpoint(lambda panel=panel: panel, remote_addr=("127.0.0.1", order.port))
    gc.freeze()
    gc.disable()
    for panel in panels:
        panel.begin()
    await _pass(order.warm_up_s, panels, row)
    tally.is_measuring, began = True, time.perf_counter()
    await _pass(order.measure_s, panels, row)
    tally.is_measuring, took_s = False, time.perf_counter() - began
    tally.is_over = True
    await _pass(RUN_OUT_S if row.transport == "udp" else 0.5, panels, row)
    return _summed(tally, took_s)


async def _pass(seconds: float, panels: list[Connection], row: Row) -> None:
    until = time.perf_counter() + seconds
    while (left := until - time.perf_counter()) > 0:
        await asyncio.sleep(min(left, 0.5))
        if row.transport == "udp":
            for panel in panels:
                panel.repeat_lost()


def _summed(tally: Tally, took_s: float) -> Measured:
    ordered = sorted(tally.latencies) or [0.0]
    return Measured(
        per_second=tally.acknowledged / took_s,
        p50_ms=1000 * ordered[len(ordered) // 2],
        p99_ms=1000 * ordered[len(ordered) * 99 // 100],
        max_ms=1000 * ordered[-1],
        acknowledged=tally.acknowledged,
        acknowledged_ever=tally.acknowledged_ever,
        refused=tally.refused,
        repeats=tally.repeats,
    )


def main() -> None:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(measure(order))))


if __name__ == "__main__":
    main()
