"""Checkpoints: three lines, read strictly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.tlog.checkpoint import TreeHead, decode_tree_head
from protocols.tlog.note import NoteError

# The example of C2SP tlog-checkpoint.
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_published_example() -> None:
    head = decode_tree_head(EXAMPLE)
    assert (head.origin, head.size) == ("example.com/behind-the-sofa", 20852163)
    assert head.text() == EXAMPLE


def test_extensions_are_no_matter() -> None:
    assert decode_tree_head(EXAMPLE + "more\n") == decode_tree_head(EXAMPLE)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(size: int, root: bytes) -> None:
    head = TreeHead(origin="o", size=size, root=root)
    assert decode_tree_head(head.text()) == head


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (EXAMPLE, "", "each in a line"),
        ("=\n", "=", "each in a line"),
        ("example.com/behind-the-sofa", "", "each in a line"),
        ("20852163", "020852163", "without leading zeros"),
        ("20852163", "-1", "without leading zeros"),
        ("20852163", "٣", "without leading zeros"),
        ("20852163", "9" * 19, "too large"),
        ("CsUY", "Cs?Y", "not base64"),
        ("CsUY", "", "has 32 bytes"),
    ],
)
def test_what_is_no_checkpoint(old: str, new: str, said: str) -> None:
    with pytest.raises(NoteError, match=said):
        decode_tree_head(EXAMPLE.replace(old, new))
