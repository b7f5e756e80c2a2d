"""Checkpoints: how large a log is and the root of its tree, in three lines (C2SP tlog-checkpoint, v1.0.0).

    ORIGIN
    tree size, decimal without leading zeros
    base64(root)

One rule: the lines are the whole truth; further lines (extensions) are kept as they are and mean nothing here.
"""

from __future__ import annotations

import base64

from msgspec import Struct

from protocols.tlog.merkle import HASH_BYTES, SIZE_MAX
from protocols.tlog.note import NoteError


class TreeHead(Struct, frozen=True, kw_only=True):
    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def decode_tree_head(text: str) -> TreeHead:
    """The text of a note as a checkpoint. NoteError when it is none."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not lines[0]:
        raise NoteError("a checkpoint has an origin, a size and a root, each in a line")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")) or len(size) > 19:
        raise NoteError("the size of a checkpoint is a number without leading zeros")
    if int(size) > SIZE_MAX:
        raise NoteError("the size of a checkpoint is too large")
    try:
        value = base64.b64decode(root, validate=True)
    except ValueError:
        raise NoteError("the root of a checkpoint is not base64") from None
    if len(value) != HASH_BYTES:
        raise NoteError(f"the root of a checkpoint has {HASH_BYTES} bytes")
    return TreeHead(origin=origin, size=int(size), root=value)
