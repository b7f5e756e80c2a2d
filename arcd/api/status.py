"""Route of the daemon's own state: is it well, what is it doing, what waits.

One rule: it repeats what the daemon says of itself (`Desk.status`); nothing is measured here.
"""

from __future__ import annotations

from fastapi import APIRouter

from arcd.api.answers import READ_ERRORS, View
from arcd.api.asking import TheDesk
from arcd.api.desk import Status
from arcd.api.instants import NS, rfc3339

router = APIRouter(prefix="/v1/status", tags=["status"])


class ListenerView(View):
    name: str
    address: str


class CheckView(View):
    name: str
    ok: bool
    detail: str


class LineView(View):
    name: str
    dialect: str
    where: str
    state: str
    since: str | None
    last_heard: str | None


class OutputView(View):
    name: str
    form: str
    where: str
    is_up: bool
    is_on: bool
    detail: str
    acknowledged: int  # entry of the journal
    behind: int  # entries of the journal after it
    waiting: int  # signals read ahead
    oldest: str | None
    sent: int
    refused: int
    lost: int
    attempts: int
    shortened: int  # said without a number, for which the far end's format has no digits


class StatusView(View):
    """`ok` is true when every check is."""

    ok: bool
    version: str
    now: str
    started_at: str
    up_s: float
    journal_seq: int
    rules_digest: str
    sites: int
    accounts: int
    cases_open: dict[str, int]
    flags: int
    outbox: dict[str, int]
    queue_depth: int
    listeners: list[ListenerView]
    lines: list[LineView]
    outputs: list[OutputView]
    checks: list[CheckView]


@router.get("", summary="Is the daemon well, and what is it doing", responses=READ_ERRORS)
async def show_status(desk: TheDesk) -> StatusView:
    status = desk.status()
    return StatusView(
        ok=all(check.ok for check in status.checks),
        version=status.version,
        now=rfc3339(status.now),
        started_at=rfc3339(status.started_at),
        up_s=round((status.now - status.started_at) / NS, 3),
        journal_seq=status.journal_seq,
        rules_digest=status.rules_digest,
        sites=status.sites,
        accounts=status.accounts,
        cases_open=dict(status.cases_open),
        flags=status.flags,
        outbox=dict(status.outbox),
        queue_depth=status.queue_depth,
        listeners=[ListenerView(name=each.name, address=each.address) for each in status.listeners],
        lines=[
            LineView(
                name=line.name,
                dialect=line.dialect,
                where=line.where,
                state=line.state,
                since=rfc3339(line.since) if line.since else None,
                last_heard=rfc3339(line.last_heard) if line.last_heard else None,
            )
            for line in status.lines
        ],
        outputs=outputs_of(status),
        checks=[CheckView(name=each.name, ok=each.ok, detail=each.detail) for each in status.checks],
    )


def outputs_of(status: Status) -> list[OutputView]:
    return [
        OutputView(
            name=each.name,
            form=each.form,
            where=each.where,
            is_up=each.is_up,
            is_on=each.is_on,
            detail=each.detail,
            acknowledged=each.acknowledged,
            behind=max(0, status.journal_seq - each.acknowledged),
            waiting=each.waiting,
            oldest=rfc3339(each.oldest_at) if each.oldest_at else None,
            sent=each.sent,
            refused=each.refused,
            lost=each.lost,
            attempts=each.attempts,
            shortened=each.shortened,
        )
        for each in status.outputs
    ]
