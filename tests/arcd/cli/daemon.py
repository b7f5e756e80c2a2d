"""The admin API on a real Unix socket, served by the real server over the desk its own tests use."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from arcd.api.admin import admin_app
from arcd.api.serving import listen_unix, serve_app
from tests.arcd.api.desk import FakeDesk
from tests.arcd.cli.in_thread import Loop, in_thread

T = TypeVar("T")


class Daemon:
    def __init__(self, socket: Path, loop: Loop, desk: FakeDesk) -> None:
        self.socket = socket
        self.loop = loop
        self.desk = desk

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """In the daemon's own loop."""
        return self.loop.run(coroutine)

    def alarm(self, code: str = "BA", **more: Any) -> str:
        return self.run(self.desk.alarm(code, **more))


@contextlib.contextmanager
def daemon_on(socket: Path) -> Iterator[Daemon]:
    @contextlib.asynccontextmanager
    async def serve() -> AsyncIterator[FakeDesk]:
        desk = await FakeDesk().begin()
        async with serve_app(admin_app(desk), listen_unix(socket)):
            yield desk

    with in_thread(serve) as (loop, desk):
        yield Daemon(socket, loop, desk)
