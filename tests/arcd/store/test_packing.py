"""The row a batch travels in: every byte string is found again where the row says."""

from __future__ import annotations

import json

from arcd.store import Batch, Checkpoint, Head, StateRow
from arcd.store.chain import GENESIS_HASH
from arcd.store.packing import INSERT_BATCH, pack
from arcd.store.precondition import seal_all
from tests.arcd.store.journal import case, counted_salts, effect, record

BEFORE = Head(seq=6, hash=b"h" * 32, at=0)


def test_every_body_stands_where_its_row_says() -> None:
    batch = Batch(
        records=[record(7, refs=["a", "b"], payload=b"first"), record(8, payload=b"second")],
        outbox_added=[effect("e1", 7)],
        outbox_settled=["e0"],
        cases=[case("C1")],
        checkpoint=Checkpoint(
            seq=7, rows=[StateRow(table="t", key="k", body=b"state"), StateRow(table="t", key="l", body=None)]
        ),
    )
    sealed = seal_all(batch, BEFORE, counted_salts())
    first, entries, refs, hashes, seals, added, settled, cases, kept, gone, bodies, head, checkpoint = pack(
        batch, sealed, BEFORE, 7
    )

    def body(row: list[int]) -> bytes:
        return bodies[row[-2] : row[-2] + row[-1]]

    assert (first, head, checkpoint) == (7, 8, 7)
    assert [body(row) for row in json.loads(entries)] == [b"first", b"second"]
    assert json.loads(refs) == [[7, "a"], [7, "b"]]
    assert hashes == BEFORE.hash + sealed[0].hash + sealed[1].hash
    assert seals == b"".join(entry.commitment + (entry.salt or b"") for entry in sealed)
    assert [body(row) for row in json.loads(added)] == [effect("e1", 7).body]
    assert json.loads(settled) == ["e0"]
    assert [body(row) for row in json.loads(cases)] == [case("C1").body]
    assert [body(row) for row in json.loads(kept)] == [b"state"]
    assert json.loads(gone) == [["t", "l"]]


def test_the_row_is_as_wide_as_the_statement() -> None:
    row = pack(Batch(), [], Head(seq=0, hash=GENESIS_HASH, at=0), 0)
    assert len(row) == INSERT_BATCH.count("?")
    assert (row[0], row[3], row[11]) == (1, GENESIS_HASH, 0)
