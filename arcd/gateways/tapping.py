"""Looking on while a line works: what passes over it, for `arcctl capture`.

One rule: who looks on never holds up the line. Whoever is too slow misses rows, and is told how many.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from arcd.captures import Passed, row
from arcd.gateways.line import TAPS_MAX, Line

WAITING_MAX = 1_000  # rows one reader may be behind


class TooManyTaps(Exception):  # noqa: N818 – not an error of the program: try again later
    def __init__(self, line: str) -> None:
        super().__init__(f"{TAPS_MAX} captures of {line} are running already; end one of them first")


async def passing(line: Line) -> AsyncGenerator[Passed, None]:
    """Rows from now on, until it is closed. TooManyTaps."""
    waiting: asyncio.Queue[Passed] = asyncio.Queue(WAITING_MAX)
    lost = 0

    def tap(way: str, data: bytes) -> None:
        nonlocal lost
        if waiting.full():
            lost += 1
            return
        waiting.put_nowait(row(line.clock.now(), "in" if way == "in" else "out", data, lost))
        lost = 0

    end = line.tap(tap)
    if end is None:
        raise TooManyTaps(line.name)
    try:
        while True:
            yield await waiting.get()
    finally:
        end()
