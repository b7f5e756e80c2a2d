"""Routes of on-test (koestus) and maintenance (huolto) flags.

One rule: an expiry is always named by the one who asks, as an instant or as a duration; how long it may be is decided
in `arcd.core.flags`.
"""

from __future__ import annotations

from typing import Annotated

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
from arcd.api.flag_view import FlagView, flag_view
from arcd.api.instants import NS, parse_instant
from arcd.api.pacing import rendered, rows_answer
from arcd.api.site_brief import timezone_of
from arcd.core.facts import FlagEndRequested, FlagKind, FlagStartRequested, Scope
from arcd.core.flags.placing import MAINTENANCE_MAX_S, REASON_CHARS_MAX
from protocols.signals import Category

SCOPE_NAMES_MAX = 200
INSTANT_CHARS_MAX = 40

router = APIRouter(prefix="/v1/flags", tags=["flags"])

Id = Annotated[str, Field(max_length=ID_CHARS_MAX)]
Names = Annotated[tuple[Id, ...], Field(max_length=SCOPE_NAMES_MAX)]
Instant = Annotated[str, Field(max_length=INSTANT_CHARS_MAX)]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]


class Flags(View):
    flags: list[FlagView]
    more: bool


class ScopeBody(Body):
    """Empty means all of the site, except life safety: that is held only where `categories` names it."""

    systems: Names = ()
    areas: Names = ()
    zones: Names = ()
    categories: Annotated[tuple[Category, ...], Field(max_length=len(Category))] = ()


class NewFlag(Body):
    kind: FlagKind
    site_id: Id
    scope: ScopeBody = ScopeBody()
    until: Instant | None = None
    duration_s: Annotated[float, Field(gt=0, le=MAINTENANCE_MAX_S)] | None = None
    reason: Reason
    requested_by: Id = ""
    verified_how: Id = ""
    starts_at: Instant | None = None

    @model_validator(mode="after")
    def _one_end(self) -> NewFlag:
        if (self.until is None) == (self.duration_s is None):
            raise ValueError("say when it ends: either until or duration_s")
        return self


class FlagEnd(Body):
    reason: Reason


@router.get("", summary="Flags in force or still to come, by their end", responses=READ_ERRORS, response_model=Flags)
async def list_flags(
    desk: TheDesk, kind: Annotated[FlagKind | None, Query()] = None, limit: Limit = ROWS_DEFAULT
) -> Response:
    state, now = desk.state, desk.now()
    flags = sorted(
        (flag for flag in state.flags.values() if kind in (None, flag.kind)), key=lambda flag: (flag.until, flag.id)
    )
    rows = await rendered(flags[:limit], lambda flag: flag_view(state, flag, now))
    return rows_answer("flags", rows, more=len(flags) > limit)


@router.post("", summary="Put a site on test or out of service", status_code=201, responses=ASK_ERRORS)
async def start_flag(desk: TheDesk, actor: Asker, new: NewFlag, response: Response) -> Granted:
    if new.site_id not in desk.state.sites:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    now, timezone = desk.now(), timezone_of(desk.state, new.site_id)
    starts_at = _instant("starts_at", new.starts_at, timezone) if new.starts_at is not None else None
    if new.until is not None:
        until = _instant("until", new.until, timezone)
    else:
        assert new.duration_s is not None, "checked by the body's own rule"
        until = max(now, starts_at or now) + int(new.duration_s * NS)
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
        until=until,
        reason=new.reason,
        actor=actor,
        requested_by=new.requested_by,
        verified_how=new.verified_how,
        starts_at=starts_at,
    )
    return created(await desk.ask(fact), response, "/v1/flags")


@router.post("/{flag_id}/end", summary="End a test or maintenance early", responses=ASK_ERRORS)
async def end_flag(
    desk: TheDesk, actor: Asker, flag_id: Annotated[str, Path(max_length=ID_CHARS_MAX)], end: FlagEnd
) -> Granted:
    if flag_id not in desk.state.flags:
        raise NotFoundError("No such flag is in force; `arcctl test list` and `arcctl maintenance list` show them.")
    return granted_or_raise(
        await desk.ask(FlagEndRequested(at=desk.now(), flag_id=flag_id, reason=end.reason, actor=actor))
    )


def _instant(name: str, text: str, timezone: str) -> int:
    try:
        return parse_instant(text, timezone)
    except ValueError as error:
        raise UnusableError(f"{name}: {error}.") from None
