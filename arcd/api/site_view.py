"""A whole site as the API shows it: systems, accounts, areas, zones, and what is going on there.

One rule: a key is shown as yes or no. Sealed keys have no field here, so they cannot leave by accident (R-87).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from arcd.api.answers import View
from arcd.api.flag_view import FlagView, flag_view
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.site_brief import HoursView, SiteBrief, hours_view, site_brief
from arcd.core.account import account_key
from arcd.core.case.texts import local_clock
from arcd.core.site import Account, Schedule, Site, System
from arcd.core.state import State
from arcd.core.supervision.paths import paths_of
from arcd.core.view import area_key
from protocols.signals import Category


class AccountView(View):
    number: str
    receiver: str | None
    line: str | None
    key: bool
    previous_key: bool
    offered_key: bool  # a new one that the panel has not taken yet
    window_past_s: float
    window_future_s: float
    ignore_crc: bool
    encoding: str
    dialect: str
    connection: str
    idle_limit_s: float | None
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


def site_view(
    state: State, site: Site, language: str, now: int, heard_at: Callable[[str], int] | None = None
) -> SiteView:
    """`heard_at`: when a supervised path was last heard, which is not in the state while it is up."""
    flags = [flag for flag in state.flags.values() if flag.site_id == site.id]
    run = state.siteruns.get(site.id)
    return SiteView(
        **dict(site_brief(state, site, language)),
        groups=list(site.groups),
        tags=list(site.tags),
        services=list(site.services),
        erc_actual=site.erc_actual,
        conditioning=msgspec.structs.asdict(site.conditioning),
        systems=[_system_view(state, site, system, heard_at or _nobody) for system in site.systems],
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


def _nobody(_: str) -> int:
    return 0


def _system_view(state: State, site: Site, system: System, heard_at: Callable[[str], int]) -> SystemView:
    paths = paths_of(site, system)
    run = state.siteruns.get(site.id)
    armed = run.armed if run is not None else {}
    return SystemView(
        id=system.id,
        kind=system.kind,
        name=system.name,
        erc_device=system.erc_device,
        test_interval_s=system.test_interval_s,
        only_tests_count=system.only_tests_count,
        accounts=[
            _account_view(
                state,
                account,
                max((heard_at(path.key) for path in paths if path.path.account in (None, account.number)), default=0),
            )
            for account in system.accounts
        ],
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
        weekdays={day: hours_view(hours) for day, hours in schedule.weekdays.items()},
        holiday=hours_view(schedule.holiday) if schedule.holiday is not None else None,
        exceptions={date: hours_view(hours) for date, hours in schedule.exceptions.items()},
        open_grace_s=schedule.open_grace_s,
        close_grace_s=schedule.close_grace_s,
    )


def _account_view(state: State, account: Account, on_paths: int) -> AccountView:
    known = state.accounts.get(account_key(account.number, account.receiver, account.line))
    heard = max(on_paths, known.last_heard if known is not None else 0)
    return AccountView(
        number=account.number,
        receiver=account.receiver,
        line=account.line,
        key=account.key is not None,
        previous_key=account.previous_key is not None,
        offered_key=account.offered_key is not None,
        window_past_s=account.window_past_s,
        window_future_s=account.window_future_s,
        ignore_crc=account.ignore_crc,
        encoding=account.encoding,
        dialect=account.dialect,
        connection=account.connection.value,
        idle_limit_s=account.idle_limit_s,
        last_heard=maybe_rfc3339(heard or None),
    )
