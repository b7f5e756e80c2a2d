"""A batch as one row of the view `batch`, so that one statement makes all of it durable.

One rule: one batch, one statement. sqlite3 gives the GIL up around every step and takes it back after; beside a busy
event loop each taking back waits a switch interval (5 ms). Measured with 500 records of 600 bytes and two refs beside
a spinning thread: executemany 76 records/s, multi-row VALUES 2,000, one statement 14,800; without it 34,000.

Texts and numbers travel as JSON arrays, which SQLite unfolds (json_each). Bytes travel in long blobs, cut apart by
position: `hashes` (the previous hash, then one per entry), `seals` (commitment and salt per entry), `bodies` (all
payloads and bodies; the JSON rows hold offset and length), `peaks` and `node_hashes` (the Merkle tree's). Reading rows
back is `reading`'s.
"""

from __future__ import annotations

from typing import Final

import msgspec

from arcd.store import Batch, Entry, Head
from arcd.store.precondition import last_rows
from protocols.tlog.merkle import Frontier, Node, peak_places

# The columns of the view in schema_v3.sql, in its order.
INSERT_BATCH: Final = (
    "INSERT INTO batch (first_seq, entries, refs, hashes, seals, outbox_added, outbox_settled, cases, state_kept,"
    " state_gone, bodies, head_seq, checkpoint_seq, peaks, nodes, node_hashes, erased, cases_gone,"
    " pruned_through, pruned_hash, pruned_peaks)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

BatchRow = tuple[
    int, str, str, bytes, bytes, str, str, str, str, str, bytes, int, int, bytes, str, bytes, str, str,
    int | None, bytes | None, bytes | None,
]  # fmt: skip

_json = msgspec.json.Encoder()


class _Bodies:
    """Collects byte strings and says where each will stand."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._end = 0

    def add(self, body: bytes) -> tuple[int, int]:
        place = (self._end, len(body))
        self._parts.append(body)
        self._end += place[1]
        return place

    def joined(self) -> bytes:
        return b"".join(self._parts)


def pack(
    batch: Batch, sealed: list[Entry], before: Head, checkpoint_seq: int, frontier: Frontier, nodes: list[Node]
) -> BatchRow:
    """`frontier` is the tree's after the batch, `nodes` what is worth keeping of it (protocols.tlog.merkle.grow)."""
    bodies = _Bodies()
    entries: list[tuple[int, str, str, int, int, str | None]] = []
    refs: list[tuple[int, str]] = []
    hashes = [before.hash]
    seals: list[bytes] = []
    for record, entry in zip(batch.records, sealed, strict=True):
        entries.append((record.at, record.kind, record.subject, *bodies.add(record.payload), entry.refs))
        refs.extend([(record.seq, ref) for ref in record.refs])
        hashes.append(entry.hash)
        assert entry.salt is not None
        seals.append(entry.commitment)
        seals.append(entry.salt)
    rows = last_rows(batch)
    pruned = batch.pruned
    if pruned is not None:  # later proofs need the roots of what goes
        places = peak_places(pruned.through)
        nodes = [*nodes, *(Node(*place, peak) for place, peak in zip(places, pruned.peaks, strict=True))]
    return (
        before.seq + 1,
        _text(entries),
        _text(refs),
        b"".join(hashes),
        b"".join(seals),
        _text([(row.effect_id, row.seq, *bodies.add(row.body)) for row in batch.outbox_added]),
        _text(list(batch.outbox_settled)),
        _text(_case_columns(batch, bodies)),
        _text([(row.table, row.key, *bodies.add(row.body)) for row in rows if row.body is not None]),
        _text([(row.table, row.key) for row in rows if row.body is None]),
        bodies.joined(),
        before.seq + len(sealed),
        checkpoint_seq,
        b"".join(frontier.peaks),
        _text([(node.height, node.place) for node in nodes]),
        b"".join([node.hash for node in nodes]),
        _text(list(batch.erased)),
        _text(list(batch.cases_gone)),
        None if pruned is None else pruned.through,
        None if pruned is None else pruned.hash,
        None if pruned is None else b"".join(pruned.peaks),
    )


def _case_columns(batch: Batch, bodies: _Bodies) -> list[tuple[object, ...]]:
    return [
        (
            case.case_id,
            case.case_type,
            case.site_id,
            case.state,
            case.priority,
            int(case.is_open),
            case.opened_at,
            case.closed_at,
            *bodies.add(case.body),
        )
        for case in batch.cases
    ]


def _text(rows: object) -> str:
    return _json.encode(rows).decode()
