"""What `asyncio.wait_for` forgets is heeded; everything else passes."""

from __future__ import annotations

import asyncio
import sys
from contextlib import nullcontext

import pytest

from arcd.heeding import heeding_a_stop


async def stopped_together_with_its_answer(*, is_heeding: bool) -> str:
    """How a task ends that is cancelled in the turn in which what it waits for has come."""
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def ask() -> str:
        with heeding_a_stop() if is_heeding else nullcontext():
            return await asyncio.wait_for(answer, 60)

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(ask())
        await asyncio.sleep(0)
        answer.set_result("the answer")
        asking.cancel()
    return "stopped" if asking.cancelled() else asking.result()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="mended there: `arcd.heeding` may go with Python 3.11")
async def test_what_it_is_for() -> None:
    assert await stopped_together_with_its_answer(is_heeding=False) == "the answer"


async def test_a_stop_is_heeded() -> None:
    assert await stopped_together_with_its_answer(is_heeding=True) == "stopped"


async def test_an_error_that_comes_with_a_stop_gives_way_to_it() -> None:
    async def break_down() -> None:
        with heeding_a_stop():
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            raise OSError("broken")

    async with asyncio.TaskGroup() as tasks:
        broken = tasks.create_task(break_down())
    assert broken.cancelled()


async def test_a_limit_of_its_own_is_no_stop() -> None:
    with heeding_a_stop():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await asyncio.Event().wait()
