"""A site and its people, as much as somebody needs who works on a case there.

One rule: whether there is a code word is shown as yes or no. Its hash has no field here, so it cannot leave by accident
(R-87).
"""

from __future__ import annotations

from arcd.api.answers import View
from arcd.core.site import Contact, ContactRole, Guard, Hours, Site
from arcd.core.state import State
from arcd.core.turn import text_in
from protocols.signals import Position

# Matters of the centre itself, and sites no longer in the site base, are told in the centre's time (design 6).
CENTRE_TIMEZONE = "Europe/Helsinki"


class PositionView(View):
    longitude: float
    latitude: float
    altitude_m: float | None = None


class HoursView(View):
    """Minutes of the local day; both null: closed that day."""

    opens: int | None
    closes: int | None


class ContactView(View):
    """`available` empty: always. `away` are local dates, both included; then `substitute` is called instead."""

    id: str
    name: str
    roles: list[ContactRole]
    languages: list[str]
    phones: list[str]
    email: str | None
    pager: str | None
    code_word: bool
    available: dict[str, HoursView]
    away: list[tuple[str, str]]
    substitute: str | None


class GuardView(View):
    id: str
    name: str
    company: str
    phone: str | None


class SiteBrief(View):
    """What somebody needs who works on a case at the site."""

    id: str
    name: str
    address: str
    municipality: str
    position: PositionView | None
    timezone: str
    kind: str
    customer: str
    languages: list[str]
    hazards: list[str]
    instructions: str
    contacts: list[ContactView]
    call_lists: dict[str, list[str]]
    guards: list[GuardView]


def timezone_of(state: State, site_id: str) -> str:
    site = state.sites.get(site_id)
    return site.timezone if site is not None else CENTRE_TIMEZONE


def contact_view(contact: Contact) -> ContactView:
    return ContactView(
        id=contact.id,
        name=contact.name,
        roles=list(contact.roles),
        languages=list(contact.languages),
        phones=list(contact.phones),
        email=contact.email,
        code_word=contact.code_word_hash is not None,
        available={day: hours_view(hours) for day, hours in contact.available.items()},
        away=list(contact.away),
        substitute=contact.substitute,
        pager=contact.pager,
    )


def hours_view(hours: Hours) -> HoursView:
    return HoursView(opens=hours.opens, closes=hours.closes)


def guard_view(guard: Guard) -> GuardView:
    return GuardView(id=guard.id, name=guard.name, company=guard.company, phone=guard.phone)


def position_view(position: Position | None) -> PositionView | None:
    if position is None:
        return None
    return PositionView(longitude=position.longitude, latitude=position.latitude, altitude_m=position.altitude_m)


def site_brief(state: State, site: Site, language: str) -> SiteBrief:
    centre = state.centre.get("centre")
    guards = [centre.guard(guard_id) for guard_id in site.guards] if centre is not None else []
    return SiteBrief(
        id=site.id,
        name=site.name,
        address=site.address,
        municipality=site.municipality,
        position=position_view(site.position),
        timezone=site.timezone,
        kind=site.kind,
        customer=site.customer,
        languages=list(site.languages),
        hazards=list(site.hazards),
        instructions=text_in(site.instructions, language),
        contacts=[contact_view(contact) for contact in site.contacts],
        call_lists={name: list(contact_ids) for name, contact_ids in site.call_lists.items()},
        guards=[guard_view(guard) for guard in guards if guard is not None],
    )
