"""The store seam: what is committed together, and what a restart gets back.

One rule: when a commit has been awaited, the batch is on stable storage; when it raises, nothing of it is, and the
process must end without acknowledging anything. Two implementations ship (`sqlite`, `memory`); one conformance suite
runs both. The chain that both build is `arcd.store.chain`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Protocol

from msgspec import Struct

from protocols.tlog.merkle import Frontier

NOTES_PAGE = 1_000  # signed checkpoints in one answer


class Record(Struct, frozen=True, gc=False, kw_only=True):
    """One step of the machine: the fact, what was decided and the effects asked for, as one payload.

    `subject` is an opaque id ("site/K-1042", "case/C17", "centre"): no name, phone or code word may stand in it,
    because it is chained and cannot be erased. `refs` are further subjects under which people will look for the record;
    they are chained as well.
    """

    seq: int  # consecutive from 1, assigned by the runtime, checked by the store
    at: int  # ns since 1970 UTC
    kind: str  # the fact's type
    subject: str
    payload: bytes  # JSON
    refs: tuple[str, ...] = ()


class OutboxRow(Struct, frozen=True, kw_only=True):
    """A durable effect that has not been settled. `effect_id` is its idempotency key."""

    effect_id: str
    seq: int
    body: bytes  # JSON of the effect


class CaseRow(Struct, frozen=True, kw_only=True):
    """A case as it stood after a step: the projection that lists and searches are answered from."""

    case_id: str
    case_type: str
    site_id: str
    state: str
    priority: str
    is_open: bool
    opened_at: int
    closed_at: int | None
    body: bytes  # JSON of the case


class StateRow(Struct, frozen=True, kw_only=True):
    """One partition of the machine's state; `body` None means it is gone."""

    table: str
    key: str
    body: bytes | None


class Checkpoint(Struct, frozen=True, kw_only=True):
    """Everything that changed since the previous checkpoint, as of `seq`. Rows not named stay as they were."""

    seq: int
    rows: Sequence[StateRow]


class Sealed(Struct, frozen=True, kw_only=True):
    """Where a segment of the journal ends: enough to verify what follows, and to go on with the tree, without it."""

    through: int  # its last entry
    hash: bytes  # of that entry
    peaks: tuple[bytes, ...]  # of the tree over entries 1 … through (protocols.tlog.merkle.Frontier)


class Batch(Struct, frozen=True, kw_only=True):
    """What one transaction makes durable.

    `erased`: entries whose payload and salt go, none of them after the checkpoint (a restart needs those); the entry
    that says so is among the records. `cases_gone`: rows of `cases` that go with them. `pruned`: the entries up to here
    are given up, whole; this stands for them.
    """

    records: Sequence[Record] = ()
    outbox_added: Sequence[OutboxRow] = ()
    outbox_settled: Sequence[str] = ()
    cases: Sequence[CaseRow] = ()
    checkpoint: Checkpoint | None = None
    erased: Sequence[int] = ()
    cases_gone: Sequence[str] = ()
    pruned: Sealed | None = None


class Head(Struct, frozen=True, kw_only=True):
    """Where the chain stands: the last sequence number (0 for an empty journal), its hash and instant."""

    seq: int
    hash: bytes
    at: int


class Entry(Struct, frozen=True, gc=False, kw_only=True):
    """A journal entry as stored. `payload` is None where it has been erased; the chain verifies all the same."""

    seq: int
    at: int
    kind: str
    subject: str
    commitment: bytes  # HMAC-SHA-256(salt, payload)
    previous_hash: bytes
    hash: bytes
    salt: bytes | None
    payload: bytes | None
    refs: str | None  # JSON array, as chained; None: encoding version 1, which did not chain them


class SignedNote(Struct, frozen=True, kw_only=True):
    """A signed checkpoint as it was made: the C2SP note of the first `size` entries, and when."""

    size: int
    at: int
    text: str


class Restored(Struct, frozen=True, kw_only=True):
    """What a restart begins with: the newest checkpoint's rows; the tail is `entries(after=checkpoint_seq)`."""

    checkpoint_seq: int
    rows: Sequence[StateRow]
    outbox: Sequence[OutboxRow]
    head: Head


class StoreError(Exception):
    """The store cannot be used. The message is a sentence for the administrator: what is wrong and what to do."""


class GivenUpError(StoreError):
    """What comes of a failure that is told elsewhere: nothing more is committed, and whoever waits for it learns it."""


class CaseQuery(Struct, frozen=True, kw_only=True):
    open_only: bool = True
    site_id: str | None = None
    case_type: str | None = None
    limit: int = 200


class Store(Protocol):
    """Single writer. Everything else may be asked while commits are under way."""

    async def open(self) -> Restored:
        """Take the store for this process. StoreError: locked by another, unreadable, newer version, no disk."""
        ...

    def commit(self, batch: Batch) -> Coroutine[Any, Any, None]:
        """All of it, durably, or StoreError, which may come from the call already.

        The call hands the batch over, so that a store with a disk works while its caller goes on. What it returns is
        awaited in the order of the calls. After one that failed, none is stored.
        """
        ...

    @property
    def backlog(self) -> int:
        """Batches handed over that are not through: at this instant, not at the loop's last turn."""
        ...

    def entries(
        self, *, after: int = 0, until: int | None = None, subject: str | None = None, kind: str | None = None
    ) -> AsyncIterator[Entry]:
        """Committed entries in sequence order; `subject` matches the subject or any ref."""
        ...

    async def head(self) -> Head: ...

    async def frontier(self) -> Frontier:
        """The Merkle tree over the hashes of all entries from the first one on, pruned ones included."""
        ...

    async def nodes(self, height: int, first: int, count: int) -> Sequence[bytes]:
        """Roots of complete subtrees (protocols.tlog.merkle), as many of `count` from place `first` on as are kept.

        Height 0: hashes of entries, place 0 is entry 1. Other heights: multiples of TILE_HEIGHT, and what pruned
        entries left.
        """
        ...

    async def pruned(self) -> Sealed | None:
        """What stands for the entries that were given up."""
        ...

    async def sweep(self, entries_max: int) -> int:
        """Remove at most so many entries that were given up, and leftovers of erased payloads; how many are left."""
        ...

    async def keep_note(self, note: SignedNote) -> None:
        """Durably. A second one of the same size is not kept."""
        ...

    async def notes(self, *, after_size: int = 0) -> Sequence[SignedNote]:
        """By size, at most NOTES_PAGE of them."""
        ...

    async def newest_note(self) -> SignedNote | None: ...

    async def cases(self, query: CaseQuery) -> Sequence[CaseRow]:
        """Newest first."""
        ...

    async def case(self, case_id: str) -> CaseRow | None: ...

    async def close(self) -> None: ...
