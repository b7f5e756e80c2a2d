"""A site, its people and its systems as the API shows them.

One rule: a key, and whether there is a code word, is shown as yes or no. Neither sealed keys nor hashes have a field
here, so they cannot leave by accident (R-87).
"""

from __future__ import annotations

import msgspec

from arcd.api.answers import View
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.core.account import account_key
from arcd.core.case.texts import local_clock
from arcd.core.facts import FlagKind
from arcd.core.flags.model import Flag
from arcd.core.site import Account, Contact, ContactRole, Guard, Hours, Schedule, Site, System
from arcd.core.state import State
from arcd.core.turn import text_in
from arcd.core.view import area_key
from protocols.signals import Category, Position

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


class AccountView(View):
    number: str
    receiver: str | None
    line: str | None
    key: bool
    previous_key: bool
    window_past_s: float
    window_future_s: float
    ignore_crc: bool
    encoding: str
    last_heard: str | None


class ScheduleView(View):
    weekdays: dict[str, HoursView]
    holiday: HoursView | None
    exceptions: dict[str, HoursView]
    open_grace_s: float
    close_grace_s: float


class AreaView(View):
    number: str
    name: str
    reports_open_close: bool
    armed: bool | None
    schedule: ScheduleView | None


class ZoneView(View):
    number: str
    name: str
    area: str | None
    kind: str
    technology: str
    exterior: bool
    confirm_group: str
    cameras: list[str]
    tags: list[str]


class SystemView(View):
    id: str
    kind: str
    name: str
    erc_device: str | None
    test_interval_s: float | None
    only_tests_count: bool
    accounts: list[AccountView]
    areas: list[AreaView]
    zones: list[ZoneView]


class ScopeView(View):
    systems: list[str]
    areas: list[str]
    zones: list[str]
    categories: list[Category]


class FlagView(View):
    id: str
    kind: FlagKind
    site_id: str
    site_name: str
    scope: ScopeView
    starts_at: str
    starts_at_local: str
    until: str
    until_local: str
    in_force: bool
    reason: str
    placed_by: str
    requested_by: str
    verified_how: str
    held: int
    heard: dict[str, int]


class TriggerView(View):
    """An alarm or trouble that has not been restored."""

    at: str
    at_local: str
    system_id: str
    area: str
    zone: str
    category: Category
    case_id: str


class SiteRow(View):
    id: str
    name: str
    address: str
    municipality: str
    systems: int
    accounts: int
    flags: int
    cases_open: int


class SiteView(SiteBrief):
    groups: list[str]
    tags: list[str]
    services: list[str]
    erc_actual: bool
    conditioning: dict[str, float | list[Category]]
    systems: list[SystemView]
    flags: list[FlagView]
    cases_open: list[str]
    unrestored: list[TriggerView]


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
        available={day: _hours_view(hours) for day, hours in contact.available.items()},
        away=list(contact.away),
        substitute=contact.substitute,
    )


def _hours_view(hours: Hours) -> HoursView:
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


def site_row(state: State, site: Site, flags: int) -> SiteRow:
    return SiteRow(
        id=site.id,
        name=site.name,
        address=site.address,
        municipality=site.municipality,
        systems=len(site.systems),
        accounts=sum(len(system.accounts) for system in site.systems),
        flags=flags,
        cases_open=len(state.open_by_site.get(site.id) or ()),
    )


def site_view(state: State, site: Site, language: str, now: int) -> SiteView:
    flags = [flag for flag in state.flags.values() if flag.site_id == site.id]
    run = state.siteruns.get(site.id)
    return SiteView(
        **dict(site_brief(state, site, language)),
        groups=list(site.groups),
        tags=list(site.tags),
        services=list(site.services),
        erc_actual=site.erc_actual,
        conditioning=msgspec.structs.asdict(site.conditioning),
        systems=[_system_view(state, site, system) for system in site.systems],
        flags=[flag_view(state, flag, now) for flag in flags],
        cases_open=list(state.open_by_site.get(site.id) or ()),
        unrestored=[
            TriggerView(
                at=rfc3339(trigger.at),
                at_local=local_clock(trigger.at, site.timezone),
                system_id=trigger.system_id,
                area=trigger.area,
                zone=trigger.zone,
                category=trigger.category,
                case_id=trigger.case_id,
            )
            for trigger in (run.triggers if run is not None else ())
        ],
    )


def _system_view(state: State, site: Site, system: System) -> SystemView:
    run = state.siteruns.get(site.id)
    armed = run.armed if run is not None else {}
    return SystemView(
        id=system.id,
        kind=system.kind,
        name=system.name,
        erc_device=system.erc_device,
        test_interval_s=system.test_interval_s,
        only_tests_count=system.only_tests_count,
        accounts=[_account_view(state, account) for account in system.accounts],
        areas=[
            AreaView(
                number=area.number,
                name=area.name,
                reports_open_close=area.reports_open_close,
                armed=armed.get(area_key(system.id, area.number)),
                schedule=_schedule_view(area.schedule) if area.schedule is not None else None,
            )
            for area in system.areas
        ],
        zones=[
            ZoneView(
                number=zone.number,
                name=zone.name,
                area=zone.area,
                kind=zone.kind,
                technology=zone.technology,
                exterior=zone.exterior,
                confirm_group=zone.confirm_group,
                cameras=list(zone.cameras),
                tags=list(zone.tags),
            )
            for zone in system.zones
        ],
    )


def _schedule_view(schedule: Schedule) -> ScheduleView:
    return ScheduleView(
        weekdays={day: _hours_view(hours) for day, hours in schedule.weekdays.items()},
        holiday=_hours_view(schedule.holiday) if schedule.holiday is not None else None,
        exceptions={date: _hours_view(hours) for date, hours in schedule.exceptions.items()},
        open_grace_s=schedule.open_grace_s,
        close_grace_s=schedule.close_grace_s,
    )


def _account_view(state: State, account: Account) -> AccountView:
    heard = state.accounts.get(account_key(account.number, account.receiver, account.line))
    return AccountView(
        number=account.number,
        receiver=account.receiver,
        line=account.line,
        key=account.key is not None,
        previous_key=account.previous_key is not None,
        window_past_s=account.window_past_s,
        window_future_s=account.window_future_s,
        ignore_crc=account.ignore_crc,
        encoding=account.encoding,
        last_heard=maybe_rfc3339(heard.last_heard or None) if heard is not None else None,
    )


def flag_view(state: State, flag: Flag, now: int) -> FlagView:
    site = state.sites.get(flag.site_id)
    timezone = timezone_of(state, flag.site_id)
    return FlagView(
        id=flag.id,
        kind=flag.kind,
        site_id=flag.site_id,
        site_name=site.name if site is not None else "",
        scope=ScopeView(
            systems=list(flag.scope.systems),
            areas=list(flag.scope.areas),
            zones=list(flag.scope.zones),
            categories=list(flag.scope.categories),
        ),
        starts_at=rfc3339(flag.starts_at),
        starts_at_local=local_clock(flag.starts_at, timezone),
        until=rfc3339(flag.until),
        until_local=local_clock(flag.until, timezone),
        in_force=flag.starts_at <= now < flag.until,
        reason=flag.reason,
        placed_by=flag.placed_by,
        requested_by=flag.requested_by,
        verified_how=flag.verified_how,
        held=flag.held,
        heard=flag.heard,
    )
