"""Routes of telling an authority: where it stands with the script to read out, what operators ask, the calls they made.

One rule: as with cases, a POST becomes one fact and its answer is the core's; whether it may be done is the gate's.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from arcd.api.answers import (
    ASK_ERRORS,
    READ_ERRORS,
    Body,
    Granted,
    NotFoundError,
    UnusableError,
    granted_or_raise,
)
from arcd.api.asking import ID_CHARS_MAX, TEXT_CHARS_MAX, Asker, Reading, TheDesk
from arcd.api.authority_view import AuthorityView, authority_view
from arcd.api.desk import Desk
from arcd.api.instants import parse_instant
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import timezone_of
from arcd.core.case.model import Case
from arcd.core.facts import AuthorityAction, AuthorityCalled, AuthorityRequested, CallAnswer

FIELD_CHARS_MAX = 200

router = APIRouter(prefix="/v1/cases/{case_id}/authority", tags=["authority"])

CaseId = Annotated[str, Path(max_length=ID_CHARS_MAX, description="C12")]
Text = Annotated[str, Field(max_length=TEXT_CHARS_MAX)]
Line = Annotated[str, Field(max_length=FIELD_CHARS_MAX)]


class Asked(Body):
    """`reason` confirms what the gate asks about, or says why it is over; `text` is what is new."""

    reason: Text = ""
    text: Text = ""
    level: int | None = None
    seen_version: Annotated[int, Field(ge=0)] = 0


class Called(Body):
    authority: Line
    number: Line
    answer: CallAnswer
    # ISO 8601, the site's wall clock without an offset; left out: just now.
    called_at: Line = ""
    person: Line = ""
    reference: Line = ""
    note: Text = ""


@router.get("", summary="Where telling the authority stands, and the script", responses=READ_ERRORS)
async def show_authority(desk: TheDesk, record: OnRecord, language: Reading, case_id: CaseId) -> AuthorityView:
    view = authority_view(desk.state, _find(desk, case_id), language)
    await record.read("authority", f"case/{case_id}")
    return view


@router.post("/calls", summary="Record a telephone call to an authority", responses=ASK_ERRORS)
async def record_call(desk: TheDesk, actor: Asker, case_id: CaseId, call: Called) -> Granted:
    case = _find(desk, case_id)
    try:
        zone = timezone_of(desk.state, case.site_id)
        called_at = parse_instant(call.called_at, zone) if call.called_at.strip() else desk.now()
    except ValueError as error:
        raise UnusableError(f"called_at: {error}.") from None
    fact = AuthorityCalled(
        at=desk.now(),
        case_id=case_id,
        authority=call.authority,
        number=call.number,
        called_at=called_at,
        answer=call.answer,
        actor=actor,
        person=call.person,
        reference=call.reference,
        note=call.note,
    )
    return granted_or_raise(await desk.ask(fact))


@router.post("/{action}", summary="Notify, update, cancel, or set the verification level", responses=ASK_ERRORS)
async def ask_authority(desk: TheDesk, actor: Asker, case_id: CaseId, action: AuthorityAction, asked: Asked) -> Granted:
    _find(desk, case_id)
    fact = AuthorityRequested(
        at=desk.now(),
        case_id=case_id,
        action=action,
        actor=actor,
        reason=asked.reason,
        text=asked.text,
        level=asked.level,
        seen_version=asked.seen_version,
    )
    return granted_or_raise(await desk.ask(fact))


def _find(desk: Desk, case_id: str) -> Case:
    case = desk.state.cases.get(case_id)
    if case is None:
        raise NotFoundError("There is no such case at hand; `arcctl cases` lists them.")
    return case
