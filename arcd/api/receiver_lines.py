"""What passes over a receiver line, as it passes: for `arcctl capture`.

One rule: looking on is all that can be done here, and who did is recorded.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path

from arcd.api.answers import READ_ERRORS, ApiError, NotFoundError
from arcd.api.asking import ID_CHARS_MAX, TheDesk
from arcd.api.journal import NDJSON
from arcd.api.recorded import OnRecord
from arcd.api.serving import EndlessResponse
from arcd.captures import Head, encoded
from arcd.gateways.line import TAPS_MAX, Line
from arcd.gateways.tapping import passing

router = APIRouter(prefix="/v1/receiver-lines", tags=["receiver lines"])


@router.get(
    "/{name}/capture",
    summary="Bytes as they pass, as the lines of a capture file, until the reader goes away",
    responses=READ_ERRORS | {200: {"content": {NDJSON: {}}, "description": "A head and then one read or write a line"}},
    response_class=EndlessResponse,
)
async def capture(
    desk: TheDesk, record: OnRecord, name: Annotated[str, Path(max_length=ID_CHARS_MAX)]
) -> EndlessResponse:
    line = desk.receiver_line(name)
    if line is None:
        raise NotFoundError("There is no line of that name; arcctl status shows them.")
    if not line.may_be_tapped:
        message = f"{TAPS_MAX} captures of {line.name} are running already; end one of them first."
        raise ApiError(HTTPStatus.CONFLICT, "line.capture", message)
    await record.read("line", f"line/{line.name}")
    return EndlessResponse(_rows(line), media_type=NDJSON)


async def _rows(line: Line) -> AsyncIterator[bytes]:
    yield encoded(Head(of=line.name, dialect=line.protocol, at=line.clock.now()))
    async with aclosing(passing(line)) as rows:
        async for row in rows:
            yield encoded(row)
