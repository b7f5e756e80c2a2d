"""The grammar of a frame's body, from the opening quote of the id to the byte before CR.

    "id" | "*id"   seq   [R rrcvr]   [L lpref]   #acct   [data]   [x..]*   [_timestamp]        (DC-09-2013 5.5.1)

One rule: it cuts, it does not interpret. Fields stay bytes as sent, because replies echo them to the byte.
Blanking of key material is here too, since it must happen before anything is cut out and kept.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

from protocols.dc09.timestamp import SHAPE, TIMESTAMP_BYTES, has_timestamp_shape

# 3-16 hex digits by the standard; real accounts are longer and not hex (protocols.md 1.1).
ACCOUNT_BYTES_MAX: Final = 32
TOKEN_BYTES_MAX: Final = 16  # the longest token of DC-09-2026 Annex H has 7

ENCRYPTED_MARK: Final = b"*"

# L is required by the standard, but its digits (ioBroker.sia #11) or the whole field (fioletoven/dc09) may be missing.
HEADER: Final = re.compile(
    rb'"(\*?)([A-Za-z0-9][!#-~]{0,%d})"'
    rb"([0-9]{4})(?:R([0-9A-Fa-f]{0,6}))?(?:L([0-9A-Fa-f]{0,6}))?"
    rb"#([!$-Z\\^-{}~]{1,%d})\[" % (TOKEN_BYTES_MAX - 1, ACCOUNT_BYTES_MAX)  # anything printable but " # [ ] |
)
# A reply: as above, but NAK names its account A0 and not #0 (DC-09-2013 5.5.3.2), so L must not eat the A.
REPLY: Final = re.compile(
    rb'"(\*?)(ACK|NAK|DUH|RSP)"'
    rb"([0-9]{4})(?:R([0-9A-Fa-f]{0,6}?))?(?:L([0-9A-Fa-f]{0,6}?))?"
    rb"[#A]([!$-Z\\^-{}~]{1,%d})\[" % ACCOUNT_BYTES_MAX
)
REPLY_TOKENS: Final = frozenset({b"ACK", b"NAK", b"DUH", b"RSP"})

_ENDS_PLAIN: Final = re.compile(rb"[^\[\]]*\](?:\[[^\]]*\])*(?:_[0-9:,-]{1,19})?")
_ENDS_ENCRYPTED: Final = re.compile(rb"(?:[0-9A-Fa-f]{32})+")

# Nothing escapes a bracket, and whoever names a zone may type one: `^Hall [2]^`. What ends for certain is the text as a
# whole, at its last bracket: the one before the timestamp, or else before the CR.
_ENDS_TIMED: Final = re.compile(rb"\](?=_" + SHAPE.pattern + rb")")

_KEY_LETTERS: Final = (b"K", b"k")
# Extended data K carries an encryption key (protocols.md 1.2). In the place of extended data it is blanked whatever it
# holds; in the place of the data (behind `[`, or behind the pad's bar) only if it looks like a key, for an unknown
# token's alarm may begin with a K there.
_KEY_MATERIAL: Final = re.compile(rb"(?<=\]\[[Kk])[^\]]+|(?<=[\[|][Kk])[0-9A-Fa-f]{16,}[^\]]*")


class Content(Struct, frozen=True, gc=False):
    """What stands after `#acct[`, cut into its parts."""

    data: bytes
    fields: tuple[bytes, ...]  # extended data without brackets, letter first
    timestamp: bytes | None  # without the underscore; None when nothing stood there
    start: int  # where data began and
    end: int  # where the last field ended, in the text that was cut: everything but the timestamp
    trailing: bytes  # what stood there and was no timestamp


def cut_content(text: bytes, start: int) -> Content | None:
    """Cut `data]`, the extended fields and the timestamp out of `text` from `start`; None without a closing bracket."""
    close = text.find(b"]", start)
    if close < 0:
        return None
    data, end = text[start:close], close + 1
    fields: list[bytes] = []
    while text[end : end + 1] == b"[" and (field_end := text.find(b"]", end)) >= 0:
        fields.append(text[end + 1 : field_end])
        end = field_end + 1
    if end != len(text) and (last := _last_bracket(text, end)) is not None:
        data, *fields = text[start:last].split(b"][")
        end = last + 1
    timestamp, trailing = None, text[end:]
    # Bytes after the timestamp's 19 characters are fill: PKCS#7 or 10h (protocols.md 1.6).
    if trailing[:1] == b"_" and has_timestamp_shape(trailing[1 : 1 + TIMESTAMP_BYTES]):
        timestamp, trailing = trailing[1 : 1 + TIMESTAMP_BYTES], trailing[1 + TIMESTAMP_BYTES :]
    return Content(data, tuple(fields), timestamp, start, end, trailing)


def _last_bracket(text: bytes, at: int) -> int | None:
    """Where the text ends; None when it has ended at `at` already, or in a way that nobody can tell."""
    if text[at : at + 1] == b"_" and has_timestamp_shape(text[at + 1 : at + 1 + TIMESTAMP_BYTES]):
        return None
    timed = [found.start() for found in _ENDS_TIMED.finditer(text, at)]
    if timed:
        return timed[-1]
    return len(text) - 1 if text.endswith(b"]") else None


def cut_blanked(text: bytes, start: int) -> tuple[Content, bytes] | None:
    """As cut_content, from a text whose key material is blanked first; that text too."""
    content = cut_content(text, start)
    if content is None:
        return None
    if _may_hold_key(content):
        clear = blank_keys(text)
        if clear != text:
            content = cut_content(clear, start)
            assert content is not None  # blanking leaves brackets alone
            return content, clear
    return content, text


def _may_hold_key(content: Content) -> bool:
    """Cheap and on the safe side: few frames could, and only those are searched."""
    data = content.data
    if data[:1] in _KEY_LETTERS or b"[" in data or content.trailing:
        return True
    return any(field[:1] in _KEY_LETTERS or b"[" in field for field in content.fields) if content.fields else False


def is_whole(body: bytes) -> bool:
    """Whether the body could end here: tells a frame with a wrong length field from one whose text holds a CR."""
    header = HEADER.match(body)
    if header is None:
        return False
    ending = _ENDS_ENCRYPTED if header[1] else _ENDS_PLAIN
    return ending.fullmatch(body, header.end()) is not None


def blank_keys(text: bytes) -> bytes:
    """The same text, as long as before, with key material replaced by asterisks."""
    return _KEY_MATERIAL.sub(lambda found: b"*" * len(found[0]), text)
