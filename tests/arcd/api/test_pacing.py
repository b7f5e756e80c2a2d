from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from arcd.api.answers import View
from arcd.api.pacing import PORTION_ROWS, in_portions, rendered, rows_answer


class Row(View):
    number: int


async def test_everybody_else_has_a_turn_between_portions() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        other = tasks.create_task(others())
        assert [value async for value in in_portions(range(5 * PORTION_ROWS))] == list(range(5 * PORTION_ROWS))
        other.cancel()
    assert turns >= 5


async def test_rows_come_from_both_sorts_of_iterables() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(3):
            yield number

    for values in (range(3), numbers()):
        rows = await rendered(values, lambda number: Row(number=number))
        assert rows == [b'{"number":0}', b'{"number":1}', b'{"number":2}']


def test_an_answer_is_the_json_it_says() -> None:
    for rows in ([], [b'{"number":1}'], [b'{"number":1}', b'{"number":2}']):
        answer = rows_answer("rows", rows, more=True, next=None)
        assert json.loads(bytes(answer.body)) == {
            "rows": [json.loads(row) for row in rows],
            "more": True,
            "next": None,
        }
        assert answer.headers["content-type"] == "application/json"
