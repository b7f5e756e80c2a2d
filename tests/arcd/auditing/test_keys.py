"""Which key signs: read from where it is kept, and handed on from one to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from arcd.auditing.keys import key_change, load_signing_key
from arcd.core.audit.model import SigningKey as KnownKey
from arcd.credentials import CredentialError
from protocols.tlog.note import SigningKey, decode_note, signers

ONE, TWO = SigningKey("arc.example/j", b"\1" * 32), SigningKey("arc.example/j", b"\2" * 32)


def known(key: SigningKey) -> tuple[KnownKey, ...]:
    return (KnownKey(verifier=str(key.verifier), note="", since_seq=3),)


@pytest.mark.parametrize("content", [b"\1" * 32, b"01" * 32, b"01" * 32 + b"\n"])
def test_a_key_is_32_bytes_or_their_hex(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    assert load_signing_key("arc.example/j", "x", file=tmp_path / "key").verifier == ONE.verifier
    assert load_signing_key("arc.example/j", "key", environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}).verifier


@pytest.mark.parametrize("content", [b"", b"zz" * 32, b"01" * 31, b"\1" * 33])
def test_what_is_no_key_says_how_to_make_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(CredentialError, match="arcctl journal keys new FILE"):
        load_signing_key("arc.example/j", "x", file=tmp_path / "key")


def test_the_first_key_signs_for_itself() -> None:
    fact = key_change((), ONE, lambda name: None, 5)
    assert fact is not None
    assert (fact.at, fact.verifier, fact.vouched) == (5, str(ONE.verifier), True)
    note = decode_note(fact.note)
    assert note.text == f"arc.example/j\nkey\n{ONE.verifier}\n"
    assert signers(note, [ONE.verifier]) == [ONE.verifier]


def test_the_same_key_is_no_change() -> None:
    assert key_change(known(ONE), ONE, lambda name: None, 5) is None


def test_the_old_key_signs_for_the_new_one() -> None:
    asked: list[str] = []

    def previous(name: str) -> SigningKey:
        asked.append(name)
        return ONE

    fact = key_change(known(ONE), TWO, previous, 5)
    assert fact is not None
    assert fact.vouched
    assert signers(decode_note(fact.note), [ONE.verifier]) == [ONE.verifier]
    assert signers(decode_note(fact.note), [TWO.verifier]) == [TWO.verifier]
    assert asked == ["arc.example/j"]


@pytest.mark.parametrize("previous", [None, SigningKey("arc.example/j", b"\3" * 32)])
def test_without_the_old_key_nobody_vouches(previous: SigningKey | None) -> None:
    fact = key_change(known(ONE), TWO, lambda name: previous, 5)
    assert fact is not None
    assert not fact.vouched
    assert signers(decode_note(fact.note), [ONE.verifier]) == []
