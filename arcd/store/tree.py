"""Proofs about a journal's Merkle tree, read from the store: that an entry is in it, that it grew from an earlier one.

One rule: a proof is made of what is stored and costs some hundred hashes per level of 256, however long the journal is.
What has been given up is known by the roots that were left of it; where those do not reach, UnprovableError says so.
"""

from __future__ import annotations

from arcd.store import Store
from protocols.tlog.merkle import (
    EMPTY_ROOT,
    TILE_HEIGHT,
    Range,
    complete_subtrees,
    consistency_ranges,
    fold,
    inclusion_ranges,
    node_hash,
)


class UnprovableError(Exception):
    """The entries that the proof would need were given up."""


async def root_at(store: Store, size: int) -> bytes:
    """The root of the tree over the first `size` entries."""
    return await _range_root(store, (0, size)) if size else EMPTY_ROOT


async def inclusion_proof(store: Store, seq: int, size: int) -> list[bytes]:
    """That entry `seq` is one of the first `size` (RFC 9162 2.1.3)."""
    return [await _range_root(store, each) for each in inclusion_ranges(seq - 1, size)]


async def consistency_proof(store: Store, old: int, new: int) -> list[bytes]:
    """That the tree over the first `old` entries is the beginning of the one over `new` (RFC 9162 2.1.4)."""
    return [await _range_root(store, each) for each in consistency_ranges(old, new)]


async def _range_root(store: Store, leaves: Range) -> bytes:
    return fold([await _subtree_root(store, height, place) for height, place in complete_subtrees(*leaves)])


async def _subtree_root(store: Store, height: int, place: int) -> bytes:
    base = height - height % TILE_HEIGHT
    count = 1 << (height - base)
    found = await store.nodes(base, place * count, count)
    if len(found) != count:
        kept = await store.nodes(height, place, 1)
        if kept:
            return kept[0]
        if height == 0:
            raise UnprovableError(f"entry {place + 1} was given up; prove it from a checkpoint behind it")
        halves = [await _subtree_root(store, height - 1, 2 * place + side) for side in (0, 1)]
        return node_hash(*halves)
    level = list(found)
    while len(level) > 1:
        level = [node_hash(level[index], level[index + 1]) for index in range(0, len(level), 2)]
    return level[0]
