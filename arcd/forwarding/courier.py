"""One output at work: reads the journal a little ahead, hands over one signal at a time, moves the cursor.

One rule: a signal is handed over until it is taken or refused for good, and the next one waits. What is read ahead is
bounded, so a far end that is away for a week costs no memory; the journal keeps it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog
from msgspec import Struct

from arcd.forwarding.cursor import Cursor
from arcd.forwarding.feed import Feed, Outgoing, Read

log = structlog.get_logger(__name__)

AHEAD_MAX = 256  # entries with signals read ahead


class Health(Struct, frozen=True, kw_only=True):
    """How an output is doing. `waiting`: signals read ahead, so at least so many; `oldest_at`: 0 when nothing waits."""

    name: str
    form: str
    where: str
    is_up: bool
    detail: str
    acknowledged: int
    waiting: int
    oldest_at: int
    sent: int
    refused: int
    lost: int
    attempts: int
    shortened: int = 0  # said without a number of theirs, for which the far end's format has no digits
    is_on: bool = True


class Sender(Protocol):
    """The far end, whatever it speaks."""

    @property
    def form(self) -> str: ...

    @property
    def where(self) -> str: ...

    @property
    def is_up(self) -> bool: ...

    @property
    def detail(self) -> str:
        """Why it is not up, or that it is."""
        ...

    @property
    def attempts(self) -> int:
        """Times anything was sent since the start."""
        ...

    @property
    def shortened(self) -> int:
        """Signals that were said without a number of theirs since the start."""
        ...

    async def send(self, outgoing: Outgoing) -> str:
        """Return when the far end has taken it ("") or will not (why). However long that takes."""
        ...

    async def run(self) -> None:
        """Keep the connection; until cancelled."""
        ...

    def close(self) -> None: ...


class Courier:
    def __init__(self, name: str, feed: Feed, sender: Sender, cursor: Cursor, *, is_on: Callable[[], bool]) -> None:
        self.name = name
        self.cursor = cursor
        self.sender = sender
        self._feed = feed
        self._is_on = is_on
        self._ahead: asyncio.Queue[Read] = asyncio.Queue(AHEAD_MAX)
        self._under_way: Outgoing | None = None
        self._waiting = 0
        self._sent = self._refused = self._lost = 0

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.sender.run(), name=f"{self.name}: connection")
            tasks.create_task(self._read(), name=f"{self.name}: journal")
            tasks.create_task(self._hand_over(), name=f"{self.name}: signals")
            tasks.create_task(self.cursor.run(), name=f"{self.name}: cursor")

    async def _read(self) -> None:
        async for read in self._feed.read(self.cursor.seq):
            self._lost += read.lost
            if read.outgoing:
                self._waiting += len(read.outgoing)
                await self._ahead.put(read)
            elif self._waiting == 0:
                self.cursor.pass_over(read.seq)

    async def _hand_over(self) -> None:
        while True:
            read = await self._ahead.get()
            for outgoing in read.outgoing:
                self._under_way = outgoing
                refusal = await self.sender.send(outgoing)
                self._under_way = None
                self._waiting -= 1
                if refusal:
                    self._refused += 1
                    self.cursor.refuse(outgoing.seq, refusal)
                    log.warning("output.refused", output=self.name, entry=outgoing.seq, why=refusal)
                else:
                    self._sent += 1
            self.cursor.acknowledge(read.seq)

    def health(self) -> Health:
        sender = self.sender
        return Health(
            name=self.name,
            form=sender.form,
            where=sender.where,
            is_up=sender.is_up,
            detail=sender.detail,
            acknowledged=self.cursor.seq,
            waiting=self._waiting,
            oldest_at=self._under_way.at if self._under_way is not None else 0,
            sent=self._sent,
            refused=self._refused,
            lost=self._lost,
            attempts=sender.attempts,
            shortened=sender.shortened,
            is_on=self._is_on(),
        )  # fmt: skip
