"""Routes of on-test (koestus) and maintenance (huolto) flags.

One rule: an expiry is always named, by the one who asks or, for a test, by its default; who may and how long is decided
in `arcd.core.flags`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field, model_validator

from arcd.api.answers import (
    ASK_ERRORS,
    READ_ERRORS,
    Body,
    Granted,
    NotFoundError,
    UnusableError,
    View,
    created,
    granted_or_raise,
)
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, Asker, Limit, TheDesk
from arcd.api.desk import Desk
from arcd.api.flag_view import FlagDetail, FlagView, flag_detail, flag_view
from arcd.api.instants import NS, parse_instant
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import timezone_of
from arcd.core.facts import (
    Every,
    FlagEndRequested,
    FlagKind,
    FlagNoticed,
    FlagStartRequested,
    NoticeKind,
    Recurrence,
    Scope,
    SignalPromoted,
)
from arcd.core.flags.model import Flag, FlagReport
from arcd.core.flags.notices import TO_CHARS_MAX
from arcd.core.flags.placing import INFORMED_MAX, MAINTENANCE_MAX_S, ON_TEST_DEFAULT_S, REASON_CHARS_MAX
from protocols.signals import Category

SCOPE_NAMES_MAX = 200
INSTANT_CHARS_MAX = 40
INDEX_MAX = 10_000  # signals in one frame: more than its bytes allow

router = APIRouter(prefix="/v1/flags", tags=["flags"])

Id = Annotated[str, Field(max_length=ID_CHARS_MAX)]
Names = Annotated[tuple[Id, ...], Field(max_length=SCOPE_NAMES_MAX)]
Instant = Annotated[str, Field(max_length=INSTANT_CHARS_MAX)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]
Words = Annotated[str, Field(max_length=REASON_CHARS_MAX)]
FlagId = Annotated[str, Path(max_length=ID_CHARS_MAX)]


class Flags(View):
    flags: list[FlagView]
    more: bool


class ScopeBody(Body):
    """Empty means all of the site, except life safety and path supervision: held only where `categories` names them,
    and life safety by a test alone."""

    systems: Names = ()
    areas: Names = ()
    zones: Names = ()
    categories: Annotated[tuple[Category, ...], Field(max_length=len(Category))] = ()


class RecurrenceBody(Body):
    """On the site's wall clock. Day 1 of the week is Monday; a month without the day has its last one instead."""

    every: Every
    day: Annotated[int, Field(ge=1, le=31)]
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="10:00")]


class NewFlag(Body):
    kind: FlagKind
    site_id: Id
    scope: ScopeBody = ScopeBody()
    until: Instant | None = None
    duration_s: Annotated[float, Field(gt=0, le=MAINTENANCE_MAX_S)] | None = None
    reason: Reason
    requested_by: Id = ""
    verified_how: Literal["", "operator", "work_order"] = ""
    identity_check: Id = ""
    override_reason: Words = ""
    work_order: Words = ""
    owner: Id = ""
    informed: Annotated[tuple[Words, ...], Field(max_length=INFORMED_MAX)] = ()
    starts_at: Instant | None = None
    recurrence: RecurrenceBody | None = None
    series_until: Instant | None = None

    @model_validator(mode="after")
    def _one_end(self) -> NewFlag:
        if self.until is not None and self.duration_s is not None:
            raise ValueError("say when it ends: either until or duration_s")
        if self.until is None and self.duration_s is None and self.kind is FlagKind.MAINTENANCE:
            raise ValueError("say when it ends: either until or duration_s")
        if self.recurrence is not None and self.until is not None:
            raise ValueError("what comes again has a duration_s, not an until")
        return self


class FlagEnd(Body):
    reason: Reason
    whole_series: bool = False


class NewNotice(Body):
    kind: NoticeKind
    to: Annotated[str, Field(min_length=1, max_length=TO_CHARS_MAX)]
    reference: Annotated[str, Field(max_length=TO_CHARS_MAX)] = ""
    told_at: Instant | None = None


class Promotion(Body):
    reason: Reason
    index: Annotated[int, Field(ge=0, le=INDEX_MAX)] = 0


