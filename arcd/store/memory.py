"""The store's twin in memory: same answers, no disk. For simulation, tests and trying things out.

One rule: it behaves as the SQLite store does, failures included; tests/conformance/test_stores.py holds both to it.
Nothing here reads a clock or waits; where a simulation wants delay or a crash in the middle, it hangs a hook in.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

import msgspec

from arcd.store import (
    NOTES_PAGE,
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
from arcd.store.precondition import check_batch, check_query, head_after, is_empty, last_rows, seal_all
from protocols.tlog.merkle import Frontier, grow, peak_places

Hook = Callable[[Batch], Awaitable[None]]


class MemoryStore:
    """See `arcd.store.Store`.

    `fail_next_commit`: raised by the next commit, which keeps nothing; every later one is refused.
    `before_commit`, `after_commit`: awaited on either side of the instant at which a batch becomes durable. A hook that
    raises before it keeps the batch out; one that raises after it has the batch stored and unacknowledged.
    """

    def __init__(self, *, urandom: Callable[[int], bytes] = os.urandom) -> None:
        self.fail_next_commit: StoreError | None = None
        self.before_commit: Hook | None = None
        self.after_commit: Hook | None = None
        self._urandom = urandom
        self._entries: list[Entry] = []
        self._subjects: list[frozenset[str]] = []
        self._outbox: dict[str, OutboxRow] = {}
        self._cases: dict[str, CaseRow] = {}
        self._state: dict[tuple[str, str], StateRow] = {}
        self._checkpoint_seq = 0
        self._head = Head(seq=0, hash=GENESIS_HASH, at=0)
        self._frontier = Frontier()
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._notes: dict[int, SignedNote] = {}
        self._pruned: Sealed | None = None
        self._swept_through = 0
        self._is_open = False
        self._begun = self._through = 0  # commits asked for; and of those, ended
        self._writing = False
        self._failure: str | None = None

    async def open(self) -> Restored:
        assert not self._is_open, "opened twice"
        self._is_open = True
        self._failure = None
        return Restored(
            checkpoint_seq=self._checkpoint_seq,
            rows=[self._state[place] for place in sorted(self._state)],
            outbox=list(self._outbox.values()),
            head=self._head,
        )

    def commit(self, batch: Batch) -> Coroutine[Any, Any, None]:
        self._begun += 1
        return self._commit(batch)

    async def _commit(self, batch: Batch) -> None:
        assert not self._writing, "commits are awaited one after the other"
        self._writing = True
        try:
            self._check_usable()
            if is_empty(batch):
                return
            check_batch(batch, self._head, self._checkpoint_seq, self._given_up_through)
            await self._make_durable(batch)
        finally:
            self._writing = False
            self._through += 1

    async def _make_durable(self, batch: Batch) -> None:
        try:
            if self.before_commit is not None:
                await self.before_commit(batch)
            self._check_usable()  # the process may have crashed meanwhile
            if self.fail_next_commit is not None:
                raise self.fail_next_commit
            self._keep(batch)
            if self.after_commit is not None:
                await self.after_commit(batch)
        except BaseException as error:
            self._failure = str(error) or type(error).__name__
            raise

    @property
    def backlog(self) -> int:
        return self._begun - self._through

    def _keep(self, batch: Batch) -> None:
        outbox = dict(self._outbox)
        for row in batch.outbox_added:
            assert row.effect_id not in outbox, f"the store holds something else: {row.effect_id} is added twice"
            outbox[row.effect_id] = row
        for effect_id in batch.outbox_settled:
            outbox.pop(effect_id, None)
        sealed = seal_all(batch, self._head, self._urandom)
        frontier, nodes = grow(self._frontier, [entry.hash for entry in sealed])
        pruned = batch.pruned
        assert pruned is None or self._entries[pruned.through - 1].hash == pruned.hash, "the store holds something else"
        # Nothing below can fail: all of the batch, or, above, none of it.
        self._outbox = outbox
        self._entries.extend(sealed)
        self._subjects.extend(frozenset((record.subject, *record.refs)) for record in batch.records)
        self._frontier = frontier
        self._nodes.update(((node.height, node.place), node.hash) for node in nodes)
        self._cases.update((case.case_id, case) for case in batch.cases)
        for case_id in batch.cases_gone:
            self._cases.pop(case_id, None)
        for state in last_rows(batch):
            if state.body is None:
                self._state.pop((state.table, state.key), None)
            else:
                self._state[state.table, state.key] = state
        if batch.checkpoint is not None:
            self._checkpoint_seq = batch.checkpoint.seq
        for seq in batch.erased:
            self._erase(seq)
        if pruned is not None:
            self._pruned = pruned
            self._nodes.update(zip(peak_places(pruned.through), pruned.peaks, strict=True))
        self._head = head_after(self._head, sealed)

    def _erase(self, seq: int) -> None:
        if 0 < seq <= len(self._entries):
            self._entries[seq - 1] = msgspec.structs.replace(self._entries[seq - 1], salt=None, payload=None)

    @property
    def _given_up_through(self) -> int:
        return 0 if self._pruned is None else self._pruned.through

    async def entries(
        self, *, after: int = 0, until: int | None = None, subject: str | None = None, kind: str | None = None
    ) -> AsyncIterator[Entry]:
        self._check_open()
        last = self._head.seq if until is None else min(until, self._head.seq)
        for index in range(max(after, self._given_up_through), last):
            entry = self._entries[index]
            if (subject is None or subject in self._subjects[index]) and (kind is None or entry.kind == kind):
                yield entry

    async def head(self) -> Head:
        return self._head

    async def frontier(self) -> Frontier:
        return self._frontier

    async def nodes(self, height: int, first: int, count: int) -> Sequence[bytes]:
        if height == 0:
            known = [entry.hash for entry in self._entries[max(first, self._given_up_through) : first + count]]
            if known or first >= self._given_up_through:
                return known
        found = (self._nodes.get((height, place)) for place in range(first, first + count))
        return [node for node in found if node is not None]

    async def pruned(self) -> Sealed | None:
        return self._pruned

    async def sweep(self, entries_max: int) -> int:
        self._check_usable()
        first, self._swept_through = self._swept_through, min(self._swept_through + entries_max, self._given_up_through)
        for seq in range(first + 1, self._swept_through + 1):
            self._erase(seq)
        return self._given_up_through - self._swept_through

    async def keep_note(self, note: SignedNote) -> None:
        self._check_usable()
        self._notes.setdefault(note.size, note)

    async def notes(self, *, after_size: int = 0) -> Sequence[SignedNote]:
        return [self._notes[size] for size in sorted(self._notes) if size > after_size][:NOTES_PAGE]

    async def newest_note(self) -> SignedNote | None:
        return self._notes[max(self._notes)] if self._notes else None

    async def cases(self, query: CaseQuery) -> Sequence[CaseRow]:
        check_query(query)
        self._check_open()
        found = [
            case
            for case in self._cases.values()
            if (case.is_open or not query.open_only)
            and query.site_id in (None, case.site_id)
            and query.case_type in (None, case.case_type)
        ]
        found.sort(key=lambda case: (case.opened_at, case.case_id), reverse=True)
        return found[: query.limit]

    async def case(self, case_id: str) -> CaseRow | None:
        self._check_open()
        return self._cases.get(case_id)

    async def close(self) -> None:
        self._is_open = False

    def crash(self) -> MemoryStore:
        """What the next start finds: the committed, in a store of its own. This one keeps nothing from now on."""
        survivor = MemoryStore(urandom=self._urandom)
        survivor._entries = list(self._entries)
        survivor._subjects = list(self._subjects)
        survivor._outbox = dict(self._outbox)
        survivor._cases = dict(self._cases)
        survivor._state = dict(self._state)
        survivor._checkpoint_seq = self._checkpoint_seq
        survivor._head = self._head
        survivor._frontier = self._frontier
        survivor._nodes = dict(self._nodes)
        survivor._notes = dict(self._notes)
        survivor._pruned = self._pruned
        survivor._swept_through = self._swept_through
        self._failure = "the process has crashed"
        return survivor

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise StoreError(f"nothing more is stored after a failed commit ({self._failure}); start arcd again")
        self._check_open()

    def _check_open(self) -> None:
        if not self._is_open:
            raise StoreError("the store is not open; open it before using it")
