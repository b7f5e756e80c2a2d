"""The verifier that goes out with a package: its Ed25519 against the standard's vectors and the library."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from arcd.auditing import check_evidence
from arcd.auditing.check_evidence import WrongError, decode_key, ed25519_verify, open_note
from protocols.tlog.note import SigningKey, encode_note
from tests.protocols.tlog.test_note import RFC8032

KEY = SigningKey("arc.example/j", bytes(32))


@pytest.mark.parametrize(("public", "message", "signature"), RFC8032)
def test_known_signatures(public: str, message: str, signature: str) -> None:
    known = bytes.fromhex(public), bytes.fromhex(signature), bytes.fromhex(message)
    assert ed25519_verify(*known)
    assert not ed25519_verify(known[0], known[1], known[2] + b"\0")
    assert not ed25519_verify(known[0], known[1][:-1], known[2])
    assert not ed25519_verify(bytes(31), known[1], known[2])


@settings(max_examples=10)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511))
def test_it_agrees_with_the_library(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert ed25519_verify(public, signature, message)
    changed = bytearray(signature)
    changed[bit // 8] ^= 1 << bit % 8
    assert not ed25519_verify(public, bytes(changed), message)


def test_a_scalar_that_is_too_large_is_refused() -> None:
    """RFC 8032 5.1.7: S is below the group order, or signatures could be altered into others that hold."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = private.sign(b"m")
    scalar = int.from_bytes(signature[32:], "little") + check_evidence.L
    assert not ed25519_verify(
        private.public_key().public_bytes_raw(), signature[:32] + scalar.to_bytes(32, "little"), b"m"
    )


def test_notes_of_the_daemon_are_read() -> None:
    key = decode_key(str(KEY.verifier))
    assert open_note(encode_note("text\n", [KEY]), [key]) == ("text\n", [key])
    with pytest.raises(WrongError, match="does not hold"):
        open_note(encode_note("text\n", [KEY]).replace("text", "tixt"), [key])
    with pytest.raises(WrongError, match="no verifier key"):
        decode_key(str(KEY.verifier).replace("arc", "ark"))


def test_it_imports_nothing_but_the_standard_library_and_is_python_3_8() -> None:
    source = Path(check_evidence.__file__).read_text("utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), names
