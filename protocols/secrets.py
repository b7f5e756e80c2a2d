"""Key material as a type that cannot be printed.

One rule: the bytes leave only through `expose()`, which is easy to search for.
"""

from __future__ import annotations


class WireKey:
    """An AES key of 16, 24 or 32 bytes. Never shows itself: not in repr, str, format, pickles or errors."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) not in (16, 24, 32):
            raise ValueError("an AES key has 16, 24 or 32 bytes")
        self._key = key

    @classmethod
    def parse(cls, text: str) -> WireKey:
        """Read a key as people write it: 32, 48 or 64 hex digits, or 16, 24 or 32 ASCII characters.

        Thirty-two hex digits are taken as hex (protocols.md 1.6: ambiguous in the field); prefix `ascii:` or `hex:`
        settles it. ValueError says what is allowed and never repeats the text.
        """
        form, _, rest = text.partition(":")
        if form == "ascii":
            return cls._from_ascii(rest)
        if form == "hex":
            return cls._from_hex(rest)
        if len(text) in (32, 48, 64):
            try:
                return cls._from_hex(text)
            except ValueError:
                pass
        return cls._from_ascii(text)

    @classmethod
    def _from_hex(cls, text: str) -> WireKey:
        try:
            key = bytes.fromhex(text)
        except ValueError:
            raise ValueError("a hex key has 32, 48 or 64 hex digits") from None
        if len(key) not in (16, 24, 32):
            raise ValueError("a hex key has 32, 48 or 64 hex digits")
        return cls(key)

    @classmethod
    def _from_ascii(cls, text: str) -> WireKey:
        if not text.isascii() or len(text) not in (16, 24, 32):
            raise ValueError("a key is 16, 24 or 32 ASCII characters, or 32, 48 or 64 hex digits")
        return cls(text.encode("ascii"))

    def expose(self) -> bytes:
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WireKey) and self._key == other._key

    def __hash__(self) -> int:
        return hash((WireKey, self._key))

    def __repr__(self) -> str:
        return "WireKey(****)"

    def __reduce__(self) -> str:
        raise TypeError("a WireKey is not serialised; seal it under the key-encryption key")
