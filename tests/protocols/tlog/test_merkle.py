"""The tree of RFC 9162 against known answers, against its own definition, and against whoever lies about it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.tlog.merkle import (
    EMPTY_ROOT,
    TILE_HEIGHT,
    Frontier,
    complete_subtrees,
    consistency_ranges,
    fold,
    grow,
    inclusion_ranges,
    joined,
    node_hash,
    peak_places,
    root,
    verify_consistency,
    verify_inclusion,
)

# The eight leaves and the answers that implementations of Certificate Transparency test themselves with
# (google/certificate-transparency, merkletree tests; the proofs are those of RFC 6962's worked example sizes).
DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


LEAVES = [leaf(bytes.fromhex(data)) for data in DATA]


def defined_root(leaves: Sequence[bytes]) -> bytes:
    """Section 2.1.1 word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + defined_root(leaves[:split]) + defined_root(leaves[split:])).digest()


def proof(leaves: Sequence[bytes], ranges: list[tuple[int, int]]) -> list[bytes]:
    return [defined_root(leaves[first:end]) for first, end in ranges]


@pytest.mark.parametrize("size", range(9))
def test_known_roots(size: int) -> None:
    frontier, _ = grow(Frontier(), LEAVES[:size])
    assert root(frontier).hex() == (ROOTS[size - 1] if size else hashlib.sha256(b"").hexdigest())
    assert frontier.size == size


@pytest.mark.parametrize("place", INCLUSION)
def test_known_inclusion_proofs(place: tuple[int, int]) -> None:
    index, size = place
    made = proof(LEAVES[:size], inclusion_ranges(index, size))
    assert [each.hex() for each in made] == INCLUSION[place]
    assert verify_inclusion(LEAVES[index], index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize("sizes", CONSISTENCY)
def test_known_consistency_proofs(sizes: tuple[int, int]) -> None:
    old, new = sizes
    made = proof(LEAVES[:new], consistency_ranges(old, new))
    assert [each.hex() for each in made] == CONSISTENCY[sizes]
    assert verify_consistency(old, new, bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1]), made)


MANY = [leaf(b"%d" % index) for index in range(600)]


@given(st.integers(0, 600), st.integers(0, 600))
def test_growing_in_portions_is_growing_at_once_and_gives_the_defined_root(one: int, other: int) -> None:
    small, large = sorted((one, other))
    grown, _ = grow(Frontier(), MANY[:small])
    grown, _ = grow(grown, MANY[small:large])
    assert grown == grow(Frontier(), MANY[:large])[0]
    assert root(grown) == defined_root(MANY[:large])
    assert len(grown.peaks) == len(peak_places(large)) == large.bit_count()


def test_the_subtrees_worth_keeping_are_named_as_they_are_completed() -> None:
    _, kept = grow(Frontier(), MANY)
    width = 1 << TILE_HEIGHT
    assert [(node.height, node.place) for node in kept] == [(TILE_HEIGHT, 0), (TILE_HEIGHT, 1)]
    assert [node.hash for node in kept] == [defined_root(MANY[:width]), defined_root(MANY[width : 2 * width])]
    _, large = grow(Frontier(), [bytes(32)] * (1 << 16))
    assert [(node.height, node.place) for node in large[-2:]] == [(8, 255), (16, 0)]


@given(st.data())
def test_every_leaf_is_provable_and_no_other_leaf_index_root_or_proof_passes(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 80))
    index = data.draw(st.integers(0, size - 1))
    tree_root = defined_root(MANY[:size])
    made = proof(MANY[:size], inclusion_ranges(index, size))
    assert verify_inclusion(MANY[index], index, size, made, tree_root)
    assert not verify_inclusion(bytes(32), index, size, made, tree_root)
    assert not verify_inclusion(MANY[index], index, size, made, bytes(32))
    assert not verify_inclusion(MANY[index], index, size, [*made, bytes(32)], tree_root)
    assert not made or not verify_inclusion(MANY[index], index, size, made[:-1], tree_root)
    other = data.draw(st.integers(0, 2 * size))
    if other != index:
        assert not verify_inclusion(MANY[index], other, size, made, tree_root)


@given(st.data())
def test_every_beginning_is_provable_and_no_other_is(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 80))
    old = data.draw(st.integers(1, new))
    roots = defined_root(MANY[:old]), defined_root(MANY[:new])
    made = proof(MANY[:new], consistency_ranges(old, new))
    assert verify_consistency(old, new, *roots, made)
    assert not verify_consistency(old, new, bytes(32), roots[1], made)
    assert not verify_consistency(old, new, roots[0], bytes(32), made)
    assert not verify_consistency(old, new, *roots, [*made, bytes(32)])
    assert not made or not verify_consistency(old, new, *roots, made[:-1])
    assert old == new or not verify_consistency(new, old, *roots, made)


def test_the_empty_tree_begins_every_tree_and_nothing_else_is_empty() -> None:
    assert verify_consistency(0, 5, EMPTY_ROOT, defined_root(MANY[:5]), [])
    assert not verify_consistency(0, 5, bytes(32), defined_root(MANY[:5]), [])
    assert not verify_consistency(-1, 5, EMPTY_ROOT, bytes(32), [])


def test_a_range_is_cut_into_complete_subtrees() -> None:
    assert complete_subtrees(0, 7) == [(2, 0), (1, 2), (0, 6)]
    assert complete_subtrees(4, 7) == [(1, 2), (0, 6)]
    with pytest.raises(AssertionError, match="no range of a proof"):
        complete_subtrees(1, 5)


def test_smaller_subtrees_join_first() -> None:
    a, b, c = MANY[:3]
    assert fold([a, b, c]) == node_hash(a, node_hash(b, c))


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_what_is_outside_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(AssertionError):
        inclusion_ranges(index, size)


@given(st.integers(0, 9), st.integers(0, 16))
def test_a_tree_made_of_two_is_the_one_made_of_all_leaves(whole: int, rest: int) -> None:
    """Ranges of 16 leaves, and a last one that need not be whole."""
    leaves = [bytes([number]) * 32 for number in range(16 * whole + rest)]
    tree = Frontier()
    for first in range(0, len(leaves), 16):
        tree = joined(tree, grow(Frontier(), leaves[first : first + 16])[0])
    assert tree == grow(Frontier(), leaves)[0]


def test_trees_that_do_not_fit_are_not_joined() -> None:
    with pytest.raises(AssertionError, match="cannot follow"):
        joined(grow(Frontier(), [bytes(32)] * 3)[0], grow(Frontier(), [bytes(32)] * 2)[0])
