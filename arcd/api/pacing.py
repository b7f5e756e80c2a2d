"""Long answers made in small portions, because the loop that makes them is the one that acknowledges alarms.

One rule: between two portions everything else has its turn. What is rendered are frozen values taken before, so nothing
can change halfway through a row.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TypeVar

from starlette.responses import Response

from arcd.api.answers import View

T = TypeVar("T")

# A journal entry takes about 0.2 ms to show, a case 0.05 ms: no portion holds the loop for longer than some 2 ms.
PORTION_ROWS = 10


async def in_portions(values: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """The same values, with a turn for everybody else after every `PORTION_ROWS`."""
    count = 0
    async for value in _each(values):
        yield value
        count += 1
        if count % PORTION_ROWS == 0:
            await asyncio.sleep(0)


async def rendered(values: Iterable[T] | AsyncIterable[T], view: Callable[[T], View]) -> list[bytes]:
    return [view(value).model_dump_json().encode() async for value in in_portions(values)]


def rows_answer(name: str, rows: Iterable[bytes], **rest: object) -> Response:
    """`{"<name>": [rows], …}`: rows are finished JSON, so the whole is never built a second time."""
    tail = "".join(f",{json.dumps(key)}:{json.dumps(value)}" for key, value in rest.items())
    body = b"".join((b"{", json.dumps(name).encode(), b":[", b",".join(rows), b"]", tail.encode(), b"}"))
    return Response(body, media_type="application/json")


async def _each(values: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(values, AsyncIterable):
        async for value in values:
            yield value
    else:
        for value in values:
            yield value
