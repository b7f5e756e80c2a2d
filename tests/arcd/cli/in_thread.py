"""Something asynchronous in a loop of its own thread, because arcctl blocks the thread of the test."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from tests.patience import PATIENCE_S

T = TypeVar("T")


class Loop:
    """The way into the other thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.begin(coroutine).result(PATIENCE_S)

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)


@contextlib.contextmanager
def in_thread(context: Callable[[], contextlib.AbstractAsyncContextManager[T]]) -> Iterator[tuple[Loop, T]]:
    """Enters an asynchronous context there; leaves it, and ends the thread, at the end."""
    entered: Future[tuple[Loop, T]] = Future()
    ended = asyncio.Event()

    async def main() -> None:
        try:
            async with context() as value:
                entered.set_result((Loop(asyncio.get_running_loop()), value))
                await ended.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 – handed to the test's own thread
            failures.append(error)

    async def end() -> None:
        ended.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        loop, value = entered.result(PATIENCE_S)
        try:
            yield loop, value
        finally:
            loop.run(end())
    finally:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
    if failures:
        raise failures[0]
