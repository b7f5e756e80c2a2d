"""The embedded store: one SQLite file, one writer, readers beside it.

One rule: `commit` is one statement outside any transaction, so SQLite makes it one of its own: it ends when the
write-ahead log is synced, or nothing of it is there. After a failed commit the store accepts nothing more: what the
disk then holds is found out by opening it again. (A sync that fails can leave the batch, whole, for the next start to
find. It was never acknowledged, and its repetition is recognised.)

The file is `file`'s, its writing thread `writer`'s, the row a batch travels in is `packing`'s, the questions are
`reading`'s.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import aiosqlite
from msgspec import Struct

from arcd.store import (
    Batch,
    CaseQuery,
    CaseRow,
    Entry,
    Head,
    OutboxRow,
    Restored,
    Sealed,
    SignedNote,
    StateRow,
    StoreError,
)
from arcd.store.chain import GENESIS_HASH
from arcd.store.failure import explained
from arcd.store.file import release, take
from arcd.store.packing import pack
from arcd.store.precondition import check_batch, check_query, head_after, is_empty, seal_all
from arcd.store.reading import (
    ERA_BITS,
    NEWEST_NOTE,
    Parameters,
    case_question,
    cases_answer,
    cases_question,
    entries_answer,
    entries_question,
    nodes_answer,
    nodes_question,
    notes_answer,
    notes_question,
)
from arcd.store.writer import Writer
from protocols.tlog.merkle import HASH_BYTES, Frontier, grow

# The log is copied into the database every 2,000 pages of 4 KiB, by the commit that crosses the line: 8 MiB keep that
# commit below 100 ms, and the log never grows past it by more than a batch (readers hold a snapshot for one page only).
WAL_PAGES: Final = 2000
WAL_BYTES_KEPT_MAX: Final = 16 << 20  # what one large batch leaves behind is given back to the file system

_WRITER_PRAGMAS: Final = (
    "PRAGMA synchronous = FULL",  # NORMAL may lose the last transactions at a power cut (sqlite.org/wal.html, 2.2)
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is erased is overwritten, not only unlinked
    "PRAGMA cell_size_check = ON",  # a damaged page is noticed when read, not when it has spread
    f"PRAGMA wal_autocheckpoint = {WAL_PAGES}",
    f"PRAGMA journal_size_limit = {WAL_BYTES_KEPT_MAX}",
    "PRAGMA cache_size = -32768",  # KiB: the pages of the current era's refs
)

# Refs lie by era and subject, so they go when their whole era has been given up.
_SWEEP: Final = (
    "DELETE FROM payload WHERE seq IN (SELECT seq FROM payload WHERE seq <= :through ORDER BY seq LIMIT :count)",
    "DELETE FROM entry WHERE seq IN (SELECT seq FROM entry WHERE seq <= :through"
    " AND seq NOT IN (SELECT seq FROM payload WHERE seq <= :through) ORDER BY seq LIMIT :count)",
    "DELETE FROM entry_ref WHERE (era, ref, seq) IN"
    " (SELECT era, ref, seq FROM entry_ref WHERE era < (:through + 1) >> :era_bits LIMIT 4 * :count)",
)

# At DEBUG aiosqlite prints every statement with its values, and the values here are people's data.
logging.getLogger("aiosqlite").setLevel(logging.INFO)


class _Standing(Struct, frozen=True):
    """Where the journal stands after a batch."""

    head: Head = Head(seq=0, hash=GENESIS_HASH, at=0)
    checkpoint_seq: int = 0
    frontier: Frontier = Frontier()
    pruned: Sealed | None = None

    @property
    def given_up_through(self) -> int:
        return 0 if self.pruned is None else self.pruned.through


class SqliteStore:
    """See `arcd.store.Store`. `close` must be awaited: the reader's thread would keep the process from ending."""

    def __init__(self, path: Path, *, urandom: Callable[[int], bytes] = os.urandom) -> None:
        self._path = path.absolute()
        self._urandom = urandom
        self._lock: int | None = None
        self._writer: Writer | None = None
        self._reader: aiosqlite.Connection | None = None
        self._begun = self._stored = _Standing()  # after the newest batch handed over; after the newest durable one
        self._failure: str | None = None

    async def open(self) -> Restored:
        assert self._lock is None, "opened twice"
        self._lock = await asyncio.to_thread(take, self._path)
        try:
            with explained(self._path):
                self._writer = Writer(self._path)
                await self._writer.open()
                await self._set_up(self._writer)
                self._reader = await aiosqlite.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
                restored = await self._restore(self._writer)
        except BaseException:
            await self.close()
            raise
        self._failure = None
        return restored

    def commit(self, batch: Batch) -> Coroutine[Any, Any, None]:
        writer = self._usable()
        if is_empty(batch):
            return _nothing()
        before = self._begun
        check_batch(batch, before.head, before.checkpoint_seq, before.given_up_through)
        sealed = seal_all(batch, before.head, self._urandom)
        checkpoint_seq = before.checkpoint_seq if batch.checkpoint is None else batch.checkpoint.seq
        frontier, nodes = grow(before.frontier, [entry.hash for entry in sealed])
        durable = writer.begin(pack(batch, sealed, before.head, checkpoint_seq, frontier, nodes))
        after = self._begun = _Standing(
            head_after(before.head, sealed), checkpoint_seq, frontier, batch.pruned or before.pruned
        )
        return self._ended(durable, after)

    async def _ended(self, durable: asyncio.Future[None], after: _Standing) -> None:
        try:
            await durable
        except BaseException as error:  # also when cancelled: the outcome is then unknown, so nothing may follow
            self._failure = self._failure or str(error) or type(error).__name__
            raise
        self._stored = after

    @property
    def backlog(self) -> int:
        return 0 if self._writer is None else self._writer.backlog

    async def sweep(self, entries_max: int) -> int:
        """The log is emptied after it, so that no copy of erased bytes waits there.

        A reader in the middle of a page can hold that up; the next sweep or the closing of the store catches up.
        """
        writer = self._usable()
        values = {"through": self._stored.given_up_through, "count": entries_max, "era_bits": ERA_BITS}
        if values["through"]:
            for statement in _SWEEP:
                await writer.rows(statement, values)
        [(left,)] = await writer.rows("SELECT count(*) FROM entry WHERE seq <= :through", values)
        await writer.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(left)

    async def keep_note(self, note: SignedNote) -> None:
        await self._usable().rows("INSERT OR IGNORE INTO note VALUES (?, ?, ?)", (note.size, note.at, note.text))

    async def notes(self, *, after_size: int = 0) -> Sequence[SignedNote]:
        return notes_answer(await self._ask(*notes_question(after_size)))

    async def newest_note(self) -> SignedNote | None:
        found = notes_answer(await self._ask(NEWEST_NOTE, {}))
        return found[0] if found else None

    async def frontier(self) -> Frontier:
        return self._stored.frontier

    async def nodes(self, height: int, first: int, count: int) -> Sequence[bytes]:
        found = nodes_answer(await self._ask(*nodes_question(height, first, count, self._stored.given_up_through)))
        return found or (
            nodes_answer(await self._ask(*nodes_question(height, first, count, None))) if not height else []
        )

    async def pruned(self) -> Sealed | None:
        return self._stored.pruned

    async def entries(
        self, *, after: int = 0, until: int | None = None, subject: str | None = None, kind: str | None = None
    ) -> AsyncIterator[Entry]:
        last = self._stored.head.seq if until is None else min(until, self._stored.head.seq)
        after = max(after, self._stored.given_up_through)
        while after < last:
            page = entries_answer(await self._ask(*entries_question(after, last, subject, kind)))
            for entry in page:
                yield entry
            if not page:
                return
            after = page[-1].seq

    async def head(self) -> Head:
        return self._stored.head

    async def cases(self, query: CaseQuery) -> Sequence[CaseRow]:
        check_query(query)
        return cases_answer(await self._ask(*cases_question(query)))

    async def case(self, case_id: str) -> CaseRow | None:
        found = cases_answer(await self._ask(*case_question(case_id)))
        return found[0] if found else None

    async def close(self) -> None:
        """Also after a failure. The writer goes last: it empties the log into the database."""
        reader, writer, lock = self._reader, self._writer, self._lock
        self._reader = self._writer = self._lock = None
        try:
            for connection in (reader, writer):
                if connection is not None:
                    with suppress(sqlite3.Error):  # a full or failing disk has been reported; nothing is left to save
                        await connection.close()
        finally:
            if lock is not None:
                release(lock)

    def _usable(self) -> Writer:
        if self._failure is not None:
            raise StoreError(f"nothing more is stored after a failed commit ({self._failure}); start arcd again")
        if self._writer is None:
            raise StoreError(f"{self._path} is not open; open the store before using it")
        return self._writer

    async def _ask(self, sql: str, parameters: Parameters) -> str:
        reader = self._reader
        if reader is None:
            raise StoreError(f"{self._path} is not open; open the store before using it")
        with explained(self._path):
            rows = list(await reader.execute_fetchall(sql, parameters))
        return str(rows[0][0])

    async def _set_up(self, writer: Writer) -> None:
        [(mode,)] = await writer.rows("PRAGMA journal_mode = WAL")
        if mode != "wal":
            raise StoreError(
                f"{self._path} is on a file system without shared memory for a write-ahead log (journal mode {mode}); "
                "use a local disk"
            )
        for pragma in _WRITER_PRAGMAS:
            await writer.rows(pragma)

    async def _restore(self, writer: Writer) -> Restored:
        [(head_seq, head_hash, checkpoint_seq, peaks, *pruned)] = await writer.rows(
            "SELECT head_seq, head_hash, checkpoint_seq, peaks, pruned_through, pruned_hash, pruned_peaks FROM meta"
        )
        at = 0
        last = await writer.rows("SELECT seq, hash, at FROM entry ORDER BY seq DESC LIMIT 1")
        if (last[0][:2] if last else (0, GENESIS_HASH)) != (head_seq, head_hash):
            raise StoreError(
                f"{self._path} has been changed by hand: its last entry is not the recorded head {head_seq}; see what "
                "is missing with `arcctl journal verify`, then restore the newest backup"
            )
        if last:
            at = last[0][2]
        state = await writer.rows("SELECT part, key, body FROM state ORDER BY part, key")
        outbox = await writer.rows("SELECT effect_id, seq, body FROM outbox ORDER BY place")
        head = Head(seq=head_seq, hash=head_hash, at=at)
        self._begun = self._stored = _Standing(
            head=head,
            checkpoint_seq=checkpoint_seq,
            frontier=Frontier(size=head_seq, peaks=hashes(peaks)),
            pruned=Sealed(through=pruned[0], hash=pruned[1], peaks=hashes(pruned[2])) if pruned[0] else None,
        )
        return Restored(
            checkpoint_seq=checkpoint_seq,
            rows=[StateRow(table=part, key=key, body=body) for part, key, body in state],
            outbox=[OutboxRow(effect_id=effect_id, seq=seq, body=body) for effect_id, seq, body in outbox],
            head=head,
        )


async def _nothing() -> None:
    """What an empty batch has to wait for."""


def hashes(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[place : place + HASH_BYTES] for place in range(0, len(joined), HASH_BYTES))
