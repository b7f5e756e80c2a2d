"""The entries of a journal file in pages, and the tight loop over those that are as they should be.

One rule: here is only said how far entries are sound. What is wrong with the first one that is not, and whether that is
a finding at all, is `verify`'s to say, which looks at it closely.
"""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from arcd.store.chain import (
    ENCODING_VERSION,
    INNER_KEY,
    INNER_REST,
    OUTER_KEY,
    OUTER_REST,
    SALT_BYTES,
    fresh_sha256,
)
from arcd.store.evidence import KEY_CHANGED, SEALED

PAGE: Final = 500  # entries read per look at the file; each look is a snapshot, so the daemon's log is not held up
NO_REFS: Final = b"[]"
TELLING: Final = {kind.encode(): kind for kind in (KEY_CHANGED, SEALED)}
"""Kinds that say something about keys and segments: never passed over, however sound."""

# `arcd.store.chain` in one piece: the leaf's prefix, version 2, seq, at, previous hash, commitment, length of kind.
_LEAF: Final = struct.Struct(">BBQq32s32sH")
_LENGTH: Final = struct.Struct(">H")
_REFS_LENGTH: Final = struct.Struct(">I")
_HASH_BYTES: Final = 32

_ENTRIES: Final = (
    "SELECT seq, at, kind, subject, commitment, previous_hash, hash, {refs} FROM entry"
    " WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
)
_PAYLOADS: Final = "SELECT seq, salt, body FROM payload WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
_JOINED: Final = (
    "SELECT e.seq, salt, body FROM entry AS e LEFT JOIN payload AS p ON p.seq = e.seq"
    " WHERE e.seq > ? AND e.seq <= ? ORDER BY e.seq LIMIT ?"
)

# A hand that changed the file may have changed its types.
Row = tuple[Any, ...]


class Page(Struct, frozen=True):
    """`payloads[i]` is of `entries[i]`: (seq, salt, body), both None where it was erased."""

    entries: list[Row]
    payloads: list[Row]
    has_orphans: bool  # there are payloads in its range of numbers that belong to no entry


class Sound(Struct, frozen=True):
    leaves: list[bytes]  # the entries' hashes
    erased: int
    refs: int  # rows that the index must have for them, if no ref is the subject itself


def pages(connection: sqlite3.Connection, first: int, until: int, refs: str) -> Iterator[Page]:
    """The entries behind `first` in order. The last page's range reaches to `until`, past a tail that is missing.

    `refs`: what to select of an entry for its refs. Texts come as the connection's `text_factory` makes them: bytes.
    """
    after = first
    question = _ENTRIES.format(refs=refs)
    while True:
        entries = connection.execute(question, (after, until, PAGE)).fetchall()
        end = entries[-1][0] if len(entries) == PAGE else until
        payloads = connection.execute(_PAYLOADS, (after, end, len(entries) + 1)).fetchall()
        has_orphans = False
        if [row[0] for row in payloads] != [row[0] for row in entries]:
            payloads = connection.execute(_JOINED, (after, end, len(entries))).fetchall()
            [there] = connection.execute(
                "SELECT count(*) FROM payload WHERE seq > ? AND seq <= ?", (after, end)
            ).fetchone()
            has_orphans = there != sum(body is not None for _, _, body in payloads)
        yield Page(entries, payloads, has_orphans)
        if len(entries) < PAGE:
            return
        after = end


def sound(page: Page, begin: int, last_seq: int, last_hash: bytes) -> Sound:
    """How far the page's entries from its `begin`-th on follow `last_seq` and `last_hash`, and are what they say.

    With as few steps as possible: it runs a billion times in the life of a journal.
    """
    leaves: list[bytes] = []
    refs_count = erased = 0
    fresh, pack_leaf, pack_length, pack_refs_length = fresh_sha256, _LEAF.pack, _LENGTH.pack, _REFS_LENGTH.pack
    inner_key, inner_rest, outer_key, outer_rest = INNER_KEY, INNER_REST, OUTER_KEY, OUTER_REST
    telling, no_refs = TELLING, NO_REFS
    # Whatever is of another type than an entry has, is found out by what is done with it.
    with contextlib.suppress(TypeError, AttributeError, struct.error):
        for entry, payload in zip(page.entries[begin:], page.payloads[begin:], strict=True):
            seq, at, kind, subject, committed, previous_hash, own_hash, refs = entry
            _, salt, body = payload
            if salt is body is None:
                if len(committed) != _HASH_BYTES:  # "32s" pads what is too short
                    break
                is_erased, code = 1, committed
            else:
                inner = fresh()
                inner.update(salt.translate(inner_key) + inner_rest + body)
                outer = fresh()
                outer.update(salt.translate(outer_key) + outer_rest + inner.digest())
                is_erased, code = 0, outer.digest()
                if code != committed or len(salt) != SALT_BYTES:
                    break
            leaf = fresh()
            leaf.update(
                pack_leaf(0, ENCODING_VERSION, seq, at, last_hash, code, len(kind))
                + kind
                + pack_length(len(subject))
                + subject
                + pack_refs_length(len(refs))
                + refs
            )
            digest = leaf.digest()
            if digest != own_hash or previous_hash != last_hash or seq != last_seq + 1 or kind in telling:
                break
            erased += is_erased
            refs_count += 1 if refs == no_refs else 2 + refs.count(b'","')
            leaves.append(digest)
            last_seq, last_hash = seq, digest
    return Sound(leaves, erased, refs_count)
