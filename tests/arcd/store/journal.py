"""Records, batches and whole stores as the tests of the store like them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from arcd.store import Batch, CaseRow, Checkpoint, Entry, OutboxRow, Record, Restored, Store
from arcd.store.erasures import ERASURE

START = 1_790_000_000_000_000_000


def counted_salts() -> Callable[[int], bytes]:
    """Salts that differ from each other and are the same in every run, drawn in whatever portions."""
    drawn = 0

    def draw(size: int) -> bytes:
        nonlocal drawn
        blocks = [hashlib.sha256(b"salt %d" % (drawn + index)).digest() for index in range(-(-size // 32))]
        drawn += len(blocks)
        return b"".join(blocks)[:size]

    return draw


def record(
    seq: int,
    *,
    kind: str = "signal_received",
    subject: str = "site/K-1",
    refs: Sequence[str] = (),
    payload: bytes = b"",
) -> Record:
    return Record(
        seq=seq,
        at=START + seq,
        kind=kind,
        subject=subject,
        payload=payload or b'{"seq":%d}' % seq,
        refs=tuple(refs),
    )


def records(first: int, last: int) -> Batch:
    return Batch(records=[record(seq) for seq in range(first, last + 1)])


def case(
    case_id: str, *, site_id: str = "K-1", is_open: bool = True, opened_at: int = START, state: str = "new"
) -> CaseRow:
    return CaseRow(
        case_id=case_id,
        case_type="alarm",
        site_id=site_id,
        state=state,
        priority="high",
        is_open=is_open,
        opened_at=opened_at,
        closed_at=None if is_open else opened_at + 1,
        body=b'{"case":"%s"}' % case_id.encode(),
    )


def effect(effect_id: str, seq: int) -> OutboxRow:
    return OutboxRow(effect_id=effect_id, seq=seq, body=b'{"effect":"%s"}' % effect_id.encode())


async def all_entries(
    store: Store, *, after: int = 0, until: int | None = None, subject: str | None = None, kind: str | None = None
) -> list[Entry]:
    return [entry async for entry in store.entries(after=after, until=until, subject=subject, kind=kind)]


def erasure(seq: int, seqs: Sequence[int]) -> Record:
    """The entry that says what its transaction erases."""
    said = {"effects": [{"effect": "erase_payloads", "seqs": seqs}]}
    return record(seq, kind=ERASURE, payload=msgspec.json.encode(said))


async def erase(store: Store, seqs: Sequence[int]) -> None:
    seq = (await store.head()).seq + 1
    await store.commit(Batch(records=[erasure(seq, seqs)], checkpoint=Checkpoint(seq=seq, rows=[]), erased=seqs))
    await store.sweep(1)


async def everything(store: Store, restored: Restored) -> tuple[object, ...]:
    """All that two stores can differ in."""
    return (
        restored.checkpoint_seq,
        list(restored.rows),
        list(restored.outbox),
        restored.head,
        await all_entries(store),
        await store.frontier(),
        await store.notes(),
        await store.pruned(),
    )
