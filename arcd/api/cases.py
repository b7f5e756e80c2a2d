"""Routes of cases: the queue, one case with everything about it, and what people do with it.

One rule: a POST becomes one fact and its answer is the core's. Nothing is checked here that a gate checks there.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

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
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, TEXT_CHARS_MAX, Asker, Limit, Reading, TheDesk
from arcd.api.case_view import CaseRow, CaseView, case_row, case_view
from arcd.api.desk import Desk
from arcd.api.instants import parse_instant
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import timezone_of
from arcd.core.case.calls import NUMBER_CHARS_MAX
from arcd.core.case.claims import HOLD_S_MAX
from arcd.core.case.model import NOTE_CHARS_MAX, Case
from arcd.core.case.queueing import queue_order
from arcd.core.case.sla import PauseReason
from arcd.core.facts import (
    CaseMoveRequested,
    CaseNoted,
    CaseOpenRequested,
    CaseStepRequested,
    ClaimRenewRequested,
    SlaClockRequested,
)
from arcd.store import CaseQuery
from arcd.store import CaseRow as StoredCase
from rules.model import CaseType, FieldKind, Priority

TITLE_CHARS_MAX = 200
FORM_FIELDS_MAX = 64
# A hand-made matter without one waits with the technical ones: above faults, below anything that rings (4.5).
PRIORITY_DEFAULT = Priority.P3

router = APIRouter(prefix="/v1/cases", tags=["cases"])

CaseId = Annotated[str, Path(max_length=ID_CHARS_MAX, description="C12")]
Name = Annotated[str, Path(max_length=ID_CHARS_MAX)]
Form = Annotated[
    dict[
        Annotated[str, Field(max_length=ID_CHARS_MAX)],
        Annotated[str, Field(max_length=TEXT_CHARS_MAX)],
    ],
    Field(max_length=FORM_FIELDS_MAX, description="Field → value; instants in ISO 8601, local without an offset"),
]


class Cases(View):
    cases: list[CaseRow]
    more: bool


class NewCase(Body):
    type: Annotated[str, Field(max_length=ID_CHARS_MAX)]
    site_id: Annotated[str, Field(max_length=ID_CHARS_MAX)] = ""
    title: Annotated[str, Field(max_length=TITLE_CHARS_MAX)] = ""
    priority: Priority = PRIORITY_DEFAULT
    form: Form = Field(default_factory=dict)


class MoveForm(Body):
    form: Form = Field(default_factory=dict)


class NewNote(Body):
    text: Annotated[str, Field(min_length=1, max_length=NOTE_CHARS_MAX)]


class StepAction(Body):
    action: Annotated[str, Field(pattern="^(start|done|skip|fail)$")]
    outcome: Annotated[str, Field(max_length=ID_CHARS_MAX)] = ""
    note: Annotated[str, Field(max_length=TEXT_CHARS_MAX)] = ""
    # The case version the operator looked at; 0 does not check.
    seen_version: Annotated[int, Field(ge=0)] = 0
    # A call: who was called where the plan leaves that open, and the number that was dialled.
    contact_id: Annotated[str, Field(max_length=ID_CHARS_MAX)] = ""
    number: Annotated[str, Field(max_length=NUMBER_CHARS_MAX)] = ""


class ClaimRenewal(Body):
    """A console sends this while a case is open on its screen; somebody about to telephone asks for longer."""

    hold_s: Annotated[float, Field(ge=0, le=HOLD_S_MAX)] = 0.0


class SlaAction(Body):
    action: Annotated[str, Field(pattern="^(pause|resume)$")]
    reason: PauseReason | None = None
    note: Annotated[str, Field(max_length=TEXT_CHARS_MAX)] = ""


@router.get(
    "",
    summary="Cases: open ones by priority and age, then closed ones, newest first",
    responses=READ_ERRORS,
    response_model=Cases,
)
async def list_cases(
    desk: TheDesk,
    record: OnRecord,
    open_only: Annotated[bool, Query(alias="open", description="false: closed ones too")] = True,
    site: Annotated[str | None, Query(max_length=ID_CHARS_MAX)] = None,
    type_: Annotated[str | None, Query(alias="type", max_length=ID_CHARS_MAX)] = None,
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    state = desk.state
    wanted = [
        case
        for case in state.cases.values()
        if case.is_open and site in (None, case.site_id) and type_ in (None, case.type)
    ]
    types, now = desk.rules.case_types, desk.now()
    wanted.sort(key=lambda case: queue_order(case, types.get(case.type), now))

    def row_of(case: Case) -> CaseRow:
        return case_row(state, case, types.get(case.type), now)

    rows = await rendered(wanted[: limit + 1], row_of)
    if not open_only and len(rows) <= limit:
        # Open ones are also in the projection, and the live state is newer than it.
        live = {case.id for case in wanted}
        query = CaseQuery(open_only=False, site_id=site, case_type=type_, limit=limit + 1 + len(live))
        stored = [row for row in await desk.store.cases(query) if row.case_id not in live and not row.is_open]
        rows += await rendered(stored, lambda row: row_of(_decode(row)))
    await record.read_list("cases", site)
    if not rows:
        _check_known(desk, site, type_)
    return rows_answer("cases", rows[:limit], more=len(rows) > limit)


def _check_known(desk: Desk, site: str | None, case_type: str | None) -> None:
    """That nothing is open at a site whose id was typed wrongly would be a wrong answer."""
    if site and site not in desk.state.sites:
        raise NotFoundError("There is no such site; `arcctl sites list` lists them.")
    if case_type is not None and case_type not in desk.rules.case_types:
        raise NotFoundError(f"There is no such case type; there are {', '.join(sorted(desk.rules.case_types))}.")


@router.get("/{case_id}", summary="One case with everything an operator needs", responses=READ_ERRORS)
async def show_case(desk: TheDesk, record: OnRecord, language: Reading, case_id: CaseId) -> CaseView:
    case = await _find(desk, case_id)
    view = case_view(desk.state, case, desk.rules.case_types.get(case.type), language, desk.now())
    await record.read("case", f"case/{case.id}")
    return view


@router.post("", summary="Open a case by hand", status_code=201, responses=ASK_ERRORS)
async def open_case(desk: TheDesk, actor: Asker, new: NewCase, response: Response) -> Granted:
    case_type = desk.rules.case_types.get(new.type)
    form = _instants(case_type, None, new.form, timezone_of(desk.state, new.site_id))
    fact = CaseOpenRequested(
        at=desk.now(),
        case_type=new.type,
        site_id=new.site_id,
        title=new.title,
        priority=new.priority.value,
        actor=actor,
        form=form,
    )
    return created(await desk.ask(fact), response, "/v1/cases")


@router.post("/{case_id}/moves/{move}", summary="Acknowledge, park, close: a move of its type", responses=ASK_ERRORS)
async def move_case(desk: TheDesk, actor: Asker, case_id: CaseId, move: Name, filled: MoveForm) -> Granted:
    case = await _find(desk, case_id)
    case_type = desk.rules.case_types.get(case.type)
    chosen = case_type.move(move) if case_type is not None else None
    form = _instants(case_type, chosen.form if chosen else "", filled.form, timezone_of(desk.state, case.site_id))
    fact = CaseMoveRequested(at=desk.now(), case_id=case_id, move=move, actor=actor, form=form)
    return granted_or_raise(await desk.ask(fact))


@router.post("/{case_id}/notes", summary="Write a note into a case", responses=ASK_ERRORS)
async def note_case(desk: TheDesk, actor: Asker, case_id: CaseId, note: NewNote) -> Granted:
    await _find(desk, case_id)
    return granted_or_raise(await desk.ask(CaseNoted(at=desk.now(), case_id=case_id, text=note.text, actor=actor)))


@router.post("/{case_id}/steps/{step}", summary="Start, finish or skip a step of the plan", responses=ASK_ERRORS)
async def act_on_step(desk: TheDesk, actor: Asker, case_id: CaseId, step: Name, taken: StepAction) -> Granted:
    case = await _find(desk, case_id)
    if case.step(step) is None:
        there = ", ".join(each.id for each in case.steps) or "none"
        raise NotFoundError(f"{case.id} has no such step; its steps: {there}.")
    fact = CaseStepRequested(
        at=desk.now(),
        case_id=case_id,
        step_id=step,
        action=taken.action,
        actor=actor,
        outcome=taken.outcome,
        note=taken.note,
        seen_version=taken.seen_version,
        contact_id=taken.contact_id,
        number=taken.number,
    )
    return granted_or_raise(await desk.ask(fact))


@router.post("/{case_id}/renew", summary="Keep the claim on a case: its owner is still at it", responses=ASK_ERRORS)
async def renew_claim(desk: TheDesk, actor: Asker, case_id: CaseId, renewal: ClaimRenewal) -> Granted:
    await _find(desk, case_id)
    fact = ClaimRenewRequested(at=desk.now(), case_id=case_id, actor=actor, hold_s=renewal.hold_s)
    return granted_or_raise(await desk.ask(fact))


@router.post("/{case_id}/sla", summary="Stop or restart the clock of the guard's arrival", responses=ASK_ERRORS)
async def sla_clock(desk: TheDesk, actor: Asker, case_id: CaseId, asked: SlaAction) -> Granted:
    await _find(desk, case_id)
    fact = SlaClockRequested(
        at=desk.now(),
        case_id=case_id,
        action=asked.action,
        actor=actor,
        reason=asked.reason.value if asked.reason is not None else "",
        note=asked.note,
    )
    return granted_or_raise(await desk.ask(fact))


async def _find(desk: Desk, case_id: str) -> Case:
    """Live, else as it stood when it was closed."""
    case = desk.state.cases.get(case_id)
    if case is not None:
        return case
    row = await desk.store.case(case_id)
    if row is None:
        raise NotFoundError("There is no such case; `arcctl cases --all` lists them.")
    return _decode(row)


def _decode(row: StoredCase) -> Case:
    return msgspec.json.decode(row.body, type=Case)


def _instants(case_type: CaseType | None, form_name: str | None, values: dict[str, str], zone: str) -> dict[str, str]:
    """Times as people write them become ns since 1970 UTC, as the core's forms want them. None: any form's fields."""
    if case_type is None:
        return values
    forms = [form for form in case_type.forms if form_name in (None, form.name)]
    names = {field.name for form in forms for field in form.fields if field.kind is FieldKind.INSTANT}
    read = dict(values)
    for name in names & set(values):
        if not values[name].isdecimal() and values[name].strip():
            try:
                read[name] = str(parse_instant(values[name], zone))
            except ValueError as error:
                raise UnusableError(f"form.{name}: {error}.") from None
    return read