@router.get("", summary="Flags in force or still to come, by their end", responses=READ_ERRORS, response_model=Flags)
async def list_flags(
    desk: TheDesk,
    record: OnRecord,
    kind: Annotated[FlagKind | None, Query()] = None,
    site: Annotated[str | None, Query(max_length=ID_CHARS_MAX)] = None,
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    state, now = desk.state, desk.now()
    wanted = (flag for flag in state.flags.values() if kind in (None, flag.kind) and site in (None, flag.site_id))
    flags = sorted(wanted, key=lambda flag: (flag.until, flag.id))
    rows = await rendered(flags[:limit], lambda flag: flag_view(state, flag, now))
    await record.read_list("flags", site)
    return rows_answer("flags", rows, more=len(flags) > limit)


@router.get("/{flag_id}", summary="One flag: live, or its report for a week after the end", responses=READ_ERRORS)
async def show_flag(desk: TheDesk, record: OnRecord, flag_id: FlagId) -> FlagDetail:
    flag, report = _found(desk, flag_id)
    detail = flag_detail(desk.state, flag, report, desk.now())
    await record.read("flag", f"site/{flag.site_id}")
    return detail


@router.post("", summary="Put a site on test or out of service", status_code=201, responses=ASK_ERRORS)
async def start_flag(desk: TheDesk, actor: Asker, new: NewFlag, response: Response) -> Granted:
    if new.site_id not in desk.state.sites:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    now, timezone = desk.now(), timezone_of(desk.state, new.site_id)
    starts_at = _maybe_instant("starts_at", new.starts_at, timezone)
    length_s = ON_TEST_DEFAULT_S if new.duration_s is None else new.duration_s
    until = _maybe_instant("until", new.until, timezone)
    fact = FlagStartRequested(
        at=now,
        kind=new.kind,
        site_id=new.site_id,
        scope=Scope(
            systems=new.scope.systems,
            areas=new.scope.areas,
            zones=new.scope.zones,
            categories=new.scope.categories,
        ),
        until=until if until is not None else max(now, starts_at or now) + int(length_s * NS),
        reason=new.reason,
        actor=actor,
        requested_by=new.requested_by,
        verified_how=new.verified_how,
        identity_check=new.identity_check,
        override_reason=new.override_reason,
        work_order=new.work_order,
        owner=new.owner,
        informed=new.informed,
        starts_at=starts_at,
        recurrence=_recurrence(new.recurrence),
        series_until=_maybe_instant("series_until", new.series_until, timezone),
    )
    return created(await desk.ask(fact), response, "/v1/flags")


@router.post("/{flag_id}/end", summary="End a test or maintenance early", responses=ASK_ERRORS)
async def end_flag(desk: TheDesk, actor: Asker, flag_id: FlagId, end: FlagEnd) -> Granted:
    if flag_id not in desk.state.flags:
        raise NotFoundError("No such flag is in force; `arcctl test list` and `arcctl maintenance list` show them.")
    fact = FlagEndRequested(
        at=desk.now(), flag_id=flag_id, reason=end.reason, actor=actor, whole_series=end.whole_series
    )
    return granted_or_raise(await desk.ask(fact))


@router.post("/{flag_id}/notices", summary="Record that somebody outside was told", responses=ASK_ERRORS)
async def record_notice(desk: TheDesk, actor: Asker, flag_id: FlagId, new: NewNotice) -> Granted:
    flag, _ = _found(desk, flag_id)
    fact = FlagNoticed(
        at=desk.now(),
        flag_id=flag_id,
        kind=new.kind,
        to=new.to,
        actor=actor,
        reference=new.reference,
        told_at=_maybe_instant("told_at", new.told_at, timezone_of(desk.state, flag.site_id)),
    )
    return granted_or_raise(await desk.ask(fact))


@router.post("/{flag_id}/signals/{seq}/promote", summary="Make a signal that was held back live", responses=ASK_ERRORS)
async def promote_signal(
    desk: TheDesk, actor: Asker, flag_id: FlagId, seq: Annotated[int, Path(ge=1)], wanted: Promotion
) -> Granted:
    flag, _ = _found(desk, flag_id)
    fact = SignalPromoted(
        at=desk.now(), site_id=flag.site_id, signal_seq=seq, index=wanted.index, reason=wanted.reason, actor=actor
    )
    return granted_or_raise(await desk.ask(fact))


def _found(desk: Desk, flag_id: str) -> tuple[Flag, FlagReport | None]:
    report = desk.state.flag_reports.get(flag_id)
    flag = report.flag if report is not None else desk.state.flags.get(flag_id)
    if flag is None:
        raise NotFoundError(
            f"No such flag is in force or has ended lately; `arcctl journal show --subject flag/{flag_id}` "
            "finds what became of an older one."
        )
    return flag, report


def _recurrence(body: RecurrenceBody | None) -> Recurrence | None:
    if body is None:
        return None
    hours, _, minutes = body.at.partition(":")
    return Recurrence(every=body.every, day=body.day, minute=60 * int(hours) + int(minutes))


def _maybe_instant(name: str, text: str | None, timezone: str) -> int | None:
    if text is None:
        return None
    try:
        return parse_instant(text, timezone)
    except ValueError as error:
        raise UnusableError(f"{name}: {error}.") from None
