"""Routes of the rules' past: which sets were in force, going back to one, and the journal under changed ones.

One rule: a replay shares the loop with the alarms and leaves them half of it; there is one at a time, and it ends when
its reader goes away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field

from arcd.api.answers import ASK_ERRORS, READ_ERRORS, ApiError, Body, UnusableError, View
from arcd.api.asking import ROWS_DEFAULT, Asker, Limit, TheDesk
from arcd.api.desk import Desk, ImportReport
from arcd.api.imports import IMPORT_ERRORS, Files, Imported, imported
from arcd.api.instants import parse_instant, rfc3339
from arcd.api.journal import NDJSON
from arcd.api.recorded import OnRecord
from arcd.api.site_brief import CENTRE_TIMEZONE
from arcd.replaying import Replay, plain
from arcd.rules_history import RULES_LOADED, NoSuchRulesError, rules_history
from rules import shipped
from rules.engine import RuleSet
from rules.loader import load

router = APIRouter(prefix="/v1/rules", tags=["rules"])

# An entry takes about 0.2 ms: a portion holds the loop for some 2 ms and then leaves it alone for as long.
PORTION_ENTRIES = 10
REST_S = 0.002
PROGRESS_ENTRIES = 1_000


class RulesRow(View):
    """`files` counts the texts; GET /v1/rules?sources=true has those in force."""

    seq: int
    at: str
    digest: str
    by: str
    by_name: str
    files: int
    in_force: bool


class RulesHistory(View):
    rules: list[RulesRow]


class RollbackWanted(Body):
    """Without a digest the rules in force before the present ones."""

    digest: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    dry_run: bool = False


class ReplayWanted(Body):
    """`files` are laid over the shipped rules; decisions before `since` are not compared."""

    files: Files = Field(default_factory=dict)
    since: Annotated[str, Field(max_length=40)] | None = None


@router.get("/history", summary="The rule sets that were in force, newest first", responses=READ_ERRORS)
async def show_history(desk: TheDesk, limit: Limit = ROWS_DEFAULT) -> RulesHistory:
    history = await rules_history(desk.store)
    last = len(history) - 1
    rows = [
        RulesRow(
            seq=entry.seq,
            at=rfc3339(entry.at),
            digest=entry.digest,
            by=entry.actor.id,
            by_name=entry.actor.name,
            files=entry.files,
            in_force=index == last,
        )
        for index, entry in enumerate(history)
    ]
    return RulesHistory(rules=rows[::-1][:limit])


@router.post(
    "/rollback",
    summary="Take rules that were in force before into force again",
    responses=ASK_ERRORS | IMPORT_ERRORS,
    response_model=Imported,
)
async def roll_back(desk: TheDesk, actor: Asker, wanted: RollbackWanted) -> JSONResponse:
    try:
        report = await desk.roll_back_rules(wanted.digest, actor, dry_run=wanted.dry_run)
    except NoSuchRulesError as error:
        raise ApiError(HTTPStatus.CONFLICT, "rules.rollback", str(error)) from None
    return imported(report, "rules.rollback", dry_run=wanted.dry_run)


@router.post(
    "/replay",
    summary="The journal's decisions under changed rules: progress as lines of JSON, then the report",
    responses=ASK_ERRORS | IMPORT_ERRORS | {200: {"content": {NDJSON: {}}, "description": "Progress, then the report"}},
    response_class=StreamingResponse,
)
async def replay(request: Request, desk: TheDesk, record: OnRecord, wanted: ReplayWanted) -> Response:
    since = 0 if wanted.since is None else _instant(wanted.since)
    turn = _turn(request)
    if turn.locked():
        message = "Another replay is running; ask again when it is done, or replay a copy of the journal file."
        raise ApiError(HTTPStatus.CONFLICT, "rules.replay", message)
    loaded = await asyncio.to_thread(load, {**shipped.sources(), **wanted.files})
    if loaded.ruleset is None:
        return imported(ImportReport(applied=False, problems=loaded.problems), "rules.replay", dry_run=True)
    await record.read("replay")
    return StreamingResponse(_lines(turn, desk, loaded.ruleset, since), media_type=NDJSON)


def _turn(request: Request) -> asyncio.Lock:
    """One a daemon: whoever asked while another one was just beginning waits for it."""
    state = request.app.state
    if not hasattr(state, "replaying"):
        state.replaying = asyncio.Lock()
    turn: asyncio.Lock = state.replaying
    return turn


async def _lines(turn: asyncio.Lock, desk: Desk, changed: RuleSet, since: int) -> AsyncIterator[bytes]:
    async with turn:
        told = Replay(changed, since=since)
        until = (await desk.store.head()).seq
        async for entry in desk.store.entries(until=until):
            if entry.kind == RULES_LOADED:
                await asyncio.to_thread(told.take, entry)  # compiling takes a tenth of a second and more
            else:
                told.take(entry)
            if entry.seq % PORTION_ENTRIES == 0:
                await asyncio.sleep(REST_S)
            if entry.seq % PROGRESS_ENTRIES == 0:
                yield _line({"done": entry.seq, "whole": until})
        yield _line({"report": plain(told.report())})


def _line(value: object) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def _instant(text: str) -> int:
    try:
        return parse_instant(text, CENTRE_TIMEZONE)
    except ValueError as error:
        raise UnusableError(f"since: {error}.") from None
