"""Runs `arcd` with one thing broken, as no setting of its own could break it.

    python -m tests.faults.afflicted kill:after_commit:3 -m arcd --config FILE

    kill:POINT:N       SIGKILL when POINT is reached for the Nth time: `POINTS`
    slow_sync:SECONDS  every commit of signals takes so much longer, as on a disk that is dying; half of that is called
                       slow, and put up with for a second, so that a test need not wait for half a minute
    io_error:N         the disk refuses the Nth commit of signals with an I/O error
    clock              SIGUSR1 sets the wall clock an hour forward, SIGUSR2 an hour back
    files:N            so many file descriptors and no more
    deaf               SIGUSR1 shuts every socket down on which panels are heard, SIGUSR2 closes them

One rule: it reaches into the program at its seams (`Store.commit`, `Effector.perform`, the clock) and nowhere else.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from arcd import __main__ as arcd
from arcd import clock, degraded, self_watch
from arcd.core.effects import DurableEffect
from arcd.effectors import Performed
from arcd.effectors.webhook import WebhookEffector
from arcd.gateways.listeners import Listeners
from arcd.runtime import Runtime
from arcd.store import Batch
from arcd.store.failure import explained
from arcd.store.sqlite import SqliteStore

HOUR_S = 3600
_commit = SqliteStore.commit
_enqueue = Runtime._enqueue
_perform = WebhookEffector.perform


class Countdown:
    """Dies when it has been reached so many times."""

    def __init__(self, times: int) -> None:
        self._left = times

    def reached(self) -> None:
        self._left -= 1
        if self._left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)


def has_signals(batch: Batch) -> bool:
    return any(record.kind == "frame_received" for record in batch.records)


# ---------------------------------------------------------------------------------------------------------- the points


def before_commit(count: Countdown) -> None:
    async def commit(self: SqliteStore, batch: Batch) -> None:
        if has_signals(batch):
            count.reached()
        await _commit(self, batch)

    SqliteStore.commit = commit  # type: ignore[method-assign]


def after_commit(count: Countdown) -> None:
    """On stable storage, and nobody has been told."""

    async def commit(self: SqliteStore, batch: Batch) -> None:
        await _commit(self, batch)
        if has_signals(batch):
            count.reached()

    SqliteStore.commit = commit  # type: ignore[method-assign]


def after_replies(count: Countdown) -> None:
    """The panel has its ACK; no effect has been handed to its channel."""

    def enqueue(self: Runtime, effect: DurableEffect) -> None:
        count.reached()
        _enqueue(self, effect)

    Runtime._enqueue = enqueue  # type: ignore[method-assign]


def before_effect(count: Countdown) -> None:
    async def perform(self: WebhookEffector, effect: DurableEffect) -> Performed:
        count.reached()
        return await _perform(self, effect)

    WebhookEffector.perform = perform  # type: ignore[method-assign]


def after_effect(count: Countdown) -> None:
    """The guard's company has the job; that it has is not in the journal."""

    async def perform(self: WebhookEffector, effect: DurableEffect) -> Performed:
        performed = await _perform(self, effect)
        count.reached()
        return performed

    WebhookEffector.perform = perform  # type: ignore[method-assign]


POINTS: dict[str, Callable[[Countdown], None]] = {
    each.__name__: each for each in (before_commit, after_commit, after_replies, before_effect, after_effect)
}


# ------------------------------------------------------------------------------------------------------ other troubles


def slow_sync(seconds: float) -> None:
    async def commit(self: SqliteStore, batch: Batch) -> None:
        await _commit(self, batch)
        if has_signals(batch):
            await asyncio.sleep(seconds)

    SqliteStore.commit = commit  # type: ignore[method-assign]
    self_watch.COMMIT_SLOW_S = seconds / 2
    degraded.PATIENCE = {**degraded.PATIENCE, "commit_slow": degraded.Patience(1.0, 60.0)}


def io_error(number: int) -> None:
    left = number

    async def commit(self: SqliteStore, batch: Batch) -> None:
        nonlocal left
        left -= has_signals(batch)
        if left <= 0 and has_signals(batch):
            with explained(self._path):
                raise OSError(5, os.strerror(5))
        await _commit(self, batch)

    SqliteStore.commit = commit  # type: ignore[method-assign]


def settable_clock() -> None:
    offset_ns = 0

    def step(number: int, _frame: FrameType | None) -> None:
        nonlocal offset_ns
        offset_ns += (HOUR_S if number == signal.SIGUSR1 else -HOUR_S) * 1_000_000_000

    class Settable(clock.AnchoredClock):
        def __init__(self) -> None:
            boottime: Any = clock._boottime_ns
            super().__init__(
                wall_ns=lambda: time.time_ns() + offset_ns,
                boottime_ns=boottime,
                boot_id=clock.read_boot_id(),
            )

    signal.signal(signal.SIGUSR1, step)
    signal.signal(signal.SIGUSR2, step)
    arcd.SystemClock = Settable  # type: ignore[misc,assignment]


def deaf() -> None:
    heard_on: list[Listeners] = []
    start = Listeners.start

    async def started(self: Listeners) -> None:
        await start(self)
        heard_on.append(self)

    def strike(number: int, _frame: FrameType | None) -> None:
        for each in [each for listeners in heard_on for each in listeners._each]:
            if number == signal.SIGUSR2:
                assert each._taken is not None
                each._taken.close()  # as uvloop does by itself when an accept fails
                continue
            with socket.fromfd(each._descriptor, socket.AF_INET, each._kind) as same:
                with contextlib.suppress(OSError):  # of a datagram socket, which is shut down all the same
                    same.shutdown(socket.SHUT_RDWR)

    signal.signal(signal.SIGUSR1, strike)
    signal.signal(signal.SIGUSR2, strike)
    Listeners.start = started  # type: ignore[method-assign]


def afflict(words: list[str]) -> None:
    match words:
        case ["kill", point, times]:
            POINTS[point](Countdown(int(times)))
        case ["slow_sync", seconds]:
            slow_sync(float(seconds))
        case ["io_error", number]:
            io_error(int(number))
        case ["clock"]:
            settable_clock()
        case ["deaf"]:
            deaf()
        case ["files", number]:
            resource.setrlimit(resource.RLIMIT_NOFILE, (int(number), int(number)))
        case _:
            raise SystemExit(f"no affliction {':'.join(words)}")


def main() -> int:
    afflict(sys.argv[1].split(":"))
    assert sys.argv[2:4] == ["-m", "arcd"], "as tests.process starts it"
    return arcd.main(sys.argv[4:])


if __name__ == "__main__":
    sys.exit(main())
