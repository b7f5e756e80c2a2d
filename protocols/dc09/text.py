"""Characters of a DC-09 frame.

One rule: decoding is strict, and where it fails the text says so itself; nothing is ever left out. DC-09-2013 allows
ASCII or Windows-1252, DC-09-2026 UTF-8 or Windows-1252 (protocols.md 1.2), and no field says which was used.
"""

from __future__ import annotations

from typing import Final

WINDOWS_1252: Final = "windows_1252"
UNDECODABLE: Final = "undecodable_text"


def decode_text(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """The text and the remarks on how it was read: the account's encoding, then Windows-1252, then escapes."""
    if data.isascii():
        return data.decode("ascii"), ()
    try:
        return data.decode(encoding), ()
    except (UnicodeDecodeError, LookupError):
        pass
    try:
        return data.decode("cp1252"), (WINDOWS_1252,)
    except UnicodeDecodeError:
        # Five byte values have no character in Windows-1252; they are shown as \x81, the raw frame has them as sent.
        return data.decode("cp1252", errors="backslashreplace"), (UNDECODABLE,)
