"""The Merkle tree over a log's entries (RFC 9162, section 2.1): growing it, its root, and proofs about it.

One rule: leaves are hashed already (0x00 ‖ entry, section 2.1.1); here only nodes are made (0x01 ‖ left ‖ right).

A growing tree needs only its frontier: the roots of the complete subtrees that its size is the sum of, largest first,
at most 63 of them. Proofs name ranges of leaves (`inclusion_ranges`, `consistency_ranges`); whoever has the tree
gives the hash of each. Checking a proof needs nothing but the proof (sections 2.1.3.2 and 2.1.4.2).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()  # section 2.1.1: the hash of an empty list
SIZE_MAX: Final = (1 << 63) - 1
# A subtree of 256, 65,536, … leaves is worth keeping: a proof then reads some hundred hashes and not the whole log.
# C2SP tlog-tiles cuts its trees the same way.
TILE_HEIGHT: Final = 8

_SHA256: Final = hashlib.sha256()
_NODE: Final = b"\x01"

Range = tuple[int, int]  # leaves [first, end)


class Node(Struct, frozen=True):
    """The root of a complete subtree: the leaves from `place` * 2**`height` on."""

    height: int
    place: int
    hash: bytes


class Frontier(Struct, frozen=True, kw_only=True):
    """A tree as far as it is needed for growing: its size and the roots of its complete subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()


def node_hash(left: bytes, right: bytes) -> bytes:
    node = _SHA256.copy()
    node.update(_NODE + left + right)
    return node.digest()


def grow(frontier: Frontier, leaves: Iterable[bytes]) -> tuple[Frontier, list[Node]]:
    """The tree with these leaves appended, and the subtrees worth keeping that they completed."""
    peaks = list(frontier.peaks)
    size = frontier.size
    kept: list[Node] = []
    sha256 = _SHA256.copy
    for leaf in leaves:
        node, place, height = leaf, size, 0
        while place & 1:
            digest = sha256()
            digest.update(_NODE + peaks.pop() + node)
            node = digest.digest()
            place >>= 1
            height += 1
            if height % TILE_HEIGHT == 0:
                kept.append(Node(height, place, node))
        peaks.append(node)
        size += 1
    return Frontier(size=size, peaks=tuple(peaks)), kept


def joined(left: Frontier, right: Frontier) -> Frontier:
    """The tree of the left one's leaves and then the right one's. The left size is a multiple of a power of two that is
    no smaller than the right one, so that the right tree's complete subtrees are subtrees of the whole."""
    peaks = list(left.peaks)
    size = left.size
    for (height, _), peak in zip(peak_places(right.size), right.peaks, strict=True):
        assert size % (1 << height) == 0, f"{right.size} leaves cannot follow {left.size} as they are"
        node, place = peak, size >> height
        while place & 1:
            node = node_hash(peaks.pop(), node)
            place >>= 1
        peaks.append(node)
        size += 1 << height
    return Frontier(size=size, peaks=tuple(peaks))


def root(frontier: Frontier) -> bytes:
    return fold(frontier.peaks) if frontier.peaks else EMPTY_ROOT


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbouring subtrees, largest first: the smaller ones join first (section 2.1.1)."""
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = node_hash(left, folded)
    return folded


def peak_places(size: int) -> list[tuple[int, int]]:
    """(height, place) of the complete subtrees a tree of `size` leaves is made of: whose roots a frontier holds."""
    return complete_subtrees(0, size)


def complete_subtrees(first: int, end: int) -> list[tuple[int, int]]:
    """(height, place) of the complete subtrees that leaves [first, end) are made of.

    For ranges that appear in proofs: `first` is a multiple of a power of two no smaller than the range's own.
    """
    found = []
    while first < end:
        height = (end - first).bit_length() - 1
        assert first % (1 << height) == 0, f"[{first}, {end}) is no range of a proof"
        found.append((height, first >> height))
        first += 1 << height
    return found


# ------------------------------------------------------------------------------------------------------------- proofs


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose roots prove leaf `index` (from 0) of a tree of `size` leaves (section 2.1.3.1)."""
    assert 0 <= index < size <= SIZE_MAX, f"leaf {index} of {size}"
    ranges: list[Range] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first = middle
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The subtrees whose roots prove that a tree of `new` leaves begins with the tree of `old` (section 2.1.4.1)."""
    assert 0 < old <= new <= SIZE_MAX, f"a tree of {old} leaves in one of {new}"
    ranges: list[Range] = []
    first, end = 0, new
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((first, middle))
            first = middle
    if first > 0:  # else the old tree is itself a subtree of the new one, and the verifier has its root
        ranges.append((first, end))
    return ranges[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    place, last, folded = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            folded = node_hash(step, folded)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            folded = node_hash(folded, step)
        place >>= 1
        last >>= 1
    return last == 0 and folded == tree_root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Section 2.1.4.2. The empty tree is the beginning of every tree, and its proof is empty."""
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place >>= 1
        last >>= 1
    from_old = from_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            from_old, from_new = node_hash(step, from_old), node_hash(step, from_new)
            while not place & 1 and place:
                place >>= 1
                last >>= 1
        else:
            from_new = node_hash(from_new, step)
        place >>= 1
        last >>= 1
    return last == 0 and from_old == old_root and from_new == new_root


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (section 2.1.1)."""
    return 1 << (count - 1).bit_length() - 1
