"""Messages a case sends: to a guard, to the centre's person on duty, to the people of a call list.

One rule: the text is made here and stands in the journal as sent; only the guard's personal link is filled in later.
"""

from __future__ import annotations

from arcd.core.calendars import reachable
from arcd.core.case import texts
from arcd.core.case.model import Case
from arcd.core.delivery import ask_for
from arcd.core.effects import SendMail, SendPage
from arcd.core.site import Centre, Contact, Site
from arcd.core.state import State
from arcd.core.turn import Turn, text_in
from protocols.event_codes import lookup_contact_id, lookup_sia
from protocols.signals import Scheme, Signal
from rules.model import Priority

ON_DUTY = "on_duty"
SUPERVISORS = "supervisors"  # a call list of the centre, which need not be there
CENTRE_TIMEZONE = "Europe/Helsinki"


# Priority of a case → ESPA record 6.
URGENCY = {Priority.P0: "1", Priority.P1: "1", Priority.P2: "2"}


def signal_text(signal: Signal) -> str:
    """ "BA Burglary Alarm": the code and its name, for those who do not know codes by heart."""
    code = None
    if signal.scheme is Scheme.SIA:
        code = lookup_sia(signal.code)
    elif signal.scheme is Scheme.CONTACT_ID:
        code = lookup_contact_id(signal.code)
    name = code.name if code is not None else (signal.text or "")
    return f"{signal.code} {name}".strip()


def signal_text_of(case: Case) -> str:
    return signal_text(case.signals[0].signal) if case.signals else case.title


def values_of(turn: Turn, case: Case, language: str) -> dict[str, str]:
    return values_in(turn.state, case, language)


def values_in(state: State, case: Case, language: str) -> dict[str, str]:
    """What templates may speak of. Names of the placeholders are checked when a pack is loaded."""
    site = state.sites.get(case.site_id)
    first = case.signals[0] if case.signals else None
    timezone = site.timezone if site else "Europe/Helsinki"
    described = ""
    if first is not None:
        zone = " ".join(part for part in (first.signal.zone, first.zone_name) if part)
        described = f"{signal_text(first.signal)}{f' ({zone})' if zone else ''}"
    return {
        "case_id": case.id,
        "priority": case.priority.value,
        "category": texts.category_text(case.category, language).capitalize(),
        "site_name": site.name if site else case.site_name or centre_of(state).name,
        "site_address": site.address if site else "",
        "instructions": text_in(site.instructions, language) if site else "",
        "signal_text": described,
        "signal_code": first.signal.code if first else "",
        "zone": (first.signal.zone or "") if first else "",
        "zone_name": first.zone_name if first else "",
        "area": (first.signal.area or "") if first else "",
        "time_local": texts.local_clock(first.at if first else case.opened_at, timezone),
    }


def centre_of(state: State) -> Centre:
    return state.centre.get("centre") or Centre()


def people(turn: Turn, site: Site | None, list_name: str) -> tuple[Contact, ...]:
    return people_in(turn.state, site, list_name)


def people_in(state: State, site: Site | None, list_name: str) -> tuple[Contact, ...]:
    """A call list by name: the site's own if it has one, else the centre's."""
    centre = centre_of(state)
    if site is not None and list_name in site.call_lists:
        found = (site.contact(contact_id) for contact_id in site.call_lists[list_name])
    else:
        found = (centre.contact(contact_id) for contact_id in centre.call_lists.get(list_name, ()))
    return tuple(contact for contact in found if contact is not None)


def mail_people(turn: Turn, case: Case, contacts: tuple[Contact, ...], subject: str, body: str) -> list[str]:
    """One mail per contact that has an address; the effect ids."""
    ids = []
    for contact in contacts:
        if contact.email is None:
            continue
        effect_id = turn.new_id("E")
        ask_for(turn, SendMail(id=effect_id, to=(contact.email,), subject=subject, body=body, case_id=case.id))
        ids.append(effect_id)
    return ids


def page_people(turn: Turn, case: Case, contacts: tuple[Contact, ...], text: str) -> list[str]:
    """One page per contact that carries a pager; the effect ids. What is urgent in the room is urgent on the belt."""
    ids = []
    urgency = URGENCY.get(case.priority, "3")
    for contact in contacts:
        if contact.pager is None:
            continue
        effect_id = turn.new_id("E")
        ask_for(turn, SendPage(id=effect_id, address=contact.pager, text=text, urgency=urgency, case_id=case.id))
        ids.append(effect_id)
    return ids


def available(turn: Turn, site: Site | None, contacts: tuple[Contact, ...]) -> tuple[Contact, ...]:
    """Who of a list may be called now, with substitutes for those who are away (requirements 4.7)."""
    known = {contact.id: contact for contact in (*turn.centre.contacts, *(site.contacts if site else ()))}
    return reachable(contacts, known, site.timezone if site else CENTRE_TIMEZONE, turn.at)


def on_duty(turn: Turn) -> tuple[Contact, ...]:
    """The last resort is never empty: when nobody has duty hours now, all of them are asked."""
    contacts = people(turn, None, ON_DUTY)
    return available(turn, None, contacts) or contacts


def tell_supervisors(turn: Turn, case: Case, because: str, **values: str) -> None:
    """requirements 4.5: at the first target the supervisor hears of it, where the centre has named one."""
    contacts = available(turn, None, people(turn, None, SUPERVISORS))
    if contacts:
        _mail_about(turn, case, contacts, because, **values)
        turn.note("supervisor.told", case.id, because=because)


def page_on_duty(turn: Turn, case: Case, because: str, **values: str) -> None:
    """Call for a person: the last resort of every path through the machine."""
    ids = _mail_about(turn, case, on_duty(turn), because, **values)
    turn.note("person.called", case.id, because=because, mails=len(ids), **values)


def _mail_about(turn: Turn, case: Case, contacts: tuple[Contact, ...], because: str, **values: str) -> list[str]:
    language = turn.centre.language
    filled = {**values_of(turn, case, language), "because": texts.reason_text(because, language, **values)}
    subject = texts.message("person.subject", language, filled)
    mailed = mail_people(turn, case, contacts, subject, texts.message("person.body", language, filled))
    return mailed + page_people(turn, case, contacts, subject)
