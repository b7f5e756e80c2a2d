"""Routes of exceptional arrangements: whose time is up next, who was told, and the report.

One rule: the work itself is moves of the case (`/v1/cases/{id}/moves`); here is what the queue does not show.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Response
from pydantic import Field

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
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, Asker, Limit, Reading, TheDesk
from arcd.api.desk import Desk
from arcd.api.informed_view import InformedView, informed_view
from arcd.api.instants import maybe_rfc3339, parse_instant, rfc3339
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import timezone_of
from arcd.core.case.model import Case
from arcd.core.case.outgoing import people_in
from arcd.core.case.texts import local_clock
from arcd.core.facts import PartyInformed
from arcd.core.line_service.arranging import CASE_TYPE, PLANNED, TELLING
from arcd.core.line_service.informing import NAME_CHARS_MAX, TEXT_CHARS_MAX
from arcd.core.line_service.report import Figures, figures, report_text
from arcd.core.state import State
from arcd.core.turn import NS, text_in
from rules.model import CaseType, Priority

INSTANT_CHARS_MAX = 40
WARN_SHARE = 0.75  # requirements 4.10: 45 of 60 minutes
# Call lists that name whom to ask; the site's own go before the centre's.
RESCUE, PROVIDERS = "rescue", "arrangement_provider"

router = APIRouter(tags=["arrangements"])

CaseId = Annotated[str, Path(max_length=ID_CHARS_MAX, description="C12")]
Words = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]


class ArrangementRow(View):
    """`left_s` until the time is up, negative after it; null where it no longer matters. `soon`: a quarter is left."""

    case_id: str
    priority: Priority
    site_id: str
    site_name: str
    system_id: str
    state: str
    state_title: str
    fault_since: str | None
    fault_since_local: str
    limit_at: str | None
    left_s: float | None
    soon: bool
    up_since: str | None
    next_round: str | None
    next_round_local: str
    provider: str
    owner: str
    not_told_again: int


class Arrangements(View):
    arrangements: list[ArrangementRow]
    more: bool


class PersonView(View):
    name: str
    phones: list[str]
    email: str | None


class FiguresView(View):
    """Instants are null where it did not come to that."""

    fault_since: str | None
    detected_at: str
    operator_told_at: str | None
    limit_at: str | None
    rescue_contacted_at: str | None
    decided_at: str | None
    ordered_at: str | None
    began_at: str | None
    restored_at: str | None
    verified_at: str | None
    closed_at: str | None
    down_s: float | None
    in_force_s: float | None
    rounds: int
    rounds_missed: int
    failed_again: int
    cost_eur: float | None


class ArrangementReport(View):
    """`text` is the report as people read it, in one language."""

    case_id: str
    site_id: str
    site_name: str
    state: str
    language: str
    instructions: str
    rescue: list[PersonView]
    providers: list[PersonView]
    figures: FiguresView
    form: dict[str, str]
    informed: list[InformedView]
    text: str


class Telling(Body):
    """Either a contact or a name. By mail the machine writes; anything else has been done already."""

    contact_id: Annotated[str, Field(max_length=ID_CHARS_MAX)] = ""
    name: Annotated[str, Field(max_length=NAME_CHARS_MAX)] = ""
    how: Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX)]
    over: bool = False
    text: Words = ""
    reference: Words = ""
    told_at: Annotated[str, Field(max_length=INSTANT_CHARS_MAX)] | None = None


@router.get(
    "/v1/arrangements",
    summary="Open ones, the next whose time is up first",
    responses=READ_ERRORS,
    response_model=Arrangements,
)
async def list_arrangements(
    desk: TheDesk, record: OnRecord, language: Reading, limit: Limit = ROWS_DEFAULT
) -> Response:
    state, now = desk.state, desk.now()
    case_type = desk.rules.case_types.get(CASE_TYPE)
    wanted = [case for case in state.cases.values() if case.is_open and case.type == CASE_TYPE]
    wanted.sort(key=lambda case: (_left_s(case, now) is None, _left_s(case, now) or 0.0, case.opened_at, case.id))
    rows = await rendered(wanted[:limit], lambda case: _row(state, case, case_type, language, now))
    await record.read("arrangements")
    return rows_answer("arrangements", rows, more=len(wanted) > limit)


@router.get("/v1/arrangements/{case_id}/report", summary="Durations, names, costs", responses=READ_ERRORS)
async def show_report(desk: TheDesk, record: OnRecord, language: Reading, case_id: CaseId) -> ArrangementReport:
    case = await _find(desk, case_id)
    case_type = desk.rules.case_types.get(case.type)
    if case_type is None or case.type != CASE_TYPE:
        raise NotFoundError(f"{case_id} is no exceptional arrangement; `arcctl arrangements list` lists them.")
    state, now = desk.state, desk.now()
    site = state.sites.get(case.site_id)
    report = ArrangementReport(
        case_id=case.id,
        site_id=case.site_id,
        site_name=case.site_name,
        state=case.state,
        language=language,
        instructions=text_in(site.arrangements.instructions, language) if site else "",
        rescue=_people(state, case, RESCUE),
        providers=_people(state, case, PROVIDERS),
        figures=_figures_view(figures(case, now)),
        form=case.form,
        informed=[informed_view(each) for each in case.informed],
        text=report_text(case, case_type, timezone_of(state, case.site_id), language, now),
    )
    await record.read("arrangement", f"case/{case.id}")
    return report


@router.post(
    "/v1/cases/{case_id}/informed", summary="Tell somebody of a case, or that it is over", responses=ASK_ERRORS
)
async def inform(desk: TheDesk, actor: Asker, case_id: CaseId, telling: Telling) -> Granted:
    case = await _find(desk, case_id)
    told_at = None
    if telling.told_at is not None:
        try:
            told_at = parse_instant(telling.told_at, timezone_of(desk.state, case.site_id))
        except ValueError as error:
            raise UnusableError(f"told_at: {error}.") from None
    fact = PartyInformed(
        at=desk.now(),
        case_id=case_id,
        actor=actor,
        how=telling.how,
        contact_id=telling.contact_id,
        name=telling.name,
        is_over=telling.over,
        text=telling.text,
        reference=telling.reference,
        told_at=told_at,
    )
    return granted_or_raise(await desk.ask(fact))


async def _find(desk: Desk, case_id: str) -> Case:
    case = desk.state.cases.get(case_id)
    if case is not None:
        return case
    row = await desk.store.case(case_id)
    if row is None:
        raise NotFoundError("There is no such case; `arcctl cases --all` lists them.")
    return msgspec.json.decode(row.body, type=Case)


def _limit(case: Case) -> tuple[int, float] | None:
    """(when the fault began, seconds until the time is up) while that still has to be waited for."""
    since, limit_s = case.form.get("fault_since"), case.form.get("threshold_s")
    return (int(since), float(limit_s)) if since and limit_s and case.state in TELLING else None


def _left_s(case: Case, now: int) -> float | None:
    limit = _limit(case)
    return None if limit is None else limit[1] - (now - limit[0]) / NS


def _row(state: State, case: Case, case_type: CaseType | None, language: str, now: int) -> ArrangementRow:
    limit, left_s = _limit(case), _left_s(case, now)
    since = case.form.get("fault_since", "")
    rounds = state.deadlines.get(f"case/{case.id}/clock/rounds/0")
    up_since = case.form.get("line_up_since", "")
    return ArrangementRow(
        case_id=case.id,
        priority=case.priority,
        site_id=case.site_id,
        site_name=case.site_name,
        system_id=case.form.get("system_id", ""),
        state=case.state,
        state_title=text_in(case_type.states.get(case.state, {}), language) if case_type else case.state,
        fault_since=rfc3339(int(since)) if since and case.state not in PLANNED else None,
        fault_since_local=local_clock(int(since), timezone_of(state, case.site_id)) if since else "",
        limit_at=rfc3339(limit[0] + int(limit[1] * NS)) if limit else None,
        left_s=left_s,
        soon=limit is not None and left_s is not None and left_s <= (1 - WARN_SHARE) * limit[1],
        up_since=rfc3339(int(up_since)) if up_since else None,
        next_round=maybe_rfc3339(rounds),
        next_round_local=local_clock(rounds, timezone_of(state, case.site_id)) if rounds is not None else "",
        provider=case.form.get("provider", ""),
        owner=case.owner,
        not_told_again=sum(each.over_at is None for each in case.informed),
    )


def _people(state: State, case: Case, list_name: str) -> list[PersonView]:
    found = people_in(state, state.sites.get(case.site_id), list_name)
    return [PersonView(name=each.name, phones=list(each.phones), email=each.email) for each in found]


def _figures_view(told: Figures) -> FiguresView:
    return FiguresView(
        fault_since=maybe_rfc3339(told.fault_since),
        detected_at=rfc3339(told.detected_at),
        operator_told_at=maybe_rfc3339(told.operator_told_at),
        limit_at=maybe_rfc3339(told.limit_at),
        rescue_contacted_at=maybe_rfc3339(told.rescue_contacted_at),
        decided_at=maybe_rfc3339(told.decided_at),
        ordered_at=maybe_rfc3339(told.ordered_at),
        began_at=maybe_rfc3339(told.began_at),
        restored_at=maybe_rfc3339(told.restored_at),
        verified_at=maybe_rfc3339(told.verified_at),
        closed_at=maybe_rfc3339(told.closed_at),
        down_s=told.down_s,
        in_force_s=told.in_force_s,
        rounds=told.rounds,
        rounds_missed=told.rounds_missed,
        failed_again=told.failed_again,
        cost_eur=told.cost_eur,
    )
