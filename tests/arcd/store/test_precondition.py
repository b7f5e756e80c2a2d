"""Sealing as both stores do it. What is refused, and that it leaves a store usable, is in tests/conformance."""

from __future__ import annotations

import pytest

from arcd.store import Batch, Checkpoint, Head, StateRow
from arcd.store.chain import GENESIS_HASH
from arcd.store.precondition import check_batch, check_text, head_after, is_empty, last_rows, seal_all
from tests.arcd.store.journal import START, counted_salts, effect, record, records

EMPTY = Head(seq=0, hash=GENESIS_HASH, at=0)


def test_sealed_in_one_draw_or_several_is_the_same_chain() -> None:
    salts = counted_salts()
    together = seal_all(records(1, 4), EMPTY, salts)
    salts = counted_salts()
    first = seal_all(records(1, 3), EMPTY, salts)
    apart = first + seal_all(records(4, 4), head_after(EMPTY, first), salts)
    assert together == apart
    assert head_after(EMPTY, together) == Head(seq=4, hash=together[-1].hash, at=START + 4)
    assert head_after(EMPTY, []) == EMPTY


def test_only_nothing_at_all_is_empty() -> None:
    assert is_empty(Batch())
    assert not is_empty(Batch(checkpoint=Checkpoint(seq=0, rows=[])))
    assert not is_empty(Batch(outbox_settled=["e1"]))
    assert not is_empty(Batch(outbox_added=[effect("e1", 1)]))


def test_of_a_key_named_twice_the_last_row_holds() -> None:
    rows = [StateRow(table="t", key="k", body=b"1"), StateRow(table="u", key="k", body=b"2")]
    gone = StateRow(table="t", key="k", body=None)
    assert last_rows(Batch(checkpoint=Checkpoint(seq=0, rows=[*rows, gone]))) == [gone, rows[1]]
    assert last_rows(Batch()) == []


def test_a_checkpoint_never_goes_back() -> None:
    batch = Batch(records=[record(1)], checkpoint=Checkpoint(seq=1, rows=[]))
    check_batch(batch, EMPTY, 0)
    check_batch(batch, EMPTY, 1)
    with pytest.raises(AssertionError, match="as of 1 with the last one at 2"):
        check_batch(batch, EMPTY, 2)


def test_the_longest_id_fits_whatever_it_is_made_of() -> None:
    check_text("😀" * 16_383)
    with pytest.raises(AssertionError):
        check_text("a" * 16_384)
