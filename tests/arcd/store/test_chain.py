"""The bytes of the chain: pinned, unambiguous, and HMAC as everybody else computes it."""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arcd.store import Record
from arcd.store.chain import (
    ENCODING_VERSION,
    ENCODING_WITHOUT_REFS,
    GENESIS_HASH,
    SALT_BYTES,
    TEXT_BYTES_MAX,
    commitment,
    encode_entry,
    entry_hash,
    seal,
)

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "chain.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS["entries"], ids=lambda vector: vector["what"])
def test_golden_vectors(vector: dict[str, Any]) -> None:
    salt, payload, previous = (bytes.fromhex(vector[name]) for name in ("salt", "payload", "previous_hash"))
    encoded = encode_entry(
        seq=vector["seq"],
        at=vector["at"],
        kind=vector["kind"],
        subject=vector["subject"],
        commitment=commitment(salt, payload),
        previous_hash=previous,
        refs=vector["refs"],
    )
    assert encoded.hex() == vector["encoded"]
    assert commitment(salt, payload).hex() == vector["commitment"]
    assert entry_hash(encoded).hex() == vector["hash"]
    assert encoded[0] == (1 if vector["refs"] is None else 2)


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS["entries"] if vector["refs"] is not None],
    ids=lambda vector: vector["what"],
)
def test_what_is_written_from_now_on_is_version_2(vector: dict[str, Any]) -> None:
    salt, payload, previous = (bytes.fromhex(vector[name]) for name in ("salt", "payload", "previous_hash"))
    record = Record(
        seq=vector["seq"],
        at=vector["at"],
        kind=vector["kind"],
        subject=vector["subject"],
        payload=payload,
        refs=tuple(json.loads(vector["refs"])),
    )
    entry = seal(previous, record, salt)
    assert (entry.refs, entry.commitment.hex(), entry.hash.hex()) == (
        vector["refs"],
        vector["commitment"],
        vector["hash"],
    )
    assert (entry.salt, entry.payload, entry.previous_hash) == (salt, payload, previous)


def test_the_vectors_are_one_chain_from_the_genesis_hash() -> None:
    assert VECTORS["genesis"] == GENESIS_HASH.hex()
    hashes = [VECTORS["genesis"], *(vector["hash"] for vector in VECTORS["entries"])]
    assert [vector["previous_hash"] for vector in VECTORS["entries"]] == hashes[:-1]


@given(st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES), st.binary(max_size=300))
def test_the_commitment_is_hmac_sha_256(salt: bytes, payload: bytes) -> None:
    assert commitment(salt, payload) == hmac.digest(salt, payload, hashlib.sha256)


@pytest.mark.parametrize("size", [0, SALT_BYTES - 1, SALT_BYTES + 1, 65])
def test_a_salt_of_another_size_is_a_broken_invariant(size: int) -> None:
    with pytest.raises(AssertionError):
        commitment(bytes(size), b"")


COLUMNS = st.fixed_dictionaries(
    {
        "seq": st.integers(0, 2**64 - 1),
        "at": st.integers(-(2**63), 2**63 - 1),
        "kind": st.text(max_size=5),
        "subject": st.text(max_size=5),
        "commitment": st.binary(min_size=32, max_size=32),
        "previous_hash": st.binary(min_size=32, max_size=32),
        "refs": st.none() | st.text(max_size=5),
    }
)


@given(COLUMNS, COLUMNS)
def test_different_entries_have_different_bytes(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert (encode_entry(**one) == encode_entry(**other)) == (one == other)
    moved = {**one, "kind": one["kind"] + one["subject"], "subject": ""}  # the same letters, divided elsewhere
    assert (encode_entry(**one) == encode_entry(**moved)) == (one["subject"] == "")


def test_the_version_comes_first() -> None:
    columns: dict[str, Any] = {"seq": 1, "at": 2, "kind": "k", "subject": "s", "commitment": bytes(32)}
    columns["previous_hash"] = GENESIS_HASH
    assert encode_entry(**columns, refs="[]")[0] == ENCODING_VERSION == 2
    assert encode_entry(**columns, refs=None)[0] == ENCODING_WITHOUT_REFS == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("seq", -1), ("seq", 2**64), ("at", 2**63), ("kind", "k" * (TEXT_BYTES_MAX + 1)), ("subject", "ä" * 32_768)],
)
def test_what_does_not_fit_is_an_error_not_cut(name: str, value: object) -> None:
    columns: dict[str, Any] = {"seq": 1, "at": 2, "kind": "k", "subject": "s"}
    columns[name] = value
    with pytest.raises(struct.error):
        encode_entry(**columns, commitment=bytes(32), previous_hash=GENESIS_HASH, refs="[]")
