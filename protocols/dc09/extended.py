"""Extended data, `[xNNN]`: one capital letter and its text (DC-09-2026 5.5.1.8; letters in protocols.md 1.2).

One rule: nothing is refused and nothing is lost. What has a place in a Signal goes there, everything else is kept as
text under "x" and its letter, and where its meaning is defined that stands beside it in words ("trigger", "path").
Addresses in V are the sender's text: shown, never fetched from here. The hash in A is shown and never said to be
verified: no source tells what it is taken over.
"""

from __future__ import annotations

import re
from calendar import timegm
from typing import Final

import msgspec
from msgspec import Struct

from protocols.dc09.text import decode_text
from protocols.dc09.timestamp import NANOSECONDS, parse_timestamp
from protocols.signals import Position, Signal

# A frame of 4095 bytes has room for hundreds of blocks and hundreds of fields. Only so many signals get all of the
# fields, or one frame could make megabytes of journal; the others get time and place.
EXTENDED_SIGNALS_MAX: Final = 16

KEY_LETTER: Final = "K"
KEY_SHOWN: Final = "****"
FOLDED: Final = "extended_data_folded"

# X093W23.456: degrees, hemisphere, minutes. X52.21: plain degrees, from the dc09_spt dialler.
_DEGREES_MINUTES: Final = re.compile(r"([0-9]{1,3})([EWNS])([0-9]{1,2}(?:\.[0-9]{0,12})?)")
_DEGREES: Final = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{0,12})?")
_METRES: Final = re.compile(r"(-?[0-9]{1,6}(?:\.[0-9]{0,12})?)M?")


# What set the alarm off (DC-09-2026 5.5.1.8 per siadc09; single source).
TRIGGERS: Final = {"F": "fire", "G": "gas", "W": "water", "S": "sensor", "C": "contact", "M": "manual"}
_PATH: Final = re.compile(r"[0-9]{1,4}")
_MAC: Final = re.compile(r"[0-9A-Fa-f]{12}")
BAD_JSON: Final = "bad_json"
# Instants are ns since 1970 in 64 bits, and are shown on wall clocks: a time outside these years is no time, but text.
# Four digits of H could say 9999, which no time zone east of Greenwich can show: the case would not open any more.
_OCCURRED_FROM: Final = timegm((1970, 1, 1, 0, 0, 0)) * NANOSECONDS
_OCCURRED_BEFORE: Final = timegm((2200, 1, 1, 0, 0, 0)) * NANOSECONDS


class Extended(Struct, frozen=True, kw_only=True):
    """The extended data of one frame, sorted by where it goes."""

    occurred_at: int | None = None  # H
    position: Position | None = None  # X, Y, Z
    media: tuple[str, ...] = ()  # V
    text: str | None = None  # I
    extra: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()


def decode_extended(fields: tuple[bytes, ...], encoding: str, *, month_from_zero: bool = False) -> Extended:
    media: list[str] = []
    extra: list[tuple[str, str]] = []
    remarks: list[str] = []
    occurred_at: int | None = None
    alarm_text: str | None = None
    place: dict[str, str] = {}
    for field in fields:
        text, remark = decode_text(field, encoding)
        remarks += remark
        letter, value = text[:1], text[1:]
        if letter == "H" and occurred_at is None and (at := _time(field, month_from_zero)) is not None:
            occurred_at = at
        elif letter == "V" and value:
            media.append(value)
        elif letter == "I" and alarm_text is None and value:
            alarm_text = value
        elif letter in ("X", "Y", "Z") and letter not in place:
            place[letter] = value
        elif letter.upper() == KEY_LETTER:
            extra.append(("x" + letter, KEY_SHOWN))
        else:
            extra.append(("x" + letter, value))
            extra += _meaning(letter, value)
            if letter == "J" and value.startswith("{") and not _is_json(field[1:]):
                remarks.append(BAD_JSON)
    position = _position(place) if place else None
    if position is None or (position.altitude_m is None and "Z" in place):
        unread = place if position is None else {"Z": place["Z"]}
        extra += [("x" + letter, value) for letter, value in unread.items()]
    return Extended(
        occurred_at=occurred_at,
        position=position,
        media=tuple(media),
        text=alarm_text,
        extra=tuple(extra),
        remarks=tuple(dict.fromkeys(remarks)),
    )


def _meaning(letter: str, value: str) -> list[tuple[str, str]]:
    """A field in words, where it says something defined."""
    match letter:
        case "T" if value in TRIGGERS:
            return [("trigger", TRIGGERS[value])]
        # G by siadc09, J by pysiaalarm's table of 2021; since 2026 J holds JSON (protocols.md 1.2): told apart by `{`.
        case "G" | "J" if _PATH.fullmatch(value):
            return [("path", value)]
        case "M" if _MAC.fullmatch(value):
            return [("mac", ":".join(value[at : at + 2] for at in range(0, 12, 2)).lower())]
        case _:
            return []


def _is_json(text: bytes) -> bool:
    """Read and thrown away: the text is kept as sent. J cannot hold lists, because ] ends the field."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _time(field: bytes, month_from_zero: bool) -> int | None:
    at = parse_timestamp(field[1:], month_from_zero=month_from_zero)
    return at if at is not None and _OCCURRED_FROM <= at < _OCCURRED_BEFORE else None


def merge_extended(signals: tuple[Signal, ...], extended: Extended) -> tuple[Signal, ...]:
    """The signals with the frame's extended data, which speaks of all of them."""
    whole = [_merge_all(signal, extended) for signal in signals[:EXTENDED_SIGNALS_MAX]]
    rest = [_merge_time_and_place(signal, extended) for signal in signals[EXTENDED_SIGNALS_MAX:]]
    return (*whole, *rest)


def _merge_all(signal: Signal, extended: Extended) -> Signal:
    extra, text = extended.extra, signal.text
    if extended.text is not None:
        if text is None:
            text = extended.text
        else:
            extra = (("xI", extended.text), *extra)
    return msgspec.structs.replace(
        signal,
        occurred_at=signal.occurred_at if extended.occurred_at is None else extended.occurred_at,
        position=signal.position if extended.position is None else extended.position,
        text=text,
        media=signal.media + extended.media,
        extra=signal.extra + extra,
    )


def _merge_time_and_place(signal: Signal, extended: Extended) -> Signal:
    return msgspec.structs.replace(
        signal,
        occurred_at=signal.occurred_at if extended.occurred_at is None else extended.occurred_at,
        position=signal.position if extended.position is None else extended.position,
    )


def _position(place: dict[str, str]) -> Position | None:
    longitude = _angle(place.get("X", ""), "E", "W", 180.0)
    latitude = _angle(place.get("Y", ""), "N", "S", 90.0)
    if longitude is None or latitude is None:
        return None
    altitude = _METRES.fullmatch(place.get("Z", ""))
    return Position(longitude=longitude, latitude=latitude, altitude_m=None if altitude is None else float(altitude[1]))


def _angle(text: str, positive: str, negative: str, degrees_max: float) -> float | None:
    found = _DEGREES_MINUTES.fullmatch(text)
    if found is not None and found[2] in (positive, negative):
        minutes = float(found[3])
        degrees = int(found[1]) + minutes / 60
        if minutes >= 60:
            return None
        degrees = degrees if found[2] == positive else -degrees
    elif _DEGREES.fullmatch(text) is not None:
        degrees = float(text)
    else:
        return None
    return degrees if abs(degrees) <= degrees_max else None
