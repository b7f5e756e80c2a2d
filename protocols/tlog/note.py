"""Signed notes: a text, and below it who says so (C2SP signed-note, https://c2sp.org/signed-note v1.0.0).

    text, every line ended
    <empty line>
    — NAME base64(key id ‖ signature)

One rule: a signature of a key one does not know is skipped, never trusted and never an error; a signature of a known
key that does not verify makes the whole note invalid, as the format demands. Only Ed25519 (type 0x01) is made.

    key id        = SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key)[:4]
    verifier key  = NAME+hex(key id)+base64(0x01 ‖ public key)
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

NOTE_BYTES_MAX: Final = 64 * 1024
SIGNATURES_MAX: Final = 16  # our own, of a key change two, and those of witnesses
NAME_CHARS_MAX: Final = 100
SEED_BYTES: Final = 32  # RFC 8032 5.1.5: the private key

_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_DASH: Final = "— "  # U+2014 and a space begin a signature line


class NoteError(ValueError):
    """The text is no signed note, no verifier key, or its signature does not hold. The message says which."""


class VerifierKey(Struct, frozen=True):
    name: str
    public: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"


class SigningKey:
    """A name and a private key; never shows itself."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        check_name(name)
        if len(seed) != SEED_BYTES:
            raise NoteError(f"a signing key has {SEED_BYTES} bytes")
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        return self._private.sign(text)

    def __repr__(self) -> str:
        return f"SigningKey({self.verifier.name}, ****)"

    def __reduce__(self) -> str:
        raise TypeError("a signing key is not serialised")


class Signature(Struct, frozen=True):
    name: str
    key_id: bytes
    signature: bytes


class Note(Struct, frozen=True):
    """As read; nothing is said yet about whether the signatures hold."""

    text: str
    signatures: tuple[Signature, ...]


def check_name(name: str) -> None:
    """NoteError unless `name` may name a key: no space, no plus sign, at least one character."""
    if not 0 < len(name) <= NAME_CHARS_MAX or "+" in name or any(letter.isspace() for letter in name):
        raise NoteError(f"a key's name has 1 to {NAME_CHARS_MAX} characters without spaces and plus signs")


def encode_note(text: str, keys: Sequence[SigningKey]) -> str:
    """`text` ends with a line end and holds no empty line at its end."""
    assert text.endswith("\n"), "every line of a note is ended"
    body = text.encode()
    lines = [
        f"{_DASH}{key.verifier.name} {base64.b64encode(key.verifier.id + key.sign(body)).decode()}\n" for key in keys
    ]
    return f"{text}\n{''.join(lines)}"


def decode_note(encoded: str) -> Note:
    if len(encoded) > NOTE_BYTES_MAX:
        raise NoteError(f"a note has at most {NOTE_BYTES_MAX} bytes")
    text, gap, tail = encoded.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise NoteError("no signature lines below an empty line")
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError(f"a note has at most {SIGNATURES_MAX} signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> Signature:
    name, gap, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not gap:
        raise NoteError("a signature line is a dash, a name and a signature")
    check_name(name)
    try:
        value = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise NoteError("a signature is not base64") from None
    if len(value) <= 4:
        raise NoteError("a signature is too short")
    return Signature(name, value[:4], value[4:])


def decode_verifier_key(encoded: str) -> VerifierKey:
    name, _, rest = encoded.strip().partition("+")
    key_id, gap, key = rest.partition("+")
    try:
        check_name(name)
        value = base64.b64decode(key, validate=True)
        if not gap or value[:1] != _ED25519 or len(value) != 1 + _KEY_BYTES:
            raise NoteError("no Ed25519 verifier key: NAME+KEYID+BASE64")
        found = VerifierKey(name, value[1:])
    except NoteError:
        raise
    except ValueError:
        raise NoteError("no verifier key: NAME+KEYID+BASE64") from None
    if key_id != found.id.hex():
        raise NoteError("the verifier key's id is not that of its name and key: a letter was lost or changed")
    return found


def signers(note: Note, known: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Those of the known keys that have signed the note. NoteError when one of their signatures does not hold."""
    found: list[VerifierKey] = []
    body = note.text.encode()
    for signature in note.signatures:
        for key in known:
            if (signature.name, signature.key_id) != (key.name, key.id) or key in found:
                continue
            if not verify_signature(key.public, signature.signature, body):
                raise NoteError(f"the signature of {key.name} does not hold")
            found.append(key)
    return found


def verify_signature(public: bytes, signature: bytes, body: bytes) -> bool:
    """RFC 8032 5.1.7."""
    if len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, body)
    except InvalidSignature:
        return False
    return True
