"""A case in the words of CAP 1.2 (requirements 3.3).

One rule: need to know. What an emergency centre acts on is said; who our customer's people are, their code words and
the standing notes for guards are not.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from arcd.core.case.authority import gate, words
from arcd.core.case.authority.model import AuthorityNotification, Purpose
from arcd.core.case.authority.policy import EscalationPolicy
from arcd.core.case.authority.script import guard_text, values_of
from arcd.core.case.model import Case
from arcd.core.site import Site
from arcd.core.turn import NS, Turn, text_in
from protocols.cap.message import (
    Alert,
    Area,
    CapCategory,
    Certainty,
    Circle,
    Info,
    MsgType,
    Named,
    Scope,
    Severity,
    Status,
    Urgency,
)
from protocols.cap.profile import cap_time
from protocols.signals import Category, Qualifier, Scheme

CATEGORIES: dict[Category, CapCategory] = {
    Category.INTRUSION: CapCategory.SECURITY,
    Category.TAMPER: CapCategory.SECURITY,
    Category.HOLDUP: CapCategory.SECURITY,
    Category.DURESS: CapCategory.SECURITY,
    Category.FIRE: CapCategory.FIRE,
    Category.MEDICAL: CapCategory.HEALTH,
    Category.TECHNICAL: CapCategory.INFRA,
}
# Verification level → what CAP calls it. Level 0 is never sent as an alarm; a message that ends one says Unlikely.
CERTAINTIES = (Certainty.UNLIKELY, Certainty.POSSIBLE, Certainty.LIKELY, Certainty.OBSERVED, Certainty.OBSERVED)
SEVERITIES = (Severity.MINOR, Severity.MINOR, Severity.MODERATE, Severity.SEVERE, Severity.EXTREME)
# eventCode lists: SIA DC-03 and Contact ID (SIA DC-05).
CODE_LISTS = {Scheme.SIA: "SIA-DC-03", Scheme.CONTACT_ID: "CID"}
MSG_TYPES = {Purpose.NOTIFY: MsgType.ALERT, Purpose.UPDATE: MsgType.UPDATE, Purpose.CANCEL: MsgType.CANCEL}

LANGUAGES = {"fi": "fi-FI", "sv": "sv-FI", "en": "en-GB"}
CODES_MAX = 10
ZONES_MAX = 10
TEXT_CHARS_MAX = 2000  # of what an operator adds
# A building and its yard; the panel's own position may be rougher than that.
RADIUS_KM = 0.05

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def alert_of(
    turn: Turn, case: Case, notification: AuthorityNotification, policy: EscalationPolicy, purpose: Purpose, text: str
) -> Alert:
    assert gate.level_of(case) > 0 or purpose is Purpose.CANCEL, "level 0 is never sent as an alarm"
    site = turn.state.sites.get(case.site_id)
    first = notification.first
    number = len(notification.messages)
    return Alert(
        identifier=f"{policy.sender}-{ulid(turn.at, f'{case.id}/{number}/{case.opened_at}')}",
        sender=policy.sender,
        sent=_local(turn.at, site),
        status=Status.ACTUAL if notification.actual else Status.EXERCISE,
        msg_type=MSG_TYPES[purpose],
        scope=Scope.PRIVATE,
        addresses=(policy.addressee,),
        note=text[:TEXT_CHARS_MAX],
        references=(first.alert.reference,) if first is not None else (),
        incidents=(case.id,),
        infos=(_info(turn, case, notification, site, purpose, text),),
    )


def _info(
    turn: Turn, case: Case, notification: AuthorityNotification, site: Site | None, purpose: Purpose, text: str
) -> Info:
    language = turn.centre.language
    values = values_of(turn.state, case, language, news=text[:TEXT_CHARS_MAX])
    level = gate.level_of(case)
    exercise = () if notification.actual else (text_in(words.EXERCISE, language),)
    told = [*exercise, values["signal_text"], values["level"], values["same_event"], values["news"]]
    headline = f"{values['category']}: {values['where']}"
    return Info(
        language=LANGUAGES.get(language, language),
        categories=_categories(case),
        event=" ".join([*exercise, values["category"]]),
        urgency=Urgency.PAST if purpose is Purpose.CANCEL else Urgency.IMMEDIATE,
        severity=SEVERITIES[level],
        certainty=CERTAINTIES[level],
        event_codes=_codes(case),
        onset=_local(case.opened_at, site),
        sender_name=turn.centre.name,
        headline=" ".join([*exercise, headline]),
        description="\n".join(dict.fromkeys(line for line in told if line)),
        parameters=_parameters(turn, case, site, level),
        areas=(_area(values["where"], case, site),),
    )


def _categories(case: Case) -> tuple[CapCategory, ...]:
    """The case's own first, then those of what joined it."""
    joined = (
        attached.signal.category for attached in case.signals if attached.signal.qualifier is not Qualifier.RESTORE
    )
    seen = [case.category, *(category for category in joined if category in CATEGORIES)]
    named = (CATEGORIES.get(category or Category.UNKNOWN, CapCategory.OTHER) for category in seen)
    return tuple(dict.fromkeys(named))


def _codes(case: Case) -> tuple[Named, ...]:
    found = (
        Named(name=CODE_LISTS[attached.signal.scheme], value=attached.signal.code)
        for attached in case.signals
        if attached.signal.scheme in CODE_LISTS and attached.signal.qualifier is not Qualifier.RESTORE
    )
    return tuple(dict.fromkeys(found))[:CODES_MAX]


def _parameters(turn: Turn, case: Case, site: Site | None, level: int) -> tuple[Named, ...]:
    zones = dict.fromkeys(
        " ".join(part for part in (attached.signal.zone, attached.zone_name) if part)
        for attached in case.signals
        if attached.signal.qualifier is not Qualifier.RESTORE
    )
    device = gate.erc_device(site, case)
    pairs = [
        ("avs-level", str(level)),
        *(("zone", zone) for zone in list(zones)[:ZONES_MAX]),
        ("erc-device", device),
        ("same-event", "yes" if device else ""),
        *(("hazard", hazard) for hazard in (site.hazards if site else ())),
        ("guard", guard_text(turn.state, case)),
    ]
    return tuple(Named(name=name, value=value) for name, value in pairs if value)


def _area(where: str, case: Case, site: Site | None) -> Area:
    position = next((attached.signal.position for attached in reversed(case.signals) if attached.signal.position), None)
    position = position or (site.position if site else None)
    circles: tuple[Circle, ...] = ()
    if position is not None:
        circles = (Circle(latitude=position.latitude, longitude=position.longitude, radius_km=RADIUS_KM),)
    municipality = site.municipality if site else ""
    geocodes = (Named(name="municipality", value=municipality),) if municipality else ()
    return Area(area_desc=where, circles=circles, geocodes=geocodes)


def _local(at: int, site: Site | None) -> str:
    """On the site's wall clock, with its offset: what people there and at the emergency centre read."""
    zone = ZoneInfo(site.timezone if site else "Europe/Helsinki")
    offset = datetime.fromtimestamp(at // NS, UTC).astimezone(zone).utcoffset()
    assert offset is not None, "a time zone has an offset"
    return cap_time(at, int(offset.total_seconds()))


def ulid(at: int, unique: str) -> str:
    """48 bits of milliseconds and 80 bits that every replay draws alike (github.com/ulid/spec)."""
    chance = int.from_bytes(hashlib.sha256(unique.encode()).digest()[:10])
    number = ((at // 1_000_000) & ((1 << 48) - 1)) << 80 | chance
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))
