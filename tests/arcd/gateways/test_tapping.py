from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from arcd.gateways.line import TAPS_MAX
from arcd.gateways.tapping import WAITING_MAX, TooManyTaps, passing
from tests.arcd.gateways.inbox import Inbox
from tests.arcd.gateways.lines import a_line


async def test_whoever_is_too_slow_misses_rows_and_is_told_how_many() -> None:
    line = a_line(Inbox())
    async with aclosing(passing(line)) as rows:
        first = asyncio.ensure_future(anext(rows))  # noqa: TID251 – awaited below
        await asyncio.sleep(0)
        line.passed("in", b"first")
        assert (await first).data == b"first"
        for number in range(WAITING_MAX + 3):
            line.passed("out", b"%d" % number)
        for number in range(WAITING_MAX):
            assert (await anext(rows)).data == b"%d" % number
        line.passed("in", b"again")
        after = await anext(rows)
        assert (after.data, after.way, after.lost) == (b"again", "in", 3)
    assert line.may_be_tapped


async def test_only_so_many_look_on_at_once() -> None:
    line = a_line(Inbox())
    ends = [line.tap(lambda *_: None) for _ in range(TAPS_MAX)]
    assert not line.may_be_tapped
    with pytest.raises(TooManyTaps, match="end one of them first"):
        await anext(passing(line))
    end = ends[0]
    assert end is not None
    end()
    assert line.may_be_tapped
