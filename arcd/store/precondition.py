"""What must hold of a batch or a query before any store touches it, and the sealing that every store does alike.

One rule: everything here is checked before the first byte is written, so a violation leaves the store as it was. A
batch that breaks a condition is a broken invariant of the caller: an assertion, not an error for the administrator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from arcd.store import Batch, CaseQuery, Entry, Head, StateRow
from arcd.store.chain import SALT_BYTES, TEXT_BYTES_MAX, seal

# More than one transaction ever gathers: at 10,000 records/s it is six seconds' worth.
BATCH_RECORDS_MAX: Final = 65_536
ERASED_MAX: Final = 20_000  # payloads erased in one transaction: commits wait meanwhile
CASES_MAX: Final = 10_000  # one answer to `cases`; more is a report, to be made from the journal


def is_empty(batch: Batch) -> bool:
    return not (
        batch.records
        or batch.outbox_added
        or batch.outbox_settled
        or batch.cases
        or batch.checkpoint is not None
        or batch.erased
        or batch.cases_gone
        or batch.pruned is not None
    )


def check_batch(batch: Batch, head: Head, checkpoint_seq: int, pruned_through: int = 0) -> None:
    assert len(batch.records) <= BATCH_RECORDS_MAX, f"a batch has at most {BATCH_RECORDS_MAX} records"
    seq = head.seq
    for record in batch.records:
        seq += 1
        assert record.seq == seq, f"record {record.seq} where {seq} comes next"
        check_text(record.kind)
        check_text(record.subject)
        for ref in record.refs:
            check_text(ref)
    for row in batch.outbox_added:
        check_text(row.effect_id)
    for case in batch.cases:
        check_text(case.case_id)
    if batch.checkpoint is not None:
        at = batch.checkpoint.seq
        assert checkpoint_seq <= at <= seq, f"a checkpoint as of {at} with the last one at {checkpoint_seq}, head {seq}"
        checkpoint_seq = at
    assert len(batch.erased) <= ERASED_MAX, f"a batch erases at most {ERASED_MAX} payloads"
    if batch.erased:
        last = max(batch.erased)
        assert last <= checkpoint_seq, f"entry {last} is erased, and a restart reads on from {checkpoint_seq}"
    if batch.pruned is not None:
        at = batch.pruned.through
        assert pruned_through < at <= min(checkpoint_seq, head.seq), f"given up to {at}, to {pruned_through} before"


def check_text(text: str) -> None:
    # SQLite's JSON functions end a text at NUL; the chain gives two bytes for a length, UTF-8 up to four a character.
    assert text, "an id or kind is never empty"
    assert "\0" not in text, "an id or kind contains NUL"
    assert len(text) <= TEXT_BYTES_MAX // 4, f"an id or kind of {len(text)} characters"


def check_query(query: CaseQuery) -> None:
    if not 0 < query.limit <= CASES_MAX:
        raise ValueError(f"limit is {query.limit}; ask for 1 to {CASES_MAX} cases")


def seal_all(batch: Batch, head: Head, urandom: Callable[[int], bytes]) -> list[Entry]:
    """The batch's records chained to `head`, each under a fresh salt. One draw: a system call a record costs 0.5 µs."""
    salts = urandom(SALT_BYTES * len(batch.records))
    sealed: list[Entry] = []
    previous = head.hash
    for index, record in enumerate(batch.records):
        entry = seal(previous, record, salts[index * SALT_BYTES : (index + 1) * SALT_BYTES])
        sealed.append(entry)
        previous = entry.hash
    return sealed


def head_after(head: Head, sealed: list[Entry]) -> Head:
    return Head(seq=sealed[-1].seq, hash=sealed[-1].hash, at=sealed[-1].at) if sealed else head


def last_rows(batch: Batch) -> list[StateRow]:
    """The checkpoint's rows, each key once: what is said last of a key holds."""
    if batch.checkpoint is None:
        return []
    return list({(row.table, row.key): row for row in batch.checkpoint.rows}.values())
