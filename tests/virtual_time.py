"""An asyncio loop on a virtual clock: when nothing is left to do now, time jumps to what is due next.

For code that sleeps and waits, without waiting. A test that would hang (nothing to do and nothing due) fails at once.
A kernel does not know this clock. So it is for memory twins, and (`over_loopback`) for sockets whose both ends live in
this loop: between them nothing is under way when neither has anything to read.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar, cast

from arcd.clock import SystemClock, VirtualClock

P = ParamSpec("P")
T = TypeVar("T")

# Loopback delivers within the call that sends; this is for a kernel that was called away.
LOOPBACK_S = 0.02


class _Jumping(selectors.DefaultSelector):
    """Instead of sleeping, passes the time."""

    clock: VirtualClock
    arrives_within_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0 and self.arrives_within_s:
            # Once more, because the process may have stood still for all of that time.
            ready = super().select(self.arrives_within_s) or super().select(0)
        if ready or timeout == 0:
            return ready
        assert timeout is not None, "nothing to do, nothing due: this would wait for ever"
        self.clock.advance(max(timeout, 1e-9))
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: VirtualClock, *, arrives_within_s: float = 0.0) -> None:
        selector = _Jumping()
        selector.clock, selector.arrives_within_s = clock, arrives_within_s
        super().__init__(selector)
        self.clock = clock

    def time(self) -> float:
        return self.clock.monotonic_s()


def run(main: Coroutine[Any, Any, T], clock: VirtualClock, *, arrives_within_s: float = 0.0) -> T:
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(clock, arrives_within_s=arrives_within_s)) as runner:
        return runner.run(main)


def over_loopback(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs a test whose sockets have both their ends in it: a silence costs no time, and a slow machine is none."""

    @functools.wraps(test)
    def sync_test(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs), VirtualClock(SystemClock().now()), arrives_within_s=LOOPBACK_S)

    return sync_test


def running_clock() -> VirtualClock:
    """The clock of the loop that runs."""
    return cast(VirtualTimeLoop, asyncio.get_running_loop()).clock
