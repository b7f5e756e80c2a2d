"""Proofs read from a store, across kept subtrees and what has been given up."""

from __future__ import annotations

import pytest

from arcd.store import Batch, Checkpoint, Sealed
from arcd.store.memory import MemoryStore
from arcd.store.tree import UnprovableError, consistency_proof, inclusion_proof, root_at
from protocols.tlog.merkle import EMPTY_ROOT, Frontier, grow, root, verify_consistency, verify_inclusion
from tests.arcd.store.journal import all_entries, counted_salts, records

COUNT = 700


@pytest.fixture
async def store() -> MemoryStore:
    store = MemoryStore(urandom=counted_salts())
    await store.open()
    for first in range(1, COUNT, 100):
        await store.commit(records(first, first + 99))
    return store


async def roots(store: MemoryStore) -> list[bytes]:
    """The root over the first 0, 1, 2, … entries."""
    frontier, found = Frontier(), [EMPTY_ROOT]
    for entry in await all_entries(store):
        frontier, _ = grow(frontier, [entry.hash])
        found.append(root(frontier))
    return found


async def test_every_size_has_its_root_and_every_entry_its_proof(store: MemoryStore) -> None:
    known, entries = await roots(store), await all_entries(store)
    for size in (0, 1, 2, 255, 256, 257, 511, 512, 513, COUNT):
        assert await root_at(store, size) == known[size]
        for seq in {1, size // 2 + 1, size} if size else ():
            proof = await inclusion_proof(store, seq, size)
            assert verify_inclusion(entries[seq - 1].hash, seq - 1, size, proof, known[size])
        if size:
            proof = await consistency_proof(store, size, COUNT)
            assert verify_consistency(size, COUNT, known[size], known[COUNT], proof)


@pytest.mark.parametrize("through", [1, 5, 255, 256, 300, 513])
async def test_what_is_given_up_leaves_the_rest_provable(store: MemoryStore, through: int) -> None:
    known, entries = await roots(store), await all_entries(store)
    frontier, _ = grow(Frontier(), [entry.hash for entry in entries[:through]])
    sealed = Sealed(through=through, hash=entries[through - 1].hash, peaks=frontier.peaks)
    await store.commit(Batch(checkpoint=Checkpoint(seq=COUNT, rows=[]), pruned=sealed))
    for seq in (through + 1, through + 2, 600, COUNT):
        proof = await inclusion_proof(store, seq, COUNT)
        assert verify_inclusion(entries[seq - 1].hash, seq - 1, COUNT, proof, known[COUNT])
    assert verify_consistency(
        through, COUNT, known[through], known[COUNT], await consistency_proof(store, through, COUNT)
    )
    if through == 300:
        with pytest.raises(UnprovableError, match="entry 300 was given up"):
            await inclusion_proof(store, 299, COUNT)
