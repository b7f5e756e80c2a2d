"""Which format some bytes are, and bytes out of what people paste.

One rule: a format that somebody names is the only one tried; otherwise the codec that understands most of it wins, and
what had to be put around the paste to make it a frame is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from protocols import contact_id, sia
from protocols.codec import Codec, Kind, Malformed, Received, ReplyKind, WireItem, WireProfile
from protocols.content import DecodedContent
from protocols.dc09 import Dc09Codec
from protocols.dissection.dc09 import FRAME_START, dissect_dc09
from protocols.dissection.others import dissect_dc07, dissect_digits, dissect_espa, dissect_galaxy, dissect_line
from protocols.dissection.parts import NAMED, Dissection, Part
from protocols.espa444 import EspaCodec
from protocols.receiver_lines.cutting import Line
from protocols.receiver_lines.dialects import make_codec, read_options
from protocols.receiver_lines.line_codec import HEADER_DIGITS, UNREAD, relayed
from protocols.secrets import WireKey

PASTE_BYTES_MAX: Final = 16_384
EVER_S: Final = 1e12  # any timestamp is shown, none refused

_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|([nrt0\\]))|<([0-9A-F]{2}|[A-Z][A-Z0-9]{1,2})>|[␀-␟]")
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\"}
_HEX = re.compile(r"(?:0x)?(?:[0-9A-Fa-f]{2}[\s:,.-]*)+")
_DIGITS = re.compile(r"[0-9A-Fa-f]{16}")


class Pasted(Struct, frozen=True):
    """What a paste may mean, the likelier first; `is_hex` says how each was read."""

    readings: tuple[tuple[bytes, bool], ...]


def read_paste(text: str, *, is_hex: bool | None = None) -> Pasted:
    r"""Text with \n \r \x14, <LF> <DC4> or ␊, or hex digits. ValueError says what cannot be read.

    `is_hex` None: both where both are possible. Sixteen digits may be Contact ID.
    """
    stripped = text.strip(" \t")
    looks_hex = _HEX.fullmatch(stripped.strip()) is not None
    if is_hex and not looks_hex:
        wrong = re.search(r"[^0-9A-Fa-fx\s:,.-]", stripped)
        where = f": {wrong[0]!r} at character {wrong.start() + 1}" if wrong else ": an odd number of digits"
        raise ValueError(f"this is no hex{where}; write two hex digits for each byte")
    readings: list[tuple[bytes, bool]] = []
    if looks_hex and is_hex is not False:
        digits = re.sub(r"^0x|[\s:,.-]", "", stripped)
        readings.append((bytes.fromhex(digits), True))
    if not is_hex:
        unescaped = _ESCAPE.sub(_unescape, stripped)
        readings.append((unescaped.encode("utf-8", "surrogateescape"), False))
    if not any(data for data, _ in readings):
        raise ValueError("there is nothing to decode")
    if any(len(data) > PASTE_BYTES_MAX for data, _ in readings):
        raise ValueError(f"more than {PASTE_BYTES_MAX} bytes; paste the frame alone")
    return Pasted(tuple(readings))


def _unescape(found: re.Match[str]) -> str:
    code, simple, name = found.groups()
    if code is not None:
        return chr(int(code, 16))
    if simple is not None:
        return _SIMPLE[simple]
    if name is not None:
        if name in NAMED:
            return chr(NAMED[name])
        return chr(int(name, 16)) if re.fullmatch(r"[0-9A-F]{2}", name) else found[0]
    return chr(ord(found[0]) - 0x2400)


class _Format(Struct, frozen=True):
    name: str
    make: Callable[[WireKey | None], Codec]
    around: tuple[tuple[bytes, bytes], ...]  # what may be missing around a paste


def _dc09(key: WireKey | None) -> Codec:
    profile = WireProfile(key=key, window_past_s=EVER_S, window_future_s=EVER_S)
    return Dc09Codec(lambda account: profile, pad=bytes)


def _line(name: str, **options: object) -> Callable[[WireKey | None], Codec]:
    return lambda key: make_codec(name, read_options(name, options), session_key=bytes(range(24)))


_LF_CR: Final = ((b"", b""), (b"\n", b"\r"), (b"", b"\r"), (b"\n", b""))
_DC4: Final = ((b"", b""), (b"", b"\x14"))
_KNOWN: Final = (
    _Format("dc09", _dc09, _LF_CR),
    _Format("dc07", _line("dc07"), _LF_CR),
    _Format("surgard", _line("surgard"), _DC4),
    _Format("surgard", _line("surgard", line_digits=3), _DC4),  # System II, III, 5
    _Format("ademco685", _line("ademco685"), _LF_CR),
    _Format("osborne_hoffman", _line("osborne_hoffman", is_encrypted=False), ((b"", b""), (b"", b"\r"))),
    _Format("espa444", lambda key: EspaCodec(), ((b"", b""),)),
    _Format("galaxy", _line("galaxy"), ((b"", b""),)),
    _Format("radionics6500", _line("radionics6500"), _DC4),
    _Format("iti", _line("iti"), _LF_CR),
    _Format("iti_enhanced", _line("iti", is_enhanced=True), ((b"", b""), (b"", b"\r"))),
    _Format("fbi_cp220", _line("fbi_cp220", is_experimental=True), ((b"", b""), (b"", b"\r"))),
)
# Formats whose start and check values tell a broken frame from something else.
_CHECKED: Final = frozenset({"dc09", "dc07", "galaxy", "espa444"})
_RECOGNISED: Final = frozenset({"crc", "length", "direction", "syntax"})
CONTACT_ID_DIGITS: Final = "contact_id_digits"
SIA_BLOCKS: Final = "sia_blocks"
CONTACT_ID_TEXT: Final = "contact_id_text"
FORMATS: Final = (*dict.fromkeys(known.name for known in _KNOWN), CONTACT_ID_DIGITS, CONTACT_ID_TEXT, SIA_BLOCKS)
# Single-sourced formats that would claim almost any line are only tried when they are named.
_ONLY_NAMED: Final = frozenset({"iti", "iti_enhanced", "fbi_cp220", "radionics6500"})


def dissect(pasted: Pasted, now: int, *, protocol: str | None = None, key: WireKey | None = None) -> Dissection | None:
    """The best reading; None when nothing fits at all. `now` (ns UTC) only tells the clock skew."""
    best: tuple[int, Dissection] | None = None
    for data, is_hex in pasted.readings:
        for score, found in _readings(data, now, protocol, key, is_hex=is_hex):
            if score > 0 and (best is None or score > best[0]):
                best = (score, found)
    return None if best is None else best[1]


def _readings(
    data: bytes, now: int, protocol: str | None, key: WireKey | None, *, is_hex: bool
) -> list[tuple[int, Dissection]]:
    found: list[tuple[int, Dissection]] = []
    for known in _KNOWN:
        if protocol != known.name and (protocol is not None or known.name in _ONLY_NAMED):
            continue
        for before, after in known.around:
            whole = before + data + after
            codec = known.make(key)
            items = (*codec.receive_data(whole, now), *codec.receive_eof())
            score = _score(items) * 10 - 2 * len(before + after)
            score -= any(isinstance(item, Received) and HEADER_DIGITS in item.remarks for item in items)
            if protocol == known.name:
                score = max(score, 1)
            parts = _parts(known.name, whole, items, key)
            added = " ".join(name for name, code in NAMED.items() if code in before + after)
            replies = _replies(codec, items, now)
            found.append(
                (score, Dissection(protocol=known.name, parts=parts, items=items, added=added, replies=replies))
            )
    if not is_hex:
        found += _bare(data, protocol)
    return found


def _score(items: tuple[WireItem, ...]) -> int:
    """3 understood, 2 known as a form, 1 recognised and broken, 0 could be anything."""
    scores = [
        3
        if isinstance(item, Malformed) and item.protocol == "dc09" and item.reason == "direction"  # a whole reply
        else int(item.protocol in _CHECKED and item.reason in _RECOGNISED and _is_begun(item))
        if isinstance(item, Malformed)
        else (0 if item.token == UNREAD else 2 if item.kind is Kind.OPAQUE else 3)
        for item in items
    ]
    return min(scores) if scores and min(scores) > 0 else (1 if max(scores, default=0) > 1 else 0)


def _is_begun(item: Malformed) -> bool:
    """The end of the paste leaves something over in every format; only a known beginning makes it one."""
    return "ended" not in item.detail or (item.protocol == "dc09" and FRAME_START.match(item.raw) is not None)


def _parts(name: str, data: bytes, items: tuple[WireItem, ...], key: WireKey | None) -> tuple[Part, ...]:
    if name == "dc09" or (name == "dc07" and re.match(rb'\n[0-9A-Fa-f]{4}0[0-9A-Fa-f]{3}"', data)):
        return dissect_dc09(data, key)
    if name == "dc07":
        return dissect_dc07(data)
    if name == "galaxy":
        return dissect_galaxy(data)
    if name == "espa444":
        return dissect_espa(data)
    return dissect_line(data, items)


def _replies(codec: Codec, items: tuple[WireItem, ...], now: int) -> tuple[tuple[str, bytes], ...]:
    received = [item for item in items if isinstance(item, Received) and item.problem is None]
    if not received:
        return ()
    return ((ReplyKind.ACK.value, codec.encode_reply(received[-1], ReplyKind.ACK, now)),)


def _bare(data: bytes, protocol: str | None) -> list[tuple[int, Dissection]]:
    """Content without a frame: digits of a telephone line, blocks, Contact ID text."""
    text = data.decode("utf-8", "backslashreplace").strip().removeprefix("[").removesuffix("]")
    found: list[tuple[int, Dissection]] = []
    if protocol in (None, CONTACT_ID_DIGITS) and _DIGITS.fullmatch(text):
        content = contact_id.decode_digits(text)
        parts = dissect_digits(text)
        score = 31 if content.understood else 9 if text[4:6] in ("18", "98") else 2
        found.append((score, _of_content(CONTACT_ID_DIGITS, parts, content, data)))
    for name, decoder in ((CONTACT_ID_TEXT, contact_id.decode_text), (SIA_BLOCKS, sia.decode_blocks)):
        if protocol not in (None, name):
            continue
        content = decoder(text, account="")
        score = 12 if content.understood and not content.remarks else 3 if content.understood or protocol == name else 0
        found.append((score, _of_content(name, (), content, data)))
    return found


def _of_content(name: str, parts: tuple[Part, ...], content: DecodedContent, data: bytes) -> Dissection:
    item = relayed(name, name, Line(data, data), content)
    return Dissection(protocol=name, parts=parts, items=(item,))
