"""Encryption of DC-09 content: AES-CBC with an all-zero IV, as hex text (DC-09-2026 5.4.6, 5.5.1.7).

One rule: bytes and a key in, bytes out. It draws no random numbers (the pad is an argument), keeps no key, and says
nothing about a failure beyond "not readable". The scheme has no integrity check: what tells a right key from a wrong
one is that a closing bracket and a timestamp appear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from protocols.dc09.body import Content, cut_blanked
from protocols.secrets import WireKey

# Draws that many random bytes. The daemon passes os.urandom.
PadSource = Callable[[int], bytes]

BLOCK_BYTES: Final = 16
PAD_BYTES_MIN: Final = 16  # DC-09-2026 5.5.1.7; older senders use fewer, so reading checks no minimum
_IV: Final = bytes(BLOCK_BYTES)
# `[`, `]` and `|` would end the pad early (DC-09-2026 5.5.1.7); each becomes a neighbour.
_PAD_SAFE: Final = bytes({0x5B: 0x5A, 0x5D: 0x5E, 0x7C: 0x7D}.get(byte, byte) for byte in range(256))
# Control characters are in no panel's text; a wrong key gives plenty.
_CONTROL: Final = bytes(range(0x20))
_FILL: Final = bytes(range(BLOCK_BYTES + 1))  # PKCS#7, NUL or 10h behind the content


def encrypt_content(key: WireKey, content: bytes, pad: PadSource) -> bytes:
    """Hex text for a frame. `content` is `data]`, extended fields and timestamp; pad and bar are put before it."""
    pad_bytes = PAD_BYTES_MIN + -(PAD_BYTES_MIN + 1 + len(content)) % BLOCK_BYTES
    drawn = pad(pad_bytes).translate(_PAD_SAFE)
    assert len(drawn) == pad_bytes
    encryptor = Cipher(AES(key.expose()), CBC(_IV)).encryptor()
    sealed = encryptor.update(drawn + b"|" + content) + encryptor.finalize()
    return sealed.hex().upper().encode("ascii")


def decrypt_content(key: WireKey, text: bytes) -> tuple[Content, bytes] | None:
    """The parts and the plaintext they were cut from, key material blanked; None for no ciphertext or another's key."""
    plain = decrypt_text(key, text)
    if plain is None:
        return None
    opened = cut_blanked(plain, content_start(plain))
    if opened is None or (opened[0].timestamp is None and not _is_readable(opened[0])):
        return None
    return opened


def decrypt_text(key: WireKey, text: bytes) -> bytes | None:
    """What the hex text decrypts to, pad and fill included; None for no ciphertext. Any key gives something."""
    try:
        sealed = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return None
    if not sealed or len(sealed) % BLOCK_BYTES:
        return None
    decryptor = Cipher(AES(key.expose()), CBC(_IV)).decryptor()
    return decryptor.update(sealed) + decryptor.finalize()


def content_start(plain: bytes) -> int:
    """Where the pad ends. Empty data is written `pad|]` by some and `pad]` by others (protocols.md 1.6)."""
    close = plain.find(b"]")
    bar = plain.find(b"|", 0, max(close, 0))
    return bar + 1 if bar >= 0 else max(close, 0)


def _is_readable(content: Content) -> bool:
    """Whether content without a timestamp is text all the same, so that the sender and not the key is to blame."""
    text = content.data + b"".join(content.fields)
    return not content.trailing.strip(_FILL) and len(text) == len(text.translate(None, _CONTROL))
