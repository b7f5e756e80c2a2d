"""A store of every older version, written by the release that had it, is taken over whole."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from arcd.store import Head
from arcd.store.sqlite import SqliteStore
from arcd.store.tree import inclusion_proof, root_at
from arcd.store.verify import verify_file
from protocols.tlog.merkle import root, verify_inclusion
from tests.arcd.store.journal import START, all_entries, case, counted_salts, effect, records

VECTORS = Path(__file__).parents[2] / "vectors"
# Version 1: seven entries, the fifth erased; refs beside the chain; one effect, one case, a checkpoint at entry 2.
HEAD_V1 = "6b908eb4bb2d8fe57465491fa9aa4808ef61d995aee666268c043b7591dc868e"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(gzip.decompress((VECTORS / "store_v1.sqlite.gz").read_bytes()))
    return path


def test_a_copy_of_version_1_verifies_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    verdict = verify_file(path)
    assert (verdict.ok, verdict.entries, verdict.erased, verdict.head_hash) == (True, 7, 1, HEAD_V1)
    assert path.read_bytes() == before


async def test_version_1_is_taken_over_and_goes_on_in_version_2(path: Path) -> None:
    store = SqliteStore(path, urandom=counted_salts())
    restored = await store.open()
    assert restored.head == Head(seq=7, hash=bytes.fromhex(HEAD_V1), at=START + 7)
    assert (restored.checkpoint_seq, restored.outbox) == (2, [effect("e1", 1)])
    assert await store.case("C2") == case("C2")
    assert [entry.seq for entry in await all_entries(store, subject="case/C2")] == [2, 3]
    assert {entry.refs for entry in await all_entries(store)} == {None}
    await store.commit(records(8, 600))
    entries = await all_entries(store)
    assert [entry.refs for entry in entries[6:8]] == [None, "[]"]
    frontier = await store.frontier()
    assert (frontier.size, root(frontier)) == (600, await root_at(store, 600))
    for seq in (1, 7, 8, 600):
        proof = await inclusion_proof(store, seq, 600)
        assert verify_inclusion(entries[seq - 1].hash, seq - 1, 600, proof, root(frontier))
    await store.close()
    verdict = verify_file(path)
    assert (verdict.ok, verdict.entries, verdict.erased) == (True, 600, 1)
    assert verdict.root == root(frontier).hex()


async def test_taking_it_over_twice_changes_nothing_more(path: Path) -> None:
    heads = []
    for _ in range(2):
        store = SqliteStore(path)
        await store.open()
        heads.append(await store.frontier())
        await store.close()
    assert heads[0] == heads[1]
    assert heads[0].size == 7
