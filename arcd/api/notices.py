"""Routes of faults reported to transmission operators, and of what they answered.

One rule: a POST becomes one fact; what is written to an operator is decided in `arcd.core.line_service`.
"""

from __future__ import annotations

from typing import Annotated

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
    granted_or_raise,
)
from arcd.api.asking import ID_CHARS_MAX, ROWS_DEFAULT, Asker, Limit, TheDesk
from arcd.api.instants import maybe_rfc3339, parse_instant, rfc3339
from arcd.api.pacing import rendered, rows_answer
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import timezone_of
from arcd.core.case.texts import local_clock
from arcd.core.facts import OperatorAnswered
from arcd.core.line_service.model import OperatorNotice
from arcd.core.line_service.notices import CHARS_MAX
from arcd.core.state import State

INSTANT_CHARS_MAX = 40

router = APIRouter(prefix="/v1/notices", tags=["notices"])


class LineView(View):
    """`line` is site/system/path."""

    line: str
    last_heard: str
    last_heard_local: str
    up_at: str | None


class NoticeView(View):
    """`told` is no while the mail is under way, and "unreached" when it went nowhere; `lines` are the first ones."""

    id: str
    operator_id: str
    operator_name: str
    operator_phone: str
    at: str
    at_local: str
    site_id: str
    site_name: str
    count: int
    down: int
    told: str
    delivered_at: str | None
    ticket: str
    answer: str
    answered_at: str | None
    answered_by: str
    repair_expected_at: str | None
    over_at: str | None
    over_delivered_at: str | None
    lines: list[LineView]


class Notices(View):
    notices: list[NoticeView]
    more: bool


class OperatorAnswer(Body):
    ticket: Annotated[str, Field(max_length=CHARS_MAX)] = ""
    answer: Annotated[str, Field(max_length=CHARS_MAX)] = ""
    repair_expected_at: Annotated[str, Field(max_length=INSTANT_CHARS_MAX)] | None = None


@router.get("", summary="Notices, the newest first", responses=READ_ERRORS, response_model=Notices)
async def list_notices(
    desk: TheDesk,
    record: OnRecord,
    open_only: Annotated[bool, Query(alias="open", description="false: those that are over too")] = True,
    operator: Annotated[str | None, Query(max_length=ID_CHARS_MAX)] = None,
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    state = desk.state
    wanted = [
        notice
        for notice in state.operator_notices.values()
        if operator in (None, notice.operator_id) and not (open_only and notice.over_at is not None)
    ]
    wanted.sort(key=lambda notice: (-notice.at, notice.id))
    rows = await rendered(wanted[:limit], lambda notice: _view(state, notice))
    await record.read("notices")
    return rows_answer("notices", rows, more=len(wanted) > limit)


@router.post("/{notice_id}/answer", summary="Record the operator's ticket number and answer", responses=ASK_ERRORS)
async def record_answer(
    desk: TheDesk, actor: Asker, notice_id: Annotated[str, Path(max_length=ID_CHARS_MAX)], said: OperatorAnswer
) -> Granted:
    notice = desk.state.operator_notices.get(notice_id)
    if notice is None:
        raise NotFoundError("There is no such notice; `arcctl notices list --all` lists them.")
    expected = None
    if said.repair_expected_at is not None:
        try:
            expected = parse_instant(said.repair_expected_at, timezone_of(desk.state, notice.site_id))
        except ValueError as error:
            raise UnusableError(f"repair_expected_at: {error}.") from None
    fact = OperatorAnswered(
        at=desk.now(),
        notice_id=notice_id,
        actor=actor,
        ticket=said.ticket,
        answer=said.answer,
        repair_expected_at=expected,
    )
    return granted_or_raise(await desk.ask(fact))


def _view(state: State, notice: OperatorNotice) -> NoticeView:
    centre = state.centre.get("centre")
    operator = centre.transmission_operator(notice.operator_id) if centre else None
    site = state.sites.get(notice.site_id)
    timezone = timezone_of(state, notice.site_id)
    told = "unreached" if notice.is_undelivered or not notice.effect_id else "yes" if notice.delivered_at else "no"
    return NoticeView(
        id=notice.id,
        operator_id=notice.operator_id,
        operator_name=operator.name if operator else "",
        operator_phone=(operator.phone or "") if operator else "",
        at=rfc3339(notice.at),
        at_local=local_clock(notice.at, timezone),
        site_id=notice.site_id,
        site_name=site.name if site else "",
        count=notice.count,
        down=notice.down,
        told=told,
        delivered_at=maybe_rfc3339(notice.delivered_at),
        ticket=notice.ticket,
        answer=notice.answer,
        answered_at=maybe_rfc3339(notice.answered_at),
        answered_by=notice.answered_by,
        repair_expected_at=maybe_rfc3339(notice.repair_expected_at),
        over_at=maybe_rfc3339(notice.over_at),
        over_delivered_at=maybe_rfc3339(notice.over_delivered_at),
        lines=[
            LineView(
                line=line.key,
                last_heard=rfc3339(line.since),
                last_heard_local=local_clock(line.since, timezone_of(state, line.key.partition("/")[0])),
                up_at=maybe_rfc3339(line.up_at),
            )
            for line in notice.lines
        ],
    )
