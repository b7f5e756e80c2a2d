"""What a condition may ask about: every path, the type of its value and how it is read from a signal and a view.

One rule: a path reads the two values it is given and nothing else. What may be compared with it, and how a written
value is read, is its `ValueType`; the comparison itself is `rules.conditions`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from protocols.signals import Category, Qualifier, Scheme, Signal, bare_address
from rules.model import View
from rules.problems import write_instead
from rules.vocabulary import SERVICES

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
VERIFICATION_MAX = 4  # TMA-AVS-01 levels 0-4, requirements 2.5
MINUTES_OF_DAY = 24 * 60
TEXT_CHARS_MAX = 200  # of a value to compare with

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Value = str | int | bool | None
Getter = Callable[[Signal | None, View], object]


class ValueType(StrEnum):
    CHOICE = "choice"  # one of a closed list
    TEXT = "text"  # compared as written; `matches` and `contains` ignore case
    CODE = "code"  # compared in upper case
    ADDRESS = "address"  # digits; leading zeros mean nothing
    FLAG = "flag"
    NUMBER = "number"
    CLOCK = "clock"  # minute of the local day, written "HH:MM"


class PathType(Struct, frozen=True):
    """One path. `many`: its value is a collection, and "is" means "holds at least one of"."""

    name: str
    type: ValueType
    get: Getter
    choices: tuple[str, ...] = ()
    many: bool = False
    doc: str = ""


class ValueFault(Exception):  # noqa: N818 – caught one level up and turned into a Problem; never an error of ours
    def __init__(self, message: str, advice: str) -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


def _of_signal(read: Callable[[Signal], object]) -> Getter:
    return lambda signal, view: None if signal is None else read(signal)


def _address(digits: str | None) -> str | None:
    return bare_address(digits) or None


def _armed(signal: Signal | None, view: View) -> object:
    return "unknown" if view.armed is None else view.armed


_NAMES = tuple[str, ...]()

_CATEGORIES = tuple(Category)

_ALL = (
    PathType("signal.category", ValueType.CHOICE, _of_signal(lambda s: s.category), _CATEGORIES, doc="kind of matter"),
    PathType("signal.code", ValueType.CODE, _of_signal(lambda s: s.code.upper()), doc="event code"),
    PathType("signal.scheme", ValueType.CHOICE, _of_signal(lambda s: s.scheme), tuple(Scheme), doc="code table"),
    PathType("signal.qualifier", ValueType.CHOICE, _of_signal(lambda s: s.qualifier), tuple(Qualifier)),
    PathType("signal.area", ValueType.ADDRESS, _of_signal(lambda s: _address(s.area))),
    PathType("signal.zone", ValueType.ADDRESS, _of_signal(lambda s: _address(s.zone))),
    PathType("signal.user", ValueType.ADDRESS, _of_signal(lambda s: _address(s.user))),
    PathType("signal.text", ValueType.TEXT, _of_signal(lambda s: s.text), doc="what the panel wrote"),
    PathType("signal.family", ValueType.TEXT, _of_signal(lambda s: s.family), doc="pairs an alarm with its restore"),
    PathType(
        "signal.life_safety",
        ValueType.FLAG,
        _of_signal(lambda s: s.is_life_safety),
        doc="fire, hold-up, duress or medical",
    ),
    PathType("site.id", ValueType.TEXT, lambda s, v: v.site.id if v.site else None),
    PathType("site.kind", ValueType.TEXT, lambda s, v: v.site.kind if v.site else None, doc="shop, bank, home, …"),
    PathType("site.groups", ValueType.TEXT, lambda s, v: v.site.groups if v.site else _NAMES, many=True),
    PathType("site.tags", ValueType.TEXT, lambda s, v: v.site.tags if v.site else _NAMES, many=True),
    PathType(
        "site.services",
        ValueType.TEXT,
        lambda s, v: v.site.services if v.site else _NAMES,
        tuple(sorted(SERVICES)),
        many=True,
        doc="what the contract includes",
    ),
    PathType("zone.number", ValueType.ADDRESS, lambda s, v: _address(v.zone.number) if v.zone else None),
    PathType("zone.name", ValueType.TEXT, lambda s, v: v.zone.name if v.zone else None),
    PathType("zone.kind", ValueType.TEXT, lambda s, v: v.zone.kind if v.zone else None, doc="door, pir, smoke, …"),
    PathType("zone.tags", ValueType.TEXT, lambda s, v: v.zone.tags if v.zone else _NAMES, many=True),
    PathType("system.kind", ValueType.TEXT, lambda s, v: v.system_kind, doc="intrusion, fire, … of the panel"),
    PathType("state.armed", ValueType.FLAG, _armed, ("unknown",), doc="of the signal's area"),
    PathType("state.verification", ValueType.NUMBER, lambda s, v: v.verification, doc="0-4"),
    PathType(
        "state.open_categories",
        ValueType.CHOICE,
        lambda s, v: v.open_categories,
        _CATEGORIES,
        many=True,
        doc="of the site's open cases",
    ),
    PathType("time.weekday", ValueType.CHOICE, lambda s, v: WEEKDAYS[v.weekday], WEEKDAYS, doc="site's local time"),
    PathType("time.at", ValueType.CLOCK, lambda s, v: v.minute, doc="site's local time"),
    PathType("time.holiday", ValueType.FLAG, lambda s, v: v.is_holiday, doc="public holiday"),
)

PATHS: Mapping[str, PathType] = MappingProxyType({path.name: path for path in _ALL})


def clock_minute(text: object) -> int:
    """ "03:12" → 192. "24:00" is the end of the day."""
    if text == "24:00":
        return MINUTES_OF_DAY
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueFault(f"{text} is no time of day", 'write it in quotes as "HH:MM", for example "22:00"')
    return int(match[1]) * 60 + int(match[2])


def read_value(path: PathType, raw: object) -> Value:
    """A value as written in YAML → as `path.get` gives it. Raises ValueFault with what to write instead."""
    if isinstance(raw, dict | list) or raw is None:
        raise ValueFault(f"{path.name} is compared with one value here", "write a single word, number or text")
    match path.type:
        case ValueType.CHOICE:
            return _choice(path, raw)
        case ValueType.FLAG:
            if isinstance(raw, bool) or raw in path.choices:
                assert isinstance(raw, bool | str)
                return raw
            raise ValueFault(f"{path.name} is true or false, not {raw}", f"write {_either(path)} instead")
        case ValueType.NUMBER:
            if isinstance(raw, int) and not isinstance(raw, bool) and 0 <= raw <= VERIFICATION_MAX:
                return raw
            raise ValueFault(f"{path.name} is a whole number from 0 to {VERIFICATION_MAX}, not {raw}", "write a level")
        case ValueType.CLOCK:
            return clock_minute(raw)
        case ValueType.ADDRESS:
            if isinstance(raw, bool) or not str(raw).isascii() or not str(raw).isdigit():
                raise ValueFault(f"{path.name} is digits, not {raw}", "write the number, for example 3")
            if not bare_address(str(raw)):
                raise ValueFault(f"{path.name} {raw} means none", "panels send 0 for no address; write another number")
            return bare_address(str(raw))
        case ValueType.CODE | ValueType.TEXT:
            return _text(path, raw)


def _either(path: PathType) -> str:
    return "true, false or unknown" if path.choices else "true or false"


def _choice(path: PathType, raw: object) -> str:
    text = str(raw)
    if text not in path.choices:
        raise ValueFault(f"unknown {path.name.rpartition('.')[2]} {text}", write_instead(text, path.choices))
    return text


def _text(path: PathType, raw: object) -> str:
    if isinstance(raw, bool | float):
        raise ValueFault(f"{path.name} is text, not {str(raw).lower()}", "put it in quotes")
    text = str(raw)
    if not text or len(text) > TEXT_CHARS_MAX:
        raise ValueFault(f"{path.name} is compared with 1 to {TEXT_CHARS_MAX} characters", "shorten it")
    if path.choices and text not in path.choices:
        raise ValueFault(f"unknown word {text} for {path.name}", write_instead(text, path.choices))
    return text.upper() if path.type is ValueType.CODE else text
