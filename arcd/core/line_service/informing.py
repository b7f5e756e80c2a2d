"""Who was told of a matter, and that all of them are told when it is over (R-21).

One rule: told once is owed once more. Whom the machine wrote to it writes to again by itself; whom a person called, a
person calls.
"""

from __future__ import annotations

from msgspec.structs import replace

from arcd.core.case.casebook import save
from arcd.core.case.model import INFORMED_MAX, Case, Informed
from arcd.core.case.outgoing import people
from arcd.core.case.texts import local_clock, render
from arcd.core.delivery import ask_for
from arcd.core.effects import SendMail
from arcd.core.facts import DAEMON, PartyInformed
from arcd.core.line_service.model import OperatorNotice
from arcd.core.line_service.texts import TEXTS
from arcd.core.line_service.verifying import UP_SINCE
from arcd.core.site import Contact, Site
from arcd.core.turn import Turn, text_in

KEYHOLDERS = "keyholders"  # the call list of who answers for the building
TEXT_CHARS_MAX = 1000
NAME_CHARS_MAX = 200
MAIL = "mail"


def add_operator(turn: Turn, case: Case, notice: OperatorNotice) -> Case:
    """The notice itself owes the operator the end of it."""
    operator = turn.centre.transmission_operator(notice.operator_id)
    return _add(
        case,
        Informed(
            party=f"notice/{notice.id}",
            name=operator.name if operator else notice.operator_id,
            how=MAIL,
            at=notice.delivered_at or turn.at,
            by=DAEMON.id,
            reference=notice.id,
            over_at=turn.at,
            over_how="notice",
            over_by=DAEMON.id,
        ),
    )


def tell_keyholders(turn: Turn, case: Case, site: Site) -> Case:
    """Those who answer for the building, each in their own language."""
    for contact in people(turn, site, KEYHOLDERS):
        if contact.email is None:
            continue
        told = Informed(
            party=f"contact/{contact.id}", name=contact.name, how=MAIL, at=turn.at, by=DAEMON.id,
            address=contact.email, language=_language(turn, contact),
        )  # fmt: skip
        _mail(turn, case, told, "informed")
        turn.note("party.informed", case.id, party=told.party, how=MAIL, by=DAEMON.id)
        case = _add(case, told)
    return case


def _add(case: Case, informed: Informed) -> Case:
    """Somebody who is told a second time is owed one end of it; it is owed anew."""
    rest = tuple(each for each in case.informed if each.party != informed.party)
    return replace(case, informed=(*rest, informed))


def request(turn: Turn, fact: PartyInformed) -> None:
    case = turn.state.cases.get(fact.case_id)
    if case is None or not case.is_open:
        return turn.refuse("case.unknown", f"No case {fact.case_id} is open.")
    contact = _contact(turn, case, fact.contact_id) if fact.contact_id else None
    refusal = _refusal(turn, fact, case, contact)
    if refusal is not None:
        return turn.refuse(*refusal)
    if fact.is_over:
        return _over(turn, fact, case)
    name = contact.name if contact else fact.name.strip()
    informed = Informed(
        party=f"contact/{contact.id}" if contact else f"name/{name}",
        name=name,
        how=fact.how,
        at=fact.told_at or turn.at,
        by=fact.actor.id,
        reference=fact.reference.strip(),
        address=(contact.email or "") if contact and fact.how == MAIL else "",
        language=_language(turn, contact),
    )
    if fact.how == MAIL:
        _mail(turn, case, informed, "informed", text=fact.text.strip())
    save(turn, _add(case, informed))
    turn.note("party.informed", case.id, party=informed.party, how=informed.how, by=fact.actor.id)
    return turn.grant(case.id)


