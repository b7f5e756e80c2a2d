"""Routes of schedules: what is expected of areas and of test reports, and temporary changes of an area's hours.

One rule: days are the site's local days. Whose word a change needs, and how long it may be, is decided in
`arcd.core.schedules`.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from pydantic_core import PydanticCustomError

from arcd.api.answers import (
    ASK_ERRORS,
    READ_ERRORS,
    Body,
    Granted,
    NotFoundError,
    UnusableError,
    View,
    granted_or_raise,
)
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, Asker, Limit, TheDesk
from arcd.api.desk import Desk
from arcd.api.instants import maybe_rfc3339, rfc3339
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.core.calendars import Change, hours_on, hours_text, local_day, local_text
from arcd.core.facts import ScheduleChangeRequested
from arcd.core.schedules.areas import is_watched, next_event
from arcd.core.schedules.changing import REASON_CHARS_MAX
from arcd.core.schedules.model import AreaRun, area_id
from arcd.core.schedules.tests_due import key_of
from arcd.core.site import Area, Site, System
from arcd.core.state import State
from arcd.sitebase.times import read_hours
from protocols.signals import bare_address

HOURS_CHARS_MAX = 11
DAY_CHARS_MAX = 10

router = APIRouter(prefix="/v1/schedules", tags=["schedules"])

Id = Annotated[str, Field(max_length=ID_CHARS_MAX)]
DayText = Annotated[str, Field(max_length=DAY_CHARS_MAX, description="A local day: 2026-12-24")]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]


class ChangeView(View):
    id: str
    hours: str
    from_day: str
    until_day: str
    reason: str
    by: str
    requested_by: str


class AreaView(View):
    """`state` is open, closed or unknown; `next` is opens or closes, empty when the panel reports by exception."""

    site_id: str
    site_name: str
    system_id: str
    area: str
    name: str
    today: str
    state: str
    next: str
    next_at: str | None
    next_at_local: str
    late_at: str | None
    changes: list[ChangeView]


class TestView(View):
    """A periodic test: when its absence will be told."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    site_id: str
    site_name: str
    system_id: str
    interval_s: float
    only_tests_count: bool
    due: str | None
    due_local: str


class Schedules(View):
    areas: list[AreaView]
    more: bool


class Tests(View):
    tests: list[TestView]
    more: bool


class NewChange(Body):
    site_id: Id
    system_id: Id
    area: Id
    hours: Annotated[str, Field(max_length=HOURS_CHARS_MAX, description='"08:00-21:00", or closed')]
    from_day: DayText | None = None  # today
    until_day: DayText | None = None  # the same day
    reason: Reason
    requested_by: Id = ""
    identity_check: Id = ""


class Withdrawal(Body):
    site_id: Id
    system_id: Id
    area: Id
    reason: Reason
    requested_by: Id = ""
    identity_check: Id = ""


