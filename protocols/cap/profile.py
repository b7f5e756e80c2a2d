"""What CAP 1.2 demands and its schema cannot say, and the forms of its texts: times, references, circles, word lists.

One rule: each rule stands once, and both ways use it. A message of somebody else's that breaks one is refused with the
rule in words; one of ours that breaks one is a defect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

from protocols.cap.message import Alert, Circle, MsgType, Reference, Scope

NS = 1_000_000_000
# 3.2.1: identifier and sender hold no spaces, commas or restricted characters (< and &). Controls would be no XML.
NAME = re.compile(r"[^\s,<&\x00-\x1f\x7f]+")
NAME_CHARS_MAX = 200
# 3.3.2: whole seconds and a numeric offset; UTC is -00:00, and Z is not used.
TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)([+-])(\d\d):(\d\d)")
CIRCLE = re.compile(r"(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?) (\d+(?:\.\d+)?)")
DIGEST = re.compile(r"[0-9A-Fa-f]{40}")  # FIPS 180: SHA-1
# Every one of these speaks about an earlier message; without a reference it would be about nothing (3.2.1 msgType).
REFERRING = frozenset({MsgType.UPDATE, MsgType.CANCEL, MsgType.ACK, MsgType.ERROR})


def cap_time(at: int, utc_offset_s: int = 0) -> str:
    """An instant (ns since 1970 UTC) as the standard writes it; the offset is the place's own, in whole minutes."""
    minutes = utc_offset_s // 60
    local = datetime.fromtimestamp(at // NS, UTC).astimezone(timezone(timedelta(minutes=minutes)))
    sign = "+" if minutes > 0 else "-"  # UTC itself is -00:00
    return f"{local:%Y-%m-%dT%H:%M:%S}{sign}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def parse_time(text: str) -> int | None:
    """ns since 1970 UTC, or None where it is no such time."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    offset_s = (int(found[8]) * 60 + int(found[9])) * (60 if found[7] == "+" else -60)
    try:
        local = datetime(*(int(found[n]) for n in range(1, 7)), tzinfo=UTC)  # type: ignore[arg-type, misc]  # – six numbers
    except ValueError:
        return None
    if int(found[8]) > 14 or int(found[9]) > 59:
        return None
    return (int(local.timestamp()) - offset_s) * NS


def parse_circle(text: str) -> Circle | None:
    found = CIRCLE.fullmatch(text)
    if found is None:
        return None
    circle = Circle(latitude=float(found[1]), longitude=float(found[2]), radius_km=float(found[3]))
    return circle if abs(circle.latitude) <= 90 and abs(circle.longitude) <= 180 else None


def circle_text(circle: Circle) -> str:
    return f"{_decimal(circle.latitude)},{_decimal(circle.longitude)} {_decimal(circle.radius_km)}"


def _decimal(value: float) -> str:
    """At most seven places, a centimetre on the ground; never in powers of ten."""
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def parse_references(text: str) -> tuple[Reference, ...] | None:
    """Triples separated by white space; None where one of them is none."""
    found = []
    for triple in text.split():
        sender, _, rest = triple.partition(",")
        identifier, _, sent = rest.partition(",")
        if not (NAME.fullmatch(sender) and NAME.fullmatch(identifier)) or parse_time(sent) is None:
            return None
        found.append(Reference(sender=sender, identifier=identifier, sent=sent))
    return tuple(found)


def parse_words(text: str) -> tuple[str, ...]:
    """addresses and incidents: separated by white space; a name with a space in it stands in double quotes (3.2.1)."""
    return tuple(quoted or bare for quoted, bare in re.findall(r'"([^"]*)"|(\S+)', text) if quoted or bare)


def words_text(words: tuple[str, ...]) -> str:
    return " ".join(f'"{word}"' if re.search(r"\s", word) else word for word in words)


def problem_of(alert: Alert) -> str | None:
    """The first rule the message breaks, as a sentence; None when it keeps them all."""
    return next(_problems(alert), None)


def _problems(alert: Alert) -> Iterator[str]:
    for field, text in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not NAME.fullmatch(text) or len(text) > NAME_CHARS_MAX:
            yield f"{field} has 1 to {NAME_CHARS_MAX} characters and no space, comma, < or &"
    if parse_time(alert.sent) is None:
        yield "sent is a time in whole seconds with a numeric offset, UTC being -00:00"
    if alert.scope is Scope.PRIVATE and not alert.addresses:
        yield "scope Private needs addresses"
    if alert.scope is Scope.RESTRICTED and not alert.restriction:
        yield "scope Restricted needs a restriction"
    if any('"' in word for word in (*alert.addresses, *alert.incidents)):
        yield "addresses and incidents hold no quotation marks"
    if alert.msg_type in REFERRING and not alert.references:
        yield f"msgType {alert.msg_type} needs references"
    for info in alert.infos:
        if not info.categories:
            yield "an info has at least one category"
        for field, text in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
            if text and parse_time(text) is None:
                yield f"{field} is a time in whole seconds with a numeric offset"
        if any(resource.digest and not DIGEST.fullmatch(resource.digest) for resource in info.resources):
            yield "digest is a SHA-1 in 40 hex digits; SHA-256 goes into a parameter"
