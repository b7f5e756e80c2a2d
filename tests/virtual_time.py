"""An asyncio loop on a virtual clock: when nothing is left to do now, time jumps to what is due next.

For code that sleeps and waits, without waiting. A test that would hang (nothing to do and nothing due) fails at once.
Memory twins only: a kernel does not know this clock, so sockets have no place here.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from arcd.clock import VirtualClock

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Instead of sleeping, passes the time."""

    clock: VirtualClock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        assert timeout is not None, "nothing to do, nothing due: this would wait for ever"
        self.clock.advance(max(timeout, 1e-9))
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: VirtualClock) -> None:
        selector = _Jumping()
        selector.clock = clock
        super().__init__(selector)
        self._clock = clock

    def time(self) -> float:
        return self._clock.monotonic_s()


def run(main: Coroutine[Any, Any, T], clock: VirtualClock) -> T:
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock)) as runner:
        return runner.run(main)
