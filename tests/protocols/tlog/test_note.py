"""Signed notes: the published example, what is made is read, and no letter of one may change."""

from __future__ import annotations

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.tlog.note import (
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    NoteError,
    SigningKey,
    VerifierKey,
    decode_note,
    decode_verifier_key,
    encode_note,
    signers,
    verify_signature,
)

# The example of the Go package that the format comes from (golang.org/x/mod/sumdb/note, its documentation and tests).
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n"

# RFC 8032 section 7.1, tests 1 to 3: public key, message, signature.
RFC8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465514"
        "1438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d2"
        "91612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027b"
        "eceea1ec40a",
    ),
]


def test_the_published_example_is_made_and_read() -> None:
    key = SigningKey("PeterNeumann", SEED)
    assert str(key.verifier) == VERIFIER
    assert encode_note(TEXT, [key]) == NOTE
    note = decode_note(NOTE)
    assert note.text == TEXT
    assert signers(note, [decode_verifier_key(VERIFIER)]) == [key.verifier]


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_known_signatures(public: str, message: str, signature: str) -> None:
    known = bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message)
    assert verify_signature(*known)
    assert not verify_signature(known[0], known[1], known[2] + b"\0")
    assert not verify_signature(known[0], known[1][:-1], known[2])


ONE, OTHER = SigningKey("one.example/log", bytes(32)), SigningKey("other.example/log", b"\1" * 32)


def test_several_sign_and_the_unknown_are_skipped() -> None:
    note = decode_note(encode_note("text\n", [ONE, OTHER]))
    assert signers(note, [OTHER.verifier, ONE.verifier]) == [ONE.verifier, OTHER.verifier]
    assert signers(note, [OTHER.verifier]) == [OTHER.verifier]
    assert signers(note, []) == []


def test_a_key_of_the_same_name_is_another_key() -> None:
    note = decode_note(encode_note("text\n", [ONE]))
    assert signers(note, [VerifierKey(ONE.verifier.name, OTHER.verifier.public)]) == []


@given(st.integers(0, len(NOTE) - 1), st.characters(codec="utf-8"))
def test_no_letter_of_a_note_may_change(place: int, letter: str) -> None:
    changed = NOTE[:place] + letter + NOTE[place + 1 :]
    try:
        by = signers(decode_note(changed), [decode_verifier_key(VERIFIER)])
    except NoteError:
        return
    assert by == [] or changed == NOTE or decode_note(changed) == decode_note(NOTE)


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        ("", "no signature lines"),
        ("text\n", "no signature lines"),
        ("text\n\n", "no signature lines"),
        ("text\n\n— name x", "no signature lines"),
        ("text\n\nname AAAAAAAA\n", "a dash, a name and a signature"),
        ("text\n\n— name\n", "a dash, a name and a signature"),
        ("text\n\n— na+me AAAAAAAA\n", "without spaces and plus signs"),
        ("text\n\n— name A?\n", "is not base64"),
        ("text\n\n— name AAAA\n", "too short"),
        ("text\n\n" + "— name AAAAAAAA\n" * (SIGNATURES_MAX + 1), "at most 16 signatures"),
        ("x" * (NOTE_BYTES_MAX + 1), "at most 65536 bytes"),
    ],
)
def test_what_is_no_note(encoded: str, said: str) -> None:
    with pytest.raises(NoteError, match=said):
        decode_note(encoded)


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        ("", "1 to 100 characters"),
        ("name", "NAME"),
        ("name+00000000+AAAA", "no Ed25519 verifier key"),
        ("name+00000000+?", "NAME"),
        (VERIFIER.replace("c74f20a3", "c74f20a4"), "a letter was lost or changed"),
        (VERIFIER.replace("Peter", "Pieter"), "a letter was lost or changed"),
    ],
)
def test_what_is_no_verifier_key(encoded: str, said: str) -> None:
    with pytest.raises(NoteError, match=said):
        decode_verifier_key(encoded)


def test_a_signing_key_never_shows_itself() -> None:
    assert SEED.hex() not in repr(SigningKey("n", SEED))
    with pytest.raises(TypeError):
        pickle.dumps(ONE)
    with pytest.raises(NoteError, match="32 bytes"):
        SigningKey("n", b"short")
    with pytest.raises(NoteError, match="without spaces"):
        SigningKey("a b", SEED)
