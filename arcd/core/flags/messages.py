"""What the machine writes about flags: to the one who asked, to the one who answers for it, and into the report.

One rule: nothing here decides anything. Who has no address is not written to; the journal's note stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from arcd.core.case.texts import local_clock, render
from arcd.core.delivery import ask_for
from arcd.core.effects import SendMail
from arcd.core.facts import FlagKind
from arcd.core.flags.model import Flag, FlagReport, HeldSignal
from arcd.core.flags.texts import KINDS, MESSAGES, REPORT
from arcd.core.site import Contact
from arcd.core.turn import Turn, text_in

LISTED_MAX = 40  # of zones, alarms and emergencies in a text; the report itself has them all


def tell(turn: Turn, flag: Flag, name: str, **values: str) -> None:
    """Mail to whoever answers for the flag, in their own language."""
    contact = _responsible(turn, flag)
    if contact is None or contact.email is None:
        return
    language = contact.languages[0] if contact.languages else turn.centre.language
    site = turn.state.sites.get(flag.site_id)
    timezone = site.timezone if site else "Europe/Helsinki"
    filled = {
        "flag_id": flag.id,
        "kind": text_in(KINDS[flag.kind], language),
        "site_name": site.name if site else flag.site_id,
        "until_local": local_clock(flag.until, timezone),
        "reason": flag.reason,
        "informed": ", ".join(flag.informed) or "–",
        **values,
    }
    subject, body = (render(text_in(MESSAGES[f"{name}.{part}"], language), filled) for part in ("subject", "body"))
    ask_for(turn, SendMail(id=turn.new_id("E"), to=(contact.email,), subject=subject, body=body))


def tell_result(turn: Turn, report: FlagReport) -> None:
    contact = _responsible(turn, report.flag)
    language = contact.languages[0] if contact is not None and contact.languages else turn.centre.language
    tell(turn, report.flag, "ended", report=report_text(report, language))


def _responsible(turn: Turn, flag: Flag) -> Contact | None:
    """Maintenance has an owner; a test belongs to whoever asked for it."""
    contact_id = flag.owner if flag.kind is FlagKind.MAINTENANCE else flag.requested_by
    site = turn.state.sites.get(flag.site_id)
    found = site.contact(contact_id) if site is not None and contact_id else None
    return found or (turn.centre.contact(contact_id) if contact_id else None)


def report_text(report: FlagReport, language: str) -> str:
    flag = report.flag
    lines = [
        _line("because", language, report.because),
        _line("held", language, str(flag.held)),
    ]
    if report.expected:
        heard = [f"{zone} ×{flag.heard[zone]}" for zone in report.expected if zone in flag.heard]
        lines.append(_line("heard", language, _listed(heard)))
        lines.append(_line("missing", language, _listed(report.missing)))
    standing = [f"{trigger.system_id}/{trigger.zone or '–'} {trigger.category.value}" for trigger in flag.standing]
    lines.append(_line("standing", language, _listed(standing)))
    if flag.emergency_count:
        told = [_signal(held) for held in flag.emergencies]
        lines.append(_line("emergencies", language, f"{flag.emergency_count}: {_listed(told)}"))
    if report.is_announced is False:
        lines.append(text_in(REPORT["unannounced"], language))
    return "\n".join(lines)


def _line(name: str, language: str, text: str) -> str:
    return f"{text_in(REPORT[name], language)}: {text}"


def _signal(held: HeldSignal) -> str:
    zone = f" {held.system_id}/{held.signal.zone}" if held.signal.zone else f" {held.system_id}"
    return f"{held.signal.code}{zone}{' *' if held.promoted else ''}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" … +{len(every) - LISTED_MAX}" if len(every) > LISTED_MAX else ""
    return (", ".join(every[:LISTED_MAX]) + more) or "–"
