from __future__ import annotations

import pytest

from protocols.dc09.text import decode_text


@pytest.mark.parametrize(
    ("data", "encoding", "text", "remarks"),
    [
        (b"Olohuone", "utf-8", "Olohuone", ()),
        ("Улица".encode(), "utf-8", "Улица", ()),
        ("Keittiö".encode("cp1252"), "utf-8", "Keittiö", ("windows_1252",)),
        ("Keittiö".encode("cp1252"), "cp1252", "Keittiö", ()),
        ("Улица".encode("cp1251"), "cp1251", "Улица", ()),
        (b"a\x81\xff", "utf-8", "a\\x81ÿ", ("undecodable_text",)),
        (b"\xe4", "no-such-encoding", "ä", ("windows_1252",)),
    ],
)
def test_decode_text(data: bytes, encoding: str, text: str, remarks: tuple[str, ...]) -> None:
    assert decode_text(data, encoding) == (text, remarks)
