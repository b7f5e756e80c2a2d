"""Routes of the journal: what happened, what was decided, what was asked for; read only.

One rule: entries are shown as stored, in order, less secrets (`arcd.api.redaction`). The salt stays inside: with an
erased payload it could be used to guess what stood there. That somebody has read is told (`arcd.api.recorded`).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from arcd.api.answers import READ_ERRORS, UnusableError, View
from arcd.api.asking import ROWS_DEFAULT, Limit, TheDesk
from arcd.api.desk import Desk
from arcd.api.instants import maybe_rfc3339, parse_instant, rfc3339
from arcd.api.pacing import in_portions, rows_answer
from arcd.api.recorded import OnRecord
from arcd.api.redaction import readable
from arcd.api.serving import EndlessResponse
from arcd.api.site_brief import CENTRE_TIMEZONE
from arcd.core.audit.holding import EVERYTHING
from arcd.store import Entry
from arcd.store.seeking import seq_before

SUBJECT_CHARS_MAX = 100
NDJSON = "application/x-ndjson"

router = APIRouter(prefix="/v1/journal", tags=["journal"])

SeqNumber = Annotated[int, Query(ge=0, le=2**63 - 1)]
Name = Annotated[str | None, Query(min_length=1, max_length=SUBJECT_CHARS_MAX)]


class EntryView(View):
    """`record` is the StepRecord: fact, judgements, notes and effects; null where it has been erased."""

    seq: int
    at: str
    kind: str
    subject: str
    erased: bool
    record: Any
    commitment: str
    previous_hash: str
    hash: str


class Entries(View):
    """`next` is the `after` of the following page, null on the last one."""

    entries: list[EntryView]
    next: int | None


class HeadView(View):
    seq: int
    at: str | None
    hash: str


def entry_view(entry: Entry) -> EntryView:
    return EntryView(
        seq=entry.seq,
        at=rfc3339(entry.at),
        kind=entry.kind,
        subject=entry.subject,
        erased=entry.payload is None,
        record=readable(entry.payload) if entry.payload is not None else None,
        commitment=entry.commitment.hex(),
        previous_hash=entry.previous_hash.hex(),
        hash=entry.hash.hex(),
    )


@router.get(
    "", summary="Entries in order, for one case, site or kind, or all", responses=READ_ERRORS, response_model=Entries
)
async def list_entries(
    desk: TheDesk,
    record: OnRecord,
    after: SeqNumber = 0,
    until: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Last sequence number wanted")] = None,
    since: Annotated[str | None, Query(max_length=40, description="Instant of the first entry wanted")] = None,
    subject: Name = None,
    kind: Name = None,
    limit: Limit = ROWS_DEFAULT,
) -> Response:
    if since is not None:
        after = max(after, await seq_before(desk.store, _instant(since)))
    await record.read("journal", subject or EVERYTHING)
    rows: list[bytes] = []
    last = 0
    wanted = desk.store.entries(after=after, until=until, subject=subject, kind=kind)
    async with aclosing(_closed_with(wanted)) as entries:
        async for entry in in_portions(entries):
            if len(rows) == limit:
                return rows_answer("entries", rows, next=last)
            rows.append(entry_view(entry).model_dump_json().encode())
            last = entry.seq
    return rows_answer("entries", rows, next=None)


@router.get("/head", summary="Where the chain stands", responses=READ_ERRORS)
async def show_head(desk: TheDesk) -> HeadView:
    head = await desk.store.head()
    return HeadView(seq=head.seq, at=maybe_rfc3339(head.at if head.seq else None), hash=head.hash.hex())


@router.get(
    "/follow",
    summary="Entries from `after` on and then each new one, as lines of JSON, until the reader goes away",
    responses=READ_ERRORS | {200: {"content": {NDJSON: {}}, "description": "One entry per line"}},
    response_class=EndlessResponse,
)
async def follow(desk: TheDesk, record: OnRecord, after: SeqNumber = 0) -> EndlessResponse:
    await record.read("journal")
    return EndlessResponse(_lines(desk, after), media_type=NDJSON)


async def _lines(desk: Desk, after: int) -> AsyncIterator[bytes]:
    async with aclosing(_closed_with(desk.follow(after))) as entries:
        async for entry in in_portions(entries):
            yield entry_view(entry).model_dump_json().encode() + b"\n"


async def _closed_with(entries: AsyncIterator[Entry]) -> AsyncGenerator[Entry, None]:
    """The same entries; closing this closes those, so that no read is left open behind a reader who has gone."""
    try:
        async for entry in entries:
            yield entry
    finally:
        if isinstance(entries, AsyncGenerator):
            await entries.aclose()


def _instant(text: str) -> int:
    try:
        return parse_instant(text, CENTRE_TIMEZONE)
    except ValueError as error:
        raise UnusableError(f"since: {error}.") from None