def _refusal(turn: Turn, fact: PartyInformed, case: Case, contact: Contact | None) -> tuple[str, str] | None:
    if fact.contact_id and contact is None:
        return (
            "informed.contact",
            f"Neither {case.site_id or 'the matter'} nor the centre has a contact {fact.contact_id}.",
        )
    if not fact.contact_id and not 1 <= len(fact.name.strip()) <= NAME_CHARS_MAX:
        return "informed.name", f"Say who was told: a contact, or a name of 1 to {NAME_CHARS_MAX} characters."
    if not 1 <= len(fact.how) <= NAME_CHARS_MAX or max(len(fact.text), len(fact.reference)) > TEXT_CHARS_MAX:
        return (
            "informed.text",
            f"Say how they were told; a text and a reference have at most {TEXT_CHARS_MAX} characters.",
        )
    if fact.how == MAIL and not fact.is_over and (contact is None or contact.email is None):
        return "informed.address", "There is no address to write to; tell them otherwise, and say how: phone."
    if fact.told_at is not None and fact.told_at > turn.at:
        return "informed.time", "It is recorded once it has been told: its time lies in the future."
    if len(case.informed) >= INFORMED_MAX and not fact.is_over:
        return "informed.many", f"{case.id} has {INFORMED_MAX} parties already."
    return None


def _over(turn: Turn, fact: PartyInformed, case: Case) -> None:
    party = f"contact/{fact.contact_id}" if fact.contact_id else f"name/{fact.name.strip()}"
    standing = next((each for each in case.informed if each.party == party), None)
    if standing is None:
        told = ", ".join(each.name for each in case.informed) or "nobody"
        return turn.refuse("informed.unknown", f"{party.partition('/')[2]} was never told of it; told were: {told}.")
    if standing.over_at is not None:
        return turn.refuse("informed.over", f"{standing.name} has been told already that it is over.")
    if fact.how == MAIL:
        if not standing.address:
            return turn.refuse("informed.address", "There is no address to write to; tell them otherwise: phone.")
        _mail(turn, case, standing, "informed_over")
    ended = replace(
        standing,
        over_at=fact.told_at or turn.at,
        over_how=fact.how,
        over_by=fact.actor.id,
        over_reference=fact.reference.strip(),
    )
    save(turn, replace(case, informed=tuple(ended if each is standing else each for each in case.informed)))
    turn.note("party.informed_again", case.id, party=party, how=fact.how, by=fact.actor.id)
    return turn.grant(case.id)


def tell_over(turn: Turn, case: Case) -> Case:
    """The machine writes to whom it wrote before; `case` with that on record, not saved."""
    informed = []
    for each in case.informed:
        if each.over_at is None and each.address:
            _mail(turn, case, each, "informed_over")
            turn.note("party.informed_again", case.id, party=each.party, how=MAIL, by=DAEMON.id)
            each = replace(each, over_at=turn.at, over_how=MAIL, over_by=DAEMON.id)
        informed.append(each)
    return replace(case, informed=tuple(informed))


def keep_up(turn: Turn) -> None:
    """At the end of a step: a case that is being cancelled tells whom it can."""
    for case_id in turn.state.changed_keys(turn.state.cases):
        case = turn.state.cases.get(case_id)
        if case is None or not case.is_open or case.state != "cancelling" or case.type != "arrangement":
            continue
        if any(each.over_at is None and each.address for each in case.informed):
            save(turn, tell_over(turn, case))


def _mail(turn: Turn, case: Case, informed: Informed, what: str, text: str = "") -> None:
    site = turn.state.sites.get(case.site_id)
    timezone, language = (site.timezone if site else "Europe/Helsinki"), informed.language
    case_type = turn.rules.case_types[case.type]
    values = {
        "site_name": site.name if site else case.site_name,
        "site_address": site.address if site else "",
        "state": text_in(case_type.states.get(case.state, {}), language),
        "down": _down_text(case, timezone, language),
        "over": local_clock(turn.at, timezone),
        "text": text,
        "case_id": case.id,
        "centre_name": turn.centre.name,
    }
    subject = render(text_in(TEXTS[f"{what}.subject"], language), values)
    body = render(text_in(TEXTS[f"{what}.body"], language), values)
    ask_for(turn, SendMail(id=turn.new_id("E"), to=(informed.address,), subject=subject, body=body, case_id=case.id))


def _down_text(case: Case, timezone: str, language: str) -> str:
    since = case.form.get("fault_since", "")
    if not since or case.form.get(UP_SINCE):
        return ""
    return render(text_in(TEXTS["down"], language), {"since": local_clock(int(since), timezone)})


def _contact(turn: Turn, case: Case, contact_id: str) -> Contact | None:
    site = turn.state.sites.get(case.site_id)
    return (site.contact(contact_id) if site else None) or turn.centre.contact(contact_id)


def _language(turn: Turn, contact: Contact | None) -> str:
    return contact.languages[0] if contact and contact.languages else turn.centre.language
