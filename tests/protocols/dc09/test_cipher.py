from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from protocols.dc09.cipher import BLOCK_BYTES, PAD_BYTES_MIN, decrypt_content, encrypt_content
from protocols.secrets import WireKey
from tests.protocols.dc09.panel import KEY, KEYS, OTHER_KEY, pad

TIME = b"_12:00:00,01-02-2026"


def seal(key: WireKey, plain: bytes) -> bytes:
    """As a sender who does as he pleases."""
    encryptor = Cipher(AES(key.expose()), CBC(bytes(16))).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def unseal(key: WireKey, text: bytes) -> bytes:
    decryptor = Cipher(AES(key.expose()), CBC(bytes(16))).decryptor()
    return decryptor.update(bytes.fromhex(text.decode())) + decryptor.finalize()


@given(st.sampled_from(KEYS), st.binary(max_size=200).map(lambda b: b.replace(b"]", b"")), st.binary(min_size=31))
def test_round_trip(key: WireKey, data: bytes, drawn: bytes) -> None:
    text = encrypt_content(key, data + b"]" + TIME, lambda count: drawn[:count])
    opened = decrypt_content(key, text)
    assert opened is not None
    assert opened[0].timestamp == TIME[1:]
    # Text that looks like a key is blanked on the way out, to the same length.
    assert opened[0].data == data or len(opened[0].data) == len(data)


@given(st.integers(0, 64))
def test_the_pad_has_16_to_31_bytes_and_no_brackets(count: int) -> None:
    plain = unseal(KEY, encrypt_content(KEY, b"x" * count + b"]" + TIME, pad))
    drawn = plain[: plain.index(b"|")]
    assert PAD_BYTES_MIN <= len(drawn) < PAD_BYTES_MIN + BLOCK_BYTES
    assert not set(drawn) & set(b"[]|")
    assert len(plain) % BLOCK_BYTES == 0


def test_a_pad_source_that_gives_too_little_is_caught() -> None:
    with pytest.raises(AssertionError):
        encrypt_content(KEY, b"]", lambda count: b"")


@pytest.mark.parametrize(
    ("plain", "data"),
    [
        (b"ppppppppppp]" + TIME, b""),  # Hikvision: empty data without a bar
        (b"pppppppppp|]" + TIME, b""),
        (b"pp|#12|NBA1]" + TIME, b"#12|NBA1"),  # the shortest pad seen
        (b"|#1234567|NB]" + TIME.ljust(35, b"\x0f"), b"#1234567|NB"),  # no pad at all, PKCS#7 behind
        (b"ppppppppppp]" + TIME + b"\x10" * 16, b""),
        (b"\xff\x00\xc3|NBA1]" + b"[Iabc]" + TIME + b"\x01", b"NBA1"),
    ],
)
def test_what_senders_write(plain: bytes, data: bytes) -> None:
    opened = decrypt_content(KEY, seal(KEY, plain.ljust(-(-len(plain) // 16) * 16, b"\x00")).hex().encode())
    assert opened is not None
    assert (opened[0].data, opened[0].timestamp) == (data, TIME[1:])


def test_content_without_a_time_is_readable_text() -> None:
    opened = decrypt_content(KEY, seal(KEY, b"0123456789|NBA1]").hex().encode())
    assert opened is not None
    assert (opened[0].data, opened[0].timestamp) == (b"NBA1", None)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"xy" * 16,
        b"ABC",
        b"AB" * 15,
        b"\xff" * 32,
        seal(KEY, b"no bracket here.").hex().encode(),
        seal(KEY, b"|binary\x01\x02\x03\x04\x05\x06\x07\x08]").hex().encode(),
        seal(KEY, b"|text]and more..").hex().encode(),
    ],
)
def test_what_is_not_readable(text: bytes) -> None:
    assert decrypt_content(KEY, text) is None


def test_another_key() -> None:
    assert decrypt_content(OTHER_KEY, encrypt_content(KEY, b"NBA1]" + TIME, pad)) is None
