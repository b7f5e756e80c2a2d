"""The hash chain over journal entries: what is hashed, in which bytes, and in what order.

One rule: the bytes defined here never change. A new encoding is a new version byte beside this one, because journals
written today must verify in twenty years. tests/vectors/chain.json pins them.

    commitment = HMAC-SHA-256(salt, payload)              RFC 2104, FIPS 180-4
    encoded    = version ‖ seq ‖ at ‖ previous hash ‖ commitment ‖ len kind ‖ kind ‖ len subject ‖ subject
                 version 2 goes on: ‖ len refs ‖ refs
    hash       = SHA-256(0x00 ‖ encoded)                  RFC 9162 2.1.1: the entry is a Merkle leaf as it stands

Version 1 left `refs` outside: whoever wrote the file could hide an entry from a case's story without a trace. Version 2
binds them, as the JSON array that is stored. Which version an entry has is told by its refs: None is version 1.
The payload enters only through its commitment, so payload and salt can be erased and the chain still verifies. Storage
does not belong here.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

import msgspec

from arcd.store import Entry, Record

ENCODING_VERSION: Final = 2  # of what is written from now on
ENCODING_WITHOUT_REFS: Final = 1
GENESIS_HASH: Final = bytes(32)  # what the first entry names as its predecessor
SALT_BYTES: Final = 32  # as long as the digest: RFC 2104 section 3 asks for no less
TEXT_BYTES_MAX: Final = 0xFFFF  # the length fields of kind and subject are two bytes

# Big-endian: version, seq, at (signed), previous hash, commitment, length of kind.
_FIXED: Final = struct.Struct(">BQq32s32sH")
_LENGTH: Final = struct.Struct(">H")
_REFS_LENGTH: Final = struct.Struct(">I")
_NO_REFS: Final = "[]"
_LEAF: Final = b"\x00"

# HMAC written out: with a key of half a block it is two plain hashes, 2.2 µs a record where hmac.digest takes 4.8
# (OpenSSL 3.0 looks its algorithms up by name on every call; a copied context does not). The tests compare the two.
_SHA256: Final = hashlib.sha256()
fresh_sha256: Final = _SHA256.copy
INNER_KEY: Final = bytes(byte ^ 0x36 for byte in range(256))
OUTER_KEY: Final = bytes(byte ^ 0x5C for byte in range(256))
INNER_REST: Final = b"\x36" * (64 - SALT_BYTES)
OUTER_REST: Final = b"\x5c" * (64 - SALT_BYTES)


def encode_entry(
    *,
    seq: int,
    at: int,
    kind: str,
    subject: str,
    commitment: bytes,
    previous_hash: bytes,
    refs: str | None,
) -> bytes:
    """The canonical bytes. struct.error or UnicodeEncodeError if a value does not fit; nothing is cut to size."""
    return encode_columns(
        seq, at, kind.encode(), subject.encode(), commitment, previous_hash, None if refs is None else refs.encode()
    )


def encode_columns(
    seq: int, at: int, kind: bytes, subject: bytes, commitment: bytes, previous_hash: bytes, refs: bytes | None
) -> bytes:
    """`encode_entry` of texts that are UTF-8 already, as they lie in a file."""
    if refs is None:
        fixed = _FIXED.pack(ENCODING_WITHOUT_REFS, seq, at, previous_hash, commitment, len(kind))
        return fixed + kind + _LENGTH.pack(len(subject)) + subject
    fixed = _FIXED.pack(ENCODING_VERSION, seq, at, previous_hash, commitment, len(kind))
    return fixed + kind + _LENGTH.pack(len(subject)) + subject + _REFS_LENGTH.pack(len(refs)) + refs


def encode_refs(refs: tuple[str, ...]) -> str:
    """As they are chained and stored: a JSON array, in the order in which the step named them."""
    return msgspec.json.encode(refs).decode() if refs else _NO_REFS


def commitment(salt: bytes, payload: bytes) -> bytes:
    assert len(salt) == SALT_BYTES
    inner = fresh_sha256()
    inner.update(salt.translate(INNER_KEY) + INNER_REST + payload)
    outer = fresh_sha256()
    outer.update(salt.translate(OUTER_KEY) + OUTER_REST + inner.digest())
    return outer.digest()


def entry_hash(encoded: bytes) -> bytes:
    leaf = fresh_sha256()
    leaf.update(_LEAF + encoded)
    return leaf.digest()


def seal(previous_hash: bytes, record: Record, salt: bytes) -> Entry:
    """Chain `record` to the entry whose hash is `previous_hash`."""
    committed = commitment(salt, record.payload)
    refs = encode_refs(record.refs)
    encoded = encode_entry(
        seq=record.seq,
        at=record.at,
        kind=record.kind,
        subject=record.subject,
        commitment=committed,
        previous_hash=previous_hash,
        refs=refs,
    )
    return Entry(
        seq=record.seq,
        at=record.at,
        kind=record.kind,
        subject=record.subject,
        commitment=committed,
        previous_hash=previous_hash,
        hash=entry_hash(encoded),
        salt=salt,
        payload=record.payload,
        refs=refs,
    )
