"""The row a batch travels in: every byte string is found again where the row says."""

from __future__ import annotations

import json

from arcd.store import Batch, Checkpoint, Head, Sealed, StateRow
from arcd.store.chain import GENESIS_HASH
from arcd.store.packing import INSERT_BATCH, pack
from arcd.store.precondition import seal_all
from protocols.tlog.merkle import Frontier, Node, grow
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
        erased=[3, 1],
        cases_gone=["C0"],
    )
    sealed = seal_all(batch, BEFORE, counted_salts())
    frontier, nodes = grow(Frontier(size=6, peaks=(b"p" * 32, b"q" * 32)), [entry.hash for entry in sealed])
    row = pack(batch, sealed, BEFORE, 7, frontier, [*nodes, Node(8, 3, b"n" * 32)])
    first, entries, refs, hashes, seals, added, settled, cases, kept, gone, bodies, head, checkpoint = row[:13]
    peaks, kept_nodes, node_hashes, erased, cases_gone, *pruned = row[13:]

    def body(row: list[int]) -> bytes:
        return bodies[row[-2] : row[-2] + row[-1]]

    assert (first, head, checkpoint) == (7, 8, 7)
    assert [body(row[:-1]) for row in json.loads(entries)] == [b"first", b"second"]
    assert [row[-1] for row in json.loads(entries)] == ['["a","b"]', "[]"]
    assert (peaks, json.loads(kept_nodes), node_hashes) == (frontier.peaks[0], [[8, 3]], b"n" * 32)
    assert (json.loads(erased), json.loads(cases_gone), pruned) == ([3, 1], ["C0"], [None, None, None])
    assert json.loads(refs) == [[7, "a"], [7, "b"]]
    assert hashes == BEFORE.hash + sealed[0].hash + sealed[1].hash
    assert seals == b"".join(entry.commitment + (entry.salt or b"") for entry in sealed)
    assert [body(row) for row in json.loads(added)] == [effect("e1", 7).body]
    assert json.loads(settled) == ["e0"]
    assert [body(row) for row in json.loads(cases)] == [case("C1").body]
    assert [body(row) for row in json.loads(kept)] == [b"state"]
    assert json.loads(gone) == [["t", "l"]]


def test_the_row_is_as_wide_as_the_statement() -> None:
    row = pack(Batch(), [], Head(seq=0, hash=GENESIS_HASH, at=0), 0, Frontier(), [])
    assert len(row) == INSERT_BATCH.count("?")
    assert (row[0], row[3], row[11]) == (1, GENESIS_HASH, 0)


def test_what_is_given_up_leaves_the_roots_that_later_proofs_need() -> None:
    pruned = Sealed(through=5, hash=b"s" * 32, peaks=(b"4" * 32, b"1" * 32))
    row = pack(Batch(pruned=pruned), [], BEFORE, 5, Frontier(size=6, peaks=(b"p" * 32, b"q" * 32)), [])
    assert (json.loads(str(row[14])), row[15]) == ([[2, 0], [0, 4]], b"4" * 32 + b"1" * 32)
    assert row[-3:] == (5, b"s" * 32, b"4" * 32 + b"1" * 32)
