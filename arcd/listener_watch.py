"""Can we be reached: every second a look at each listening socket, and at the room for another connection.

One rule: what no longer listens is had again first and talked about then. That it was gone is always said: whoever was
silent meanwhile may have been silent because of us (requirements 4.4, "self first").
"""

from __future__ import annotations

import asyncio
import errno
import os
import resource
from collections.abc import Callable, Iterator

import structlog

from arcd.clock import Clock
from arcd.core.facts import DaemonTroubled
from arcd.degraded import Reading
from arcd.gateways.listeners import Listeners
from arcd.metrics import Metrics

log = structlog.get_logger(__name__)

LOOK_S = 1.0
SAID_S = 60.0  # one that goes and comes is told of so often, with how often it went meanwhile


class ListenerWatch:
    def __init__(self, *, post: Callable[[DaemonTroubled], None], clock: Clock, metrics: Metrics) -> None:
        self._post = post
        self._clock = clock
        self._metrics = metrics
        self._watched: list[Listeners] = []
        self._unsaid: dict[str, list[str]] = {}  # by name of the gateway: what was mended
        self._said_s: dict[str, float] = {}

    def watch(self, listeners: Listeners) -> None:
        self._watched.append(listeners)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        for listeners in self._watched:
            for why in await listeners.look():
                log.warning("listener.rebound", gateway=listeners.name, why=why)
                self._metrics.listener_rebound()
                self._unsaid.setdefault(listeners.name, []).append(why)
        now_s = self._clock.monotonic_s()
        for name, mended in list(self._unsaid.items()):
            if now_s - self._said_s.get(name, -SAID_S) >= SAID_S:
                self._said_s[name] = now_s
                del self._unsaid[name]
                times = f"{len(mended)} times, the last: " if len(mended) > 1 else ""
                at, detail = self._clock.now(), f"{times}{mended[-1]}"
                self._post(DaemonTroubled(at=at, code="listener_rebound", about=name, detail=detail))

    def readings(self) -> Iterator[Reading]:
        for listeners in self._watched:
            troubles = listeners.troubles
            detail = "; ".join(troubles) or f"reached at {', '.join(listeners.addresses)}"
            yield Reading("listener_down", bool(troubles), detail, about=listeners.name)
        yield _descriptors()


def _descriptors() -> Reading:
    """Without a free one nobody is let in, and uvloop hangs up on whoever calls without a word to us."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            said = f"all {allowed} file descriptors are in use: raise LimitNOFILE= of the unit"
            return Reading("descriptors_spent", True, said)
    return Reading("descriptors_spent", False, f"some of {allowed} are free")
