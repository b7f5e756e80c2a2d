"""The hash chain over journal entries: what is hashed, in which bytes, and in what order.

One rule: the bytes defined here never change. A new encoding is a new version byte beside this one, because journals
written today must verify in twenty years. tests/vectors/chain.json pins them.

    commitment = HMAC-SHA-256(salt, payload)              RFC 2104, FIPS 180-4
    encoded    = version ‖ seq ‖ at ‖ previous hash ‖ commitment ‖ len kind ‖ kind ‖ len subject ‖ subject
    hash       = SHA-256(0x00 ‖ encoded)                  RFC 9162 2.1.1: the entry is a Merkle leaf as it stands

The payload enters only through its commitment, so payload and salt can be erased and the chain still verifies. `refs`
are not chained: they are a finding aid, and what they say stands in the payload. Storage does not belong here.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Final

from arcd.store import Entry, Record

ENCODING_VERSION: Final = 1
GENESIS_HASH: Final = bytes(32)  # what the first entry names as its predecessor
SALT_BYTES: Final = 32  # as long as the digest: RFC 2104 section 3 asks for no less
TEXT_BYTES_MAX: Final = 0xFFFF  # the length fields of kind and subject are two bytes

# Big-endian: version, seq, at (signed), previous hash, commitment, length of kind.
_FIXED: Final = struct.Struct(">BQq32s32sH")
_LENGTH: Final = struct.Struct(">H")
_LEAF: Final = b"\x00"

# HMAC written out: with a key of half a block it is two plain hashes, 2.2 µs a record where hmac.digest takes 4.8
# (OpenSSL 3.0 looks its algorithms up by name on every call; a copied context does not). The tests compare the two.
_SHA256: Final = hashlib.sha256()
_INNER_KEY: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER_KEY: Final = bytes(byte ^ 0x5C for byte in range(256))
_INNER_REST: Final = b"\x36" * (64 - SALT_BYTES)
_OUTER_REST: Final = b"\x5c" * (64 - SALT_BYTES)


def encode_entry(*, seq: int, at: int, kind: str, subject: str, commitment: bytes, previous_hash: bytes) -> bytes:
    """The canonical bytes. struct.error or UnicodeEncodeError if a value does not fit; nothing is cut to size."""
    kind_bytes = kind.encode()
    subject_bytes = subject.encode()
    return b"".join(
        (
            _FIXED.pack(ENCODING_VERSION, seq, at, previous_hash, commitment, len(kind_bytes)),
            kind_bytes,
            _LENGTH.pack(len(subject_bytes)),
            subject_bytes,
        )
    )


def commitment(salt: bytes, payload: bytes) -> bytes:
    assert len(salt) == SALT_BYTES
    inner = _SHA256.copy()
    inner.update(salt.translate(_INNER_KEY) + _INNER_REST + payload)
    outer = _SHA256.copy()
    outer.update(salt.translate(_OUTER_KEY) + _OUTER_REST + inner.digest())
    return outer.digest()


def entry_hash(encoded: bytes) -> bytes:
    leaf = _SHA256.copy()
    leaf.update(_LEAF + encoded)
    return leaf.digest()


def seal(previous_hash: bytes, record: Record, salt: bytes) -> Entry:
    """Chain `record` to the entry whose hash is `previous_hash`."""
    committed = commitment(salt, record.payload)
    encoded = encode_entry(
        seq=record.seq,
        at=record.at,
        kind=record.kind,
        subject=record.subject,
        commitment=committed,
        previous_hash=previous_hash,
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
    )