@router.get("", summary="Areas with a schedule, by site", responses=READ_ERRORS, response_model=Schedules)
async def list_schedules(
    desk: TheDesk,
    record: OnRecord,
    site: Annotated[str | None, Query(max_length=ID_CHARS_MAX)] = None,
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    state, now = desk.state, desk.now()
    places = [(*place, area) for place in _systems(desk, site) for area in place[1].areas if area.schedule]
    rows = await rendered(places[:limit], lambda place: _area_view(state, *place, now))
    await record.read_list("schedules", site)
    return rows_answer("areas", rows, more=len(places) > limit)


@router.get("/tests", summary="Periodic tests that are expected, by site", responses=READ_ERRORS, response_model=Tests)
async def list_tests(
    desk: TheDesk,
    record: OnRecord,
    site: Annotated[str | None, Query(max_length=ID_CHARS_MAX)] = None,
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    state = desk.state
    places = [place for place in _systems(desk, site) if place[1].test_interval_s is not None]
    rows = await rendered(places[:limit], lambda place: _test_view(state, *place))
    await record.read_list("schedules", site)
    return rows_answer("tests", rows, more=len(places) > limit)


@router.post("/changes", summary="Other hours for some days, on a verified word", status_code=201, responses=ASK_ERRORS)
async def change_hours(desk: TheDesk, actor: Asker, new: NewChange) -> Granted:
    site = _site(desk, new.site_id)
    try:
        hours = read_hours(new.hours)
    except PydanticCustomError as error:
        raise UnusableError(f"hours: {(error.context or {})['message']}; {(error.context or {})['advice']}.") from None
    first = new.from_day or local_day(site.timezone, desk.now()).isoformat()
    fact = ScheduleChangeRequested(
        at=desk.now(),
        site_id=new.site_id,
        system_id=new.system_id,
        area=new.area,
        actor=actor,
        hours=hours,
        from_day=first,
        until_day=new.until_day or first,
        reason=new.reason,
        requested_by=new.requested_by,
        identity_check=new.identity_check,
    )
    return granted_or_raise(await desk.ask(fact))


@router.post("/changes/{change_id}/withdraw", summary="Take a change back", responses=ASK_ERRORS)
async def withdraw_change(
    desk: TheDesk, actor: Asker, change_id: Annotated[str, Path(max_length=ID_CHARS_MAX)], taken: Withdrawal
) -> Granted:
    _site(desk, taken.site_id)
    fact = ScheduleChangeRequested(
        at=desk.now(),
        site_id=taken.site_id,
        system_id=taken.system_id,
        area=taken.area,
        actor=actor,
        reason=taken.reason,
        requested_by=taken.requested_by,
        identity_check=taken.identity_check,
        withdraws=change_id,
    )
    return granted_or_raise(await desk.ask(fact))


def _site(desk: Desk, site_id: str) -> Site:
    site = desk.state.sites.get(site_id)
    if site is None:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    return site


def _systems(desk: Desk, site_id: str | None) -> list[tuple[Site, System]]:
    if site_id is not None:
        sites = [_site(desk, site_id)]
    else:
        sites = [desk.state.sites[each] for each in sorted(desk.state.sites)]
    return [(site, system) for site in sites for system in site.systems]


def _area_view(state: State, site: Site, system: System, area: Area, now: int) -> AreaView:
    assert area.schedule is not None
    run = state.area_runs.get(area_id(site.id, system.id, bare_address(area.number))) or AreaRun()
    today = local_day(site.timezone, now)
    run = run.without_past_changes(today.isoformat())
    expected = next_event(area.schedule, run, site.timezone, now) if is_watched(area) else None
    return AreaView(
        site_id=site.id,
        site_name=site.name,
        system_id=system.id,
        area=area.number,
        name=area.name,
        today=hours_text(hours_on(area.schedule, today, run.changes)),
        state="open" if run.is_open else "closed" if run.is_closed else "unknown",
        next=expected.kind if expected else "",
        next_at=maybe_rfc3339(expected.at if expected else None),
        next_at_local=local_text(site.timezone, expected.at) if expected else "",
        late_at=maybe_rfc3339(expected.late_at if expected else None),
        changes=[_change_view(change) for change in run.changes],
    )


def _change_view(change: Change) -> ChangeView:
    return ChangeView(
        id=change.id,
        hours=hours_text(change.hours),
        from_day=change.from_day,
        until_day=change.until_day,
        reason=change.reason,
        by=change.by,
        requested_by=change.requested_by,
    )


def _test_view(state: State, site: Site, system: System) -> TestView:
    assert system.test_interval_s is not None
    due = state.deadlines.get(key_of(site.id, system.id))
    return TestView(
        site_id=site.id,
        site_name=site.name,
        system_id=system.id,
        interval_s=system.test_interval_s,
        only_tests_count=system.only_tests_count,
        due=rfc3339(due) if due is not None else None,
        due_local=local_text(site.timezone, due) if due is not None else "",
    )
