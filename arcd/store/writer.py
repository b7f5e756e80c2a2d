"""The one connection that writes, on a thread of its own.

One rule: what is handed over is done in that order, and it is handed over at once, not a turn of the loop later: a loop
that is busy with signals would keep the disk waiting for those before them. sqlite3 gives the GIL up while it works.
(aiosqlite hands over when its coroutine is first run, which is a turn later.) After a batch has failed none is written.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from arcd.store import StoreError
from arcd.store.failure import explained
from arcd.store.packing import INSERT_BATCH, BatchRow

Values = tuple[object, ...] | Mapping[str, object]


class Writer:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._connection: sqlite3.Connection | None = None
        self._begun = 0
        self._through = 0  # of those; counted on the thread
        self._has_failed = False

    async def open(self) -> None:
        """StoreError, with nothing left open, when the file cannot be opened."""
        await asyncio.wrap_future(self._thread.submit(self._connect))

    async def rows(self, sql: str, values: Values = ()) -> list[Any]:
        """All rows of one statement. StoreError when the file cannot be used, AssertionError when it contradicts."""
        return await asyncio.wrap_future(self._thread.submit(self._execute, sql, values))

    def begin(self, row: BatchRow) -> asyncio.Future[None]:
        """Done when the batch is on stable storage, or StoreError or AssertionError, and then nothing of it is."""
        self._begun += 1
        durable = asyncio.wrap_future(self._thread.submit(self._write, row))
        durable.add_done_callback(_seen)
        return durable

    @property
    def backlog(self) -> int:
        return self._begun - self._through

    async def close(self) -> None:
        try:
            await asyncio.wrap_future(self._thread.submit(self._disconnect))
        finally:
            self._thread.shutdown(wait=False)

    # ------------------------------------------------------------------------------------------------- on the thread

    def _connect(self) -> None:
        with explained(self._path):
            self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None)

    def _write(self, row: BatchRow) -> None:
        if self._has_failed:
            raise StoreError("the batch before it has not been stored")
        try:
            self._execute(INSERT_BATCH, row)
        except BaseException:
            self._has_failed = True
            raise
        finally:
            self._through += 1

    def _execute(self, sql: str, values: Values) -> list[Any]:
        assert self._connection is not None
        with explained(self._path):
            try:
                return self._connection.execute(sql, values).fetchall()
            except sqlite3.IntegrityError as error:
                # Only a caller that contradicts what is stored gets here: an effect added twice, a head that moved.
                raise AssertionError(f"the store holds something else: {error}") from error

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _seen(durable: asyncio.Future[None]) -> None:
    """Nobody waits for a batch behind one that has failed: its error is none of its own."""
    if not durable.cancelled():
        durable.exception()
