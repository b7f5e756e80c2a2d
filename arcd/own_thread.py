"""Work that may never come back, on a thread that nobody waits for.

One rule: what touches a disk of somebody else's (a network share that hangs lets go of nobody) is done here and not in
the loop's pool. That has half a dozen threads, which pictures, mails and rules need, and every end of the daemon waits
for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class OwnThread:
    """One thing at a time: while it lasts, also when nobody waits for it any more, nothing else is begun."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._is_free = asyncio.Event()
        self._is_free.set()

    async def do(self, work: Callable[[], T]) -> T:
        """What it gives or raises. However long that takes: the limit is the caller's, and does not end the work."""
        while not self._is_free.is_set():
            await self._is_free.wait()
        self._is_free.clear()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def give(say: Callable[[], None]) -> None:
            self._is_free.set()
            if not done.done():
                say()

        def run() -> None:
            say: Callable[[], None]
            try:
                say = partial(done.set_result, work())
            except Exception as error:  # noqa: BLE001 – it is raised to whoever waits
                say = partial(done.set_exception, error)
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(give, say)

        threading.Thread(target=run, name=self._name, daemon=True).start()
        return await done
